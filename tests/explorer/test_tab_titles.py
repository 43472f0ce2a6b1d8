"""A tab is opened by its title, however short that is: the cross that closes it is beside it."""

from collections.abc import AsyncGenerator

import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.support.browser import new_context
from tests.support.tour import TOUR
from tests.support.visit import Visit

NAMES = [stop.operations[0] for stop in TOUR]
_ROOM = """(tab) => {
  const text = document.createRange();
  text.selectNodeContents(tab.querySelector(".graphiql-tab-button"));
  const [whole, title, cross] = [tab, text, tab.querySelector(".graphiql-tab-close")].map((each) => each.getBoundingClientRect());
  return { between: cross.left - title.right, behind: cross.left - (whole.left + whole.right) / 2, shown: cross.width };
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def touched(browser: Browser) -> AsyncGenerator[Visit]:
    """A page that fingers tap on."""
    context = await new_context(browser, width=800, height=900, is_touched=True)
    yield Visit(await context.new_page())
    await context.close()


async def rename_first(visit: Visit, name: str, other: str) -> Locator:
    """Give the first tab, which is open, a title, and open another one."""
    await visit.write(f"query {name} {{ viewer {{ subject }} }}")
    await visit.has_stored(f"query {name} ")
    await visit.open_tab(other)
    return visit.page.get_by_role("tab").first


async def test_the_cross_covers_neither_the_title_nor_the_middle_of_a_tab(developing: str, visit: Visit) -> None:
    await visit.enter_signed_in(developing)
    for name in ("I", "A", "W", "Ab", "Abc", "Customer"):
        tab = await rename_first(visit, name, NAMES[1])
        await tab.hover()
        room = await tab.evaluate(_ROOM)
        assert room["shown"] > 0
        assert (name, room["between"] >= 4, room["behind"] >= 4) == (name, True, True), room
        await tab.click()

        await expect(tab).to_have_attribute("aria-selected", "true")
        assert await visit.tabs() == [name, *NAMES[1:]]


async def test_a_tap_anywhere_on_a_tab_that_is_not_open_opens_it(developing: str, touched: Visit) -> None:
    await touched.enter_signed_in(developing)
    # Each is closed in the end, so that the next one is the first.
    for number, name in enumerate(("I", "Customer"), start=1):
        tab = await rename_first(touched, name, NAMES[number])
        box = await tab.bounding_box()
        assert box is not None
        # Where the cross is once it is the open tab.
        await touched.page.touchscreen.tap(box["x"] + box["width"] - 14, box["y"] + box["height"] / 2)

        await expect(tab).to_have_attribute("aria-selected", "true")
        assert await touched.tabs() == [name, *NAMES[number:]]
        await tab.get_by_role("button", name="Close Tab").tap()
        await expect(touched.page.get_by_role("tab")).to_have_count(len(NAMES) - number)
