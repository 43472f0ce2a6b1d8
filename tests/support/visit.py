"""A visit to the explorer: what a person does and sees there, and which problems the browser reports."""

import json
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse
from playwright.async_api import ConsoleMessage, Error, Locator, Page, Request

from tests.support.commands import ROOT

SCREENSHOTS = ROOT / "screenshots"
OPERATION = "operation.graphql"
VARIABLES = "variables.json"
_EDITOR = ".graphiql-query-editor"
# Monaco draws only the lines that are in sight; its models hold the whole texts.
_TEXT_OF = (
    """(name) => globalThis.__MONACO.editor.getModels().find((model) => model.uri.path.endsWith(name)).getValue()"""
)
_PASTE = """([name, text]) => {
  const editor = globalThis.__MONACO.editor.getEditors().find((editor) => editor.getModel().uri.path.endsWith(name));
  editor.focus();
  editor.executeEdits("paste", [{ range: editor.getModel().getFullModelRange(), text }]);
  editor.setPosition(editor.getModel().getFullModelRange().getEndPosition());
}"""
_FOCUS = """([name, offset]) => {
  const editor = globalThis.__MONACO.editor.getEditors().find((editor) => editor.getModel().uri.path.endsWith(name));
  editor.setPosition(editor.getModel().getPositionAt(offset));
  editor.focus();
}"""
_KNOWS_THE_SCHEMA = "() => (globalThis.__MONACO.languages.graphql?.api?.schemas ?? []).length > 0"
_PAUSE = 50
"""Milliseconds between two looks at the page, which needn't be drawn for them."""
_SHOWS = f"""(answer) => {{
  try {{
    return JSON.stringify(JSON.parse(({_TEXT_OF})("response.json"))) === JSON.stringify(JSON.parse(answer));
  }} catch {{
    return false;
  }}
}}"""


class Visit:
    """A page, and its requests and problems."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        page.on("console", self._heard)
        page.on("pageerror", self._failed)
        page.context.on("request", self._requested)

    async def leave(self) -> None:
        """Leave the page and its browser profile as new ones, for another visit."""
        self.page.remove_listener("console", self._heard)
        self.page.remove_listener("pageerror", self._failed)
        self.page.context.remove_listener("request", self._requested)
        await self.page.unroute_all(behavior="ignoreErrors")
        await self.page.goto("about:blank")
        await self.page.emulate_media(color_scheme="light")
        await self.page.mouse.move(0, 0)
        profile = await self.page.context.new_cdp_session(self.page)
        for host in self.hosts:
            everything: dict[str, str] = {"origin": f"http://{host}", "storageTypes": "all"}
            await profile.send("Storage.clearDataForOrigin", everything)  # pyright: ignore[reportUnknownMemberType] - Playwright leaves it open
        await profile.detach()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _requested(self, request: Request) -> None:
        self.requests.append(request)

    async def keep(self, address: str, **stored: str) -> None:
        """Store values in the browser as if an earlier visit had, without opening the explorer."""
        await self.page.goto(f"{address}/livez")
        await self.page.evaluate("(stored) => Object.assign(localStorage, stored)", stored)

    @property
    def hosts(self) -> set[str]:
        """Return the hosts that requests went to, without `data:` URLs, which go to none."""
        return {
            urlsplit(request.url).netloc or request.url
            for request in self.requests
            if not request.url.startswith("data:")
        }

    async def enter(self, address: str, **link: str) -> None:
        """Open the page, or a link to an operation, and wait until the editor accepts input."""
        await self.page.goto(f"{address}/graphql?{urlencode(link)}" if link else f"{address}/graphql")
        await self.page.locator(f"{_EDITOR} .view-line").first.wait_for()

    async def enter_signed_in(self, address: str, **link: str) -> None:
        """Open a page that signs in by itself, and wait until it has the schema."""
        await self.enter(address, **link)
        await self.knows_the_schema()

    async def sign_in(self, credential: str) -> None:
        """Paste a credential."""
        await self.page.get_by_label("Token or API key").fill(credential)
        await self.page.get_by_role("button", name="Sign in").click()

    async def knows_the_schema(self) -> None:
        """Wait until the page is signed in and has the schema, for the first time since it was opened.

        The editor is asked: opening the documentation and closing it again takes a third of a visit.
        """
        await self.viewer.wait_for()
        await self.page.wait_for_function(_KNOWS_THE_SCHEMA, polling=_PAUSE)

    @property
    def viewer(self) -> Locator:
        """Return the element that shows the caller."""
        return self.page.locator(".bar-viewer")

    @property
    def notice(self) -> Locator:
        """Return the element of the bar that shows a notice."""
        return self.page.locator(".bar-notice")

    @property
    def alarm(self) -> Locator:
        """Return the element of the bar that shows a problem."""
        return self.page.locator(".bar").get_by_role("alert")

    async def show(self, plugin: str) -> None:
        """Open a panel."""
        await self.page.get_by_role("button", name=f"Show {plugin}").click()

    async def hide(self, plugin: str) -> None:
        """Close a panel."""
        await self.page.get_by_role("button", name=f"Hide {plugin}").click()

    async def open_tab(self, name: str | re.Pattern[str]) -> None:
        """Go to a tab of the tour."""
        await self.page.get_by_role("tab", name=name).click()

    async def write(self, text: str, file: str = OPERATION) -> None:
        """Replace the text of an editor as if by pasting: typed brackets would close themselves."""
        await self.page.evaluate(_PASTE, [file, text])
        assert await self.written(file) == text

    async def written(self, file: str = OPERATION) -> str:
        """Return the text of an editor."""
        return await self.page.evaluate(_TEXT_OF, file)

    async def tabs(self) -> list[str]:
        """Return the names of the tabs."""
        return await self.page.get_by_role("tab").all_inner_texts()

    async def has_stored(self, text: str) -> None:
        """Wait until the browser has stored the tabs with a text."""
        stored = "JSON.stringify(JSON.parse(localStorage.getItem('graphiql:tabState')))"
        await self.page.wait_for_function(f"(text) => {stored}.includes(JSON.stringify(text).slice(1, -1))", arg=text)

    async def writes(self, text: str) -> None:
        """Wait until the page has written a text into the document."""
        await self.page.wait_for_function(f"(text) => ({_TEXT_OF})('{OPERATION}').includes(text)", arg=text)

    async def stop_the_clock(self) -> None:
        """Stop the page's timers until they are resumed, so that what follows happens at once on slow machines too.

        `page.clock.install()` must have been called before the page was opened.
        """
        now: float = await self.page.evaluate("() => Date.now()")
        await self.page.clock.pause_at(now / 1000 + 10)

    async def click_run(self, operation: str | None = None) -> None:
        """Click the run button, and choose an operation where there are several."""
        await self.page.locator(".graphiql-execute-button").click()
        if operation is not None:
            await self.page.get_by_role("menuitem", name=operation).click()

    async def press_run(self, offset: int = 0, file: str = OPERATION) -> None:
        """Press Ctrl-Enter with the cursor at this offset of an editor."""
        await self.page.evaluate(_FOCUS, [file, offset])
        await self.page.keyboard.press("Control+Enter")

    async def sent(self, action: Coroutine[Any, Any, None]) -> Request:
        """Return the request that an action sends: the editor's text, with the name of an operation in it."""
        text = await self.written()
        async with self.page.expect_request(is_operation) as requested:
            await action
        request = await requested.value
        body = body_of(request)
        assert (body["query"], body.get("operationName") in operation_names(text)) == (text, True), body
        return request

    async def run(self, operation: str | None = None) -> dict[str, Any]:
        """Run the editor's text; return the answer once it is shown."""
        request = await self.sent(self.click_run(operation))
        response = await request.response()
        assert response is not None, request.failure
        text = await response.text()
        await self.page.wait_for_function(_SHOWS, arg=text, polling=_PAUSE)
        return json.loads(text)

    async def follow(self) -> None:
        """Run the open tab, a subscription, and wait until its stream is open."""
        await self.click_run()
        await self.responds("// Following.")

    async def responds(self, text: str) -> str:
        """Wait until the answer has a text, wherever it is scrolled to; return the whole answer."""
        await self.page.wait_for_function(f"(text) => ({_TEXT_OF})('response.json').includes(text)", arg=text)
        return await self.written("response.json")

    @property
    def shown(self) -> Locator:
        """Return the visible part of the answer."""
        return self.page.locator(".graphiql-response .view-lines")

    async def picture(self, name: str) -> Path:
        """Take a screenshot, for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        await self.page.screenshot(path=path)
        return path


def is_operation(request: Request) -> bool:
    """Return whether a request is an operation that a person ran: the page itself requests only the schema."""
    is_sent = request.method == "POST" and urlsplit(request.url).path == "/graphql"
    return is_sent and "__schema" not in body_of(request)["query"]


def body_of(request: Request) -> dict[str, Any]:
    """Return the operation that a request carries: its query, variables and operationName."""
    body: dict[str, Any] | None = request.post_data_json
    assert body is not None, request.url
    return body


def operation_names(text: str) -> set[str | None]:
    """Return the names that a document can be run by; None for an operation without a name or an invalid document."""
    try:
        definitions = parse(text).definitions
    except GraphQLSyntaxError:
        return {None}
    operations = [definition for definition in definitions if isinstance(definition, OperationDefinitionNode)]
    return {operation.name.value if operation.name else None for operation in operations} or {None}
