"""Running and leaving a tab at once: what is sent and kept is what the editors show, however little time has passed."""

import re

import pytest_asyncio
from playwright.async_api import expect

from tests.support.tour import TOUR, Stop
from tests.support.visit import OPERATION, VARIABLES, Visit, body_of

ONE, PAGES, CREATE, CHANGE, GATEWAY, *_LIVE = TOUR
# The first tab last: a first visit shows it.
SINGLE = [PAGES, CREATE, GATEWAY, ONE]
TYPED = "query Typed { viewer { subject } }"


@pytest_asyncio.fixture(loop_scope="session")
async def stopped(developing: str, visit_alone: Visit) -> Visit:
    """A page that is signed in, and where no time passes."""
    await visit_alone.page.clock.install()
    await visit_alone.enter_signed_in(developing)
    await visit_alone.stop_the_clock()
    return visit_alone


def expected(stop: Stop) -> dict[str, object]:
    """Return what a tab of one operation sends."""
    return {"query": stop.text.rstrip(), "variables": stop.variables, "operationName": stop.operations[0]}


async def test_the_button_and_the_keyboard_run_the_tab_that_was_just_opened(stopped: Visit) -> None:
    for stop in SINGLE:
        await stopped.open_tab(stop.operations[0])
        assert body_of(await stopped.sent(stopped.click_run())) == expected(stop)
    for file, is_in_the_operation in ((OPERATION, False), (OPERATION, True), (VARIABLES, False)):
        for stop in SINGLE:
            await stopped.open_tab(stop.operations[0])
            offset = stop.text.index(stop.operations[0]) if is_in_the_operation else 0
            assert body_of(await stopped.sent(stopped.press_run(offset, file))) == expected(stop)


async def test_of_two_operations_just_opened_the_chosen_one_runs_or_that_at_the_cursor(stopped: Visit) -> None:
    for other, operation in zip((PAGES, CREATE), CHANGE.operations, strict=True):
        await leave_and_open_both(stopped, other)
        assert body_of(await stopped.sent(stopped.click_run(operation)))["operationName"] == operation
        await leave_and_open_both(stopped, other)
        at_the_cursor = await stopped.sent(stopped.press_run(CHANGE.text.index(operation)))
        assert body_of(at_the_cursor)["operationName"] == operation


async def leave_and_open_both(stopped: Visit, other: Stop) -> None:
    """Open another tab, and then that of two operations."""
    await stopped.open_tab(other.operations[0])
    await stopped.open_tab(re.compile("|".join(CHANGE.operations)))


async def test_what_was_just_typed_runs_by_its_own_name(stopped: Visit) -> None:
    for text, name in (
        (TYPED, "Typed"),
        ("{ viewer { subject } }", None),
        ("query Again { viewer { subject } }", "Again"),
    ):
        await stopped.write(text)
        for offset in (0, 2):
            assert body_of(await stopped.sent(stopped.press_run(offset))).get("operationName") == name


async def test_the_history_holds_what_was_just_typed(stopped: Visit) -> None:
    await stopped.write(TYPED)
    await stopped.write('{ "typed": true }', VARIABLES)
    await stopped.sent(stopped.click_run())
    await stopped.page.clock.resume()

    await stopped.page.wait_for_function("() => localStorage.getItem('graphiql:queries')?.includes('Typed')")
    (kept,) = (await stopped.page.evaluate("() => JSON.parse(localStorage.getItem('graphiql:queries'))"))["queries"]
    assert (kept["query"], kept["variables"], kept["operationName"]) == (TYPED, '{ "typed": true }', "Typed")


async def test_a_tab_that_is_left_at_once_keeps_what_was_typed(stopped: Visit) -> None:
    await stopped.write(TYPED)
    await stopped.write('{ "typed": true }', VARIABLES)
    await stopped.open_tab(PAGES.operations[0])
    await stopped.page.clock.resume()
    assert await stopped.written() == PAGES.text.rstrip()
    await stopped.open_tab("Typed")

    assert await stopped.written() == TYPED
    assert await stopped.written(VARIABLES) == '{ "typed": true }'
    await expect(stopped.page.get_by_role("tab")).to_have_text(
        ["Typed", *[stop.operations[0] for stop in TOUR if stop is not ONE]], use_inner_text=True
    )
