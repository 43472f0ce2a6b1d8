"""The page on a telephone: everything can be reached, and what matters is in sight."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.support.tour import TOUR
from tests.support.visit import Visit

_WHOLE = "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
USUAL = (390, 844)
PANELS = {
    "Documentation Explorer": ".graphiql-doc-explorer",
    "History": ".graphiql-history",
    "Query Builder": ".graphiql-explorer-root",
}
SIZES = [USUAL, (320, 568), (480, 800)]


every_size = pytest.mark.parametrize("narrow", SIZES, indirect=True, ids=lambda size: "x".join(map(str, size)))


@pytest_asyncio.fixture(loop_scope="session")
async def narrow(visit: Visit, request: pytest.FixtureRequest) -> AsyncGenerator[Visit]:
    """A page on a screen of this size."""
    usual = visit.page.viewport_size
    assert usual is not None
    width, height = getattr(request, "param", USUAL)
    await visit.page.set_viewport_size({"width": width, "height": height})
    yield visit
    await visit.page.set_viewport_size(usual)


async def box(locator: Locator) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom."""
    found = await locator.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


async def assert_in_sight(visit: Visit, locator: Locator, *, width: float = 0, height: float = 0) -> None:
    """The whole of it is on the screen, and it is at least so large."""
    size = visit.page.viewport_size
    assert size is not None
    left, top, right, bottom = await box(locator)
    assert (left >= 0, top >= 0, right <= size["width"], bottom <= size["height"]) == (True,) * 4, await box(locator)
    assert (right - left >= width, bottom - top >= height) == (True, True), await box(locator)


@every_size
async def test_a_query_is_run_and_its_answer_read(developing: str, narrow: Visit) -> None:
    await narrow.enter_signed_in(developing)
    size = narrow.page.viewport_size
    assert size is not None
    editor, answer = (
        narrow.page.locator(".graphiql-query-editor .graphiql-editor"),
        narrow.page.locator(".result-window"),
    )
    await assert_in_sight(narrow, editor, width=size["width"] * 0.7, height=60)
    await assert_in_sight(narrow, answer, width=size["width"] * 0.9, height=size["height"] * 0.3)
    await assert_in_sight(narrow, narrow.page.locator(".graphiql-execute-button"))
    await narrow.run()

    await expect(narrow.shown).to_contain_text('"data"')
    assert await narrow.page.evaluate(_WHOLE) == [size["width"], size["height"]]
    _, _, _, bottom = await box(editor)
    assert (await box(answer))[1] >= bottom
    await narrow.picture(f"narrow-{size['width']}")
    assert narrow.complaints == []
    # So is a query of one's own, and the way to its variables is in sight.
    await narrow.write('{ customer(by: { customerNumber: "2" }) { name } }')

    assert (await narrow.run())["data"] == {"customer": {"name": "Nordlys Ærø ApS"}}
    await assert_in_sight(narrow, narrow.page.get_by_role("button", name="Variables"))


async def test_panels_take_the_screen_work_there_and_give_it_back(developing: str, narrow: Visit) -> None:
    await narrow.enter_signed_in(developing)
    panel = narrow.page.locator(".graphiql-plugin")
    for plugin, content in PANELS.items():
        await narrow.show(plugin)
        await expect(panel.locator(content)).to_be_visible()
        left, _, right, bottom = await box(panel)
        assert (left, right, bottom) == (0, *USUAL)
        if plugin == "Documentation Explorer":
            await leads_to_a_field(panel.locator(content))
        await narrow.hide(plugin)
    await narrow.run()
    await expect(narrow.shown).to_contain_text('"data"')


async def leads_to_a_field(documentation: Locator) -> None:
    """Follow links from the documentation's beginning."""
    await documentation.get_by_role("link", name="Query", exact=True).click()
    await documentation.get_by_role("link", name="viewer", exact=True).click()

    await expect(documentation).to_contain_text("The company, subject and scopes of the request's credential.")


async def test_every_tab_can_be_opened(developing: str, narrow: Visit) -> None:
    await narrow.enter_signed_in(developing)
    for stop in TOUR:
        await narrow.open_tab(stop.operations[0])
        assert await narrow.written() == stop.text.rstrip()


async def test_the_form_for_a_credential_fits(serving: str, narrow: Visit, token: str) -> None:
    await narrow.enter(serving)
    await assert_in_sight(narrow, narrow.page.get_by_label("Token or API key"), width=150)
    await assert_in_sight(narrow, narrow.page.get_by_role("button", name="Sign in"))
    await narrow.sign_in(token)
    await narrow.knows_the_schema()
    await assert_in_sight(narrow, narrow.page.get_by_role("button", name="Sign out"))
    await assert_in_sight(narrow, narrow.viewer, width=50)


async def test_columns_that_were_dragged_on_a_wide_screen_are_no_matter(developing: str, narrow: Visit) -> None:
    dragged = ("graphiql:editorFlex", "graphiql:docExplorerFlex")
    await narrow.keep(developing, **dict.fromkeys(dragged, "hide-second"))
    await narrow.enter_signed_in(developing)
    await narrow.run()

    await expect(narrow.shown).to_contain_text('"data"')
    await assert_in_sight(narrow, narrow.page.locator(".result-window"), width=200, height=100)
