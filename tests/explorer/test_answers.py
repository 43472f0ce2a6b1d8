"""An answer that takes its time reaches the tab that asked for it, and no other, whatever is done meanwhile."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from tests.support.tour import TOUR
from tests.support.visit import Visit, body_of

ONE, PAGES, CREATE, _CHANGE, GATEWAY, *_LIVE = (stop.operations[0] for stop in TOUR)
RESPONSE = "response.json"


class Slow:
    """Holds operations back until they are let through, by their names."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._held: dict[str, Route] = {}
        self._arrived = defaultdict[str, asyncio.Event](asyncio.Event)

    async def hold(self, route: Route) -> None:
        """Keep the request of an operation, and let others pass."""
        body = body_of(route.request) if route.request.method == "POST" else {}
        name = body.get("operationName")
        if name in {ONE, PAGES, GATEWAY}:
            self._held[name] = route
            self._arrived[name].set()
        else:
            await route.continue_()

    async def run(self, name: str) -> None:
        """Run the open tab, until its request is held."""
        await self._visit.click_run()
        async with asyncio.timeout(30):
            await self._arrived[name].wait()

    async def answer(self, name: str) -> None:
        """Answer an operation by its own name, until the page has had the time to show it."""
        route = self._held.pop(name)
        async with self._visit.page.expect_response(lambda response: response.request == route.request):
            await route.fulfill(json={"data": {"answered": name}})
        await self._settle()

    async def fail(self, name: str) -> None:
        """Break the connection of an operation."""
        route = self._held.pop(name)
        async with self._visit.page.expect_event("requestfailed", lambda request: request == route.request):
            await route.abort()
        await self._settle()

    async def _settle(self) -> None:
        await self._visit.page.evaluate("() => new Promise((done) => setTimeout(done, 200))")


@pytest_asyncio.fixture(loop_scope="session")
async def slow(developing: str, visit: Visit) -> AsyncGenerator[Slow]:
    """A page that is signed in, whose operations are held back."""
    await visit.enter_signed_in(developing)
    slow = Slow(visit)
    await visit.page.route("**/graphql", slow.hold)
    yield slow


async def answered(visit: Visit) -> str | None:
    """Return which operation's answer is shown; None if there is none."""
    text = await visit.written(RESPONSE)
    return json.loads(text)["data"]["answered"] if text else None


async def to_another(visit: Visit) -> None:
    await visit.open_tab(PAGES)


async def to_a_new_one(visit: Visit) -> None:
    await visit.page.get_by_role("button", name="New tab").click()


@pytest.mark.parametrize("leave", [to_another, to_a_new_one])
async def test_the_answer_of_a_tab_that_was_left_is_shown_there_and_not_in_the_open_one(
    visit: Visit, slow: Slow, leave: Callable[[Visit], Awaitable[None]]
) -> None:
    await slow.run(ONE)
    await leave(visit)
    await expect(visit.page.locator(".graphiql-spinner")).to_have_count(0)
    await slow.answer(ONE)
    assert await answered(visit) is None
    await visit.open_tab(ONE)
    assert await answered(visit) == ONE
    assert visit.complaints == []


async def test_the_answer_is_shown_to_who_has_come_back_for_it(visit: Visit, slow: Slow) -> None:
    await slow.run(ONE)
    await visit.open_tab(PAGES)
    await visit.open_tab(ONE)
    assert await answered(visit) is None
    await slow.answer(ONE)
    assert await answered(visit) == ONE


async def test_several_tabs_run_at_once_and_each_gets_its_own_answer(visit: Visit, slow: Slow) -> None:
    for name in (ONE, PAGES, GATEWAY):
        await visit.open_tab(name)
        await slow.run(name)
    await slow.answer(PAGES)
    await slow.answer(ONE)
    assert await answered(visit) is None
    await visit.open_tab(ONE)
    assert await answered(visit) == ONE
    await visit.open_tab(PAGES)
    assert await answered(visit) == PAGES
    await slow.answer(GATEWAY)
    assert await answered(visit) == PAGES
    await visit.open_tab(GATEWAY)
    assert await answered(visit) == GATEWAY


async def test_who_came_back_while_another_tab_runs_sees_the_answer_that_arrives(visit: Visit, slow: Slow) -> None:
    await slow.run(ONE)
    await visit.open_tab(PAGES)
    await slow.run(PAGES)
    await visit.open_tab(ONE)
    await slow.answer(ONE)
    assert await answered(visit) == ONE
    await slow.answer(PAGES)
    assert await answered(visit) == ONE


async def test_a_tab_that_fails_after_it_was_left_says_so_itself(visit: Visit, slow: Slow) -> None:
    await slow.run(ONE)
    await visit.open_tab(PAGES)
    await slow.fail(ONE)
    assert await visit.written(RESPONSE) == ""
    await visit.open_tab(ONE)
    assert "Failed to fetch" in await visit.written(RESPONSE)


async def test_the_answer_of_a_tab_that_was_closed_is_shown_nowhere(visit: Visit, slow: Slow) -> None:
    await slow.run(ONE)
    await visit.open_tab(PAGES)
    tab = visit.page.get_by_role("tab", name=ONE)
    await tab.hover()
    await tab.get_by_role("button", name="Close Tab").click()
    await expect(tab).to_have_count(0)
    await slow.answer(ONE)
    for name in (CREATE, PAGES):
        await visit.open_tab(name)
        assert await visit.written(RESPONSE) == ""
    assert visit.complaints == []


async def test_what_is_typed_while_another_tab_is_answered_is_kept(visit: Visit, slow: Slow) -> None:
    await slow.run(ONE)
    await visit.open_tab(PAGES)
    await visit.write("{ viewer { subject } }")
    await slow.answer(ONE)
    assert await visit.written() == "{ viewer { subject } }"
    await visit.open_tab(ONE)
    assert await answered(visit) == ONE
