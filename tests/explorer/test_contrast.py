"""Everything on the page can be read in both themes: texts have a contrast of 4.5 or more, icons and borders of
controls 3."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from playwright.async_api import TimeoutError as NotShown
from playwright.async_api import expect

from tests.explorer.readable import PATIENCE, SCHEMES, Scheme, assert_readable
from tests.support.visit import VARIABLES, Visit

HAS_TURNED = """(isDark) => (document.querySelector(".monaco-editor.vs-dark") !== null) === isDark
  && document.getAnimations().every((each) => !(each instanceof CSSTransition))"""
# Every kind of token that GraphQL has, a bracket in a bracket up to the last color, and a line of its own at the end.
DOCUMENT = '''# A comment
query Every($first: Int = 3, $all: Boolean! = true) {
  customers(first: $first, where: { or: [{ customerNumber: "1" }, { isActive: true }] }, orderBy: [{ field: NAME }]) {
    totalCount @include(if: $all)
    nodes { ...Shown alias: id children(first: 2, after: null) { nodes { parent { name } } } }
  }
}
"""
A block
"""
fragment Shown on Customer { name }
'''
VALUES = '{ "first": 1, "all": true, "none": null, "list": [1.5, { "a": "x" }] /* a comment */ }'


async def explain(visit: Visit, word: str) -> None:
    """Rest on a word of the query until it is explained; an editor that is not ready yet misses that somebody does."""
    explained = visit.page.locator(".monaco-hover .rendered-markdown").first
    for _ in range(PATIENCE // 10):
        await visit.page.locator(".graphiql-query-editor .view-line").get_by_text(word).first.hover()
        with suppress(NotShown):
            await explained.wait_for(timeout=2_000)
            return
        await visit.page.mouse.move(0, 0)


async def the_editors(visit: Visit) -> None:
    await visit.run()
    await assert_readable(visit, "line-numbers", ".mtk", "bracket-highlighting-2", "graphiql-tab-button", "bar-viewer")
    await visit.write(DOCUMENT)
    await visit.write(VALUES, VARIABLES)
    await assert_readable(visit, "dimmed-line-number", "icon of button.graphiql-un-styled.graphiql-toolbar-button")
    await visit.write("{ viewer { subjekt } } }")
    await visit.run()
    await assert_readable(visit, "unexpected-closing-bracket")


async def what_comes_up_in_an_editor(visit: Visit) -> None:
    await visit.write("{ view")
    await visit.page.keyboard.press("Control+Space")
    await assert_readable(visit, "details-label", "span.highlight")
    await visit.page.keyboard.press("Escape")
    await visit.write("{ viewer { subject } }")
    await explain(visit, "viewer")
    await assert_readable(visit, "rendered-markdown")
    await visit.press_run()
    for keys, expected in (("Control+f", "textarea.input"), ("F1", "quick-input-list")):
        await visit.page.keyboard.press(keys)
        await assert_readable(visit, expected)
        await visit.page.keyboard.press("Escape")
    await expect(visit.page.locator(".find-widget").first).to_be_hidden()


async def the_documentation(visit: Visit) -> None:
    await visit.show("Documentation Explorer")
    documentation = visit.page.locator(".graphiql-doc-explorer")
    await assert_readable(visit, "markdown", "graphiql-doc-explorer-search-input > input")
    await visit.page.locator(".graphiql-plugin").evaluate("(panel) => panel.scrollTo(0, panel.scrollHeight)")
    await assert_readable(visit, "graphiql-doc-explorer-type-name")
    await documentation.get_by_role("combobox").fill("customer")
    await assert_readable(visit, "doc-explorer-search-type", "doc-explorer-search-field")
    await documentation.get_by_role("combobox").fill("")
    await visit.page.keyboard.press("Escape")
    for name in ("Query", "customers"):
        await documentation.get_by_role("link", name=name, exact=True).click()
        # Descriptions may be longer than the panel.
        title = documentation.locator("[class*=doc-explorer-section-title]").first
        await title.evaluate("(title) => title.scrollIntoView({ block: 'start' })")
        await assert_readable(
            visit, "doc-explorer-section-title", "doc-explorer-type-name", "doc-explorer-argument-name"
        )
    for _ in ("customers", "Query"):
        await documentation.locator(".graphiql-doc-explorer-back").click()
    await visit.hide("Documentation Explorer")


async def the_history(visit: Visit) -> None:
    await visit.run()
    await visit.show("History")
    await assert_readable(visit, "graphiql-history-item-label", "graphiql-history-item-action")
    await visit.page.get_by_role("button", name="Edit label").first.click()
    await assert_readable(visit, "text of ul.graphiql-history-items > li.graphiql-history-item.editable > input")
    await visit.hide("History")


async def the_builder(visit: Visit) -> None:
    await visit.write(DOCUMENT)
    await visit.show("Query Builder")
    builder = visit.page.locator(".graphiql-explorer-root")
    await assert_readable(visit, "graphiql-explorer-field-view", "graphiql-explorer-where", "title-bar", "> input")
    await builder.get_by_text("customers", exact=True).hover()
    await assert_readable(visit, "button.toolbar-button")
    await visit.page.locator(".graphiql-plugin").evaluate("(panel) => panel.scrollTo(0, 600)")
    await assert_readable(visit, "graphiql-explorer-field-view")
    await visit.hide("Query Builder")


async def the_dialogs(visit: Visit) -> None:
    for name in ("short keys", "settings"):
        await visit.page.get_by_role("button", name=f"Open {name} dialog").click()
        await assert_readable(visit, "graphiql-dialog-title", "graphiql-dialog-close")
        await visit.page.keyboard.press("Escape")
    await visit.page.locator(".graphiql-execute-button").hover()
    await assert_readable(visit, "graphiql-tooltip")


async def turn(visit: Visit, scheme: Scheme) -> None:
    """Let the system be light or dark, until the page and its editors are, too."""
    await visit.page.emulate_media(color_scheme=scheme)
    await visit.page.wait_for_function(HAS_TURNED, arg=scheme == "dark")


SCENES = [the_editors, what_comes_up_in_an_editor, the_documentation, the_history, the_builder, the_dialogs]


@pytest.mark.parametrize("scene", SCENES)
async def test_everything_can_be_read(developing: str, visit: Visit, scene: Callable[[Visit], Awaitable[None]]) -> None:
    await visit.enter_signed_in(developing)
    for scheme in SCHEMES:
        await turn(visit, scheme)
        await scene(visit)


async def test_the_form_for_a_credential_and_its_rejection_can_be_read(serving: str, visit: Visit) -> None:
    await visit.enter(serving)
    for scheme in SCHEMES:
        await turn(visit, scheme)
        await assert_readable(visit, "form.bar-form > input", "form.bar-form > button", "border of")
    await visit.sign_in("wrong")
    await visit.alarm.wait_for()
    for scheme in SCHEMES:
        await turn(visit, scheme)
        await assert_readable(visit, "bar-notice.urgent")


@pytest.mark.parametrize(("system", "chosen"), [("light", "Dark"), ("dark", "Light")])
async def test_everything_can_be_read_where_another_theme_than_the_system_s_is_chosen(
    developing: str, visit: Visit, system: Scheme, chosen: str
) -> None:
    await visit.page.emulate_media(color_scheme=system)
    await visit.enter_signed_in(developing)
    await visit.page.get_by_role("button", name="Open settings dialog").click()
    await visit.page.get_by_role("button", name=chosen, exact=True).click()
    await visit.page.locator(f"body.graphiql-{chosen.lower()}").wait_for()
    await assert_readable(visit, "graphiql-dialog-title")
    await visit.page.keyboard.press("Escape")
    await the_builder(visit)
