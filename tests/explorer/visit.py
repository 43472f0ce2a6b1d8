"""A visit to the explorer: what a person does and sees there, and what the browser complains of meanwhile."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Locator, Page, Request, expect

from tests.commands import ROOT

SCREENSHOTS = ROOT / "screenshots"
_EDITOR = ".graphiql-query-editor"
# Monaco draws only the lines that are in sight; its models hold the whole texts.
_TEXT_OF = (
    """(name) => globalThis.__MONACO.editor.getModels().find((model) => model.uri.path.endsWith(name)).getValue()"""
)
_PASTE = """(text) => {
  const editor = globalThis.__MONACO.editor.getEditors().find((each) => each.getModel().uri.path.endsWith("operation.graphql"));
  editor.executeEdits("paste", [{ range: editor.getModel().getFullModelRange(), text }]);
  editor.setPosition(editor.getModel().getFullModelRange().getEndPosition());
}"""
_SHOWS = f"""(answer) => {{
  try {{
    return JSON.stringify(JSON.parse(({_TEXT_OF})("response.json"))) === JSON.stringify(JSON.parse(answer));
  }} catch {{
    return false;
  }}
}}"""


class Visit:
    """One page, and what went on behind it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.context.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108 - Playwright marks it

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    @property
    def hosts(self) -> set[str]:
        """Where requests went; what the page holds as data: goes nowhere."""
        return {urlsplit(each.url).netloc or each.url for each in self.requests if not each.url.startswith("data:")}

    async def enter(self, address: str) -> None:
        """Open the page, and wait until one can type."""
        await self.page.goto(f"{address}/graphql")
        await self.page.locator(f"{_EDITOR} .view-line").first.wait_for()

    async def enter_signed_in(self, address: str) -> None:
        """The same where the page signs in by itself, until it knows the schema."""
        await self.enter(address)
        await self.knows_the_schema()

    async def sign_in(self, credential: str) -> None:
        """Paste a credential."""
        await self.page.get_by_label("Token or API key").fill(credential)
        await self.page.get_by_role("button", name="Sign in").click()

    async def knows_the_schema(self) -> None:
        """Wait until somebody is signed in and the schema is there."""
        await self.viewer.wait_for()
        await self.show("Documentation Explorer")
        await expect(self.page.locator(".graphiql-doc-explorer-content")).to_contain_text("Root Types")
        await self.hide("Documentation Explorer")

    @property
    def viewer(self) -> Locator:
        """Who is asking."""
        return self.page.locator(".bar-viewer")

    @property
    def notice(self) -> Locator:
        """What the bar says."""
        return self.page.locator(".bar-notice")

    @property
    def alarm(self) -> Locator:
        """What the bar says where something is wrong."""
        return self.page.locator(".bar").get_by_role("alert")

    async def show(self, plugin: str) -> None:
        """Open a panel."""
        await self.page.get_by_role("button", name=f"Show {plugin}").click()

    async def hide(self, plugin: str) -> None:
        """Close a panel."""
        await self.page.get_by_role("button", name=f"Hide {plugin}").click()

    async def open_tab(self, name: str) -> None:
        """Go to a tab of the tour."""
        await self.page.get_by_role("tab", name=name).click()

    async def write(self, text: str) -> None:
        """Replace what stands in the editor by a text, as if it were pasted: typed brackets would close themselves.

        GraphiQL learns the operation's name a moment later, and until then runs it by the name of what stood there before;
        no person is that fast. What is to be run at once is therefore called as the tab is, OneCustomer.
        """
        await self.page.locator(f"{_EDITOR} .view-lines").click()
        await self.page.evaluate(_PASTE, text)
        await self.page.wait_for_function(f"(text) => ({_TEXT_OF})('operation.graphql') === text", arg=text)

    async def written(self) -> str:
        """What stands in the editor."""
        return await self.page.evaluate(_TEXT_OF, "operation.graphql")

    async def run(self, operation: str | None = None) -> dict[str, Any]:
        """Run what stands in the editor; the answer that is shown."""
        button = self.page.locator(".graphiql-execute-button")
        async with self.page.expect_response(lambda response: response.request.method == "POST") as answered:
            await button.click()
            if operation is not None:
                await self.page.get_by_role("menuitem", name=operation).click()
        text = await (await answered.value).text()
        await self.page.wait_for_function(_SHOWS, arg=text)
        return json.loads(text)

    async def shown(self) -> str:
        """The visible part of the answer, whose spaces the editor draws as unbreakable ones."""
        text = await self.page.locator(".graphiql-response .view-lines").inner_text()
        return text.replace("\u00a0", " ")

    async def picture(self, name: str) -> Path:
        """A screenshot, for people to look at."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        await self.page.screenshot(path=path)
        return path
