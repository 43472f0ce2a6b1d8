"""Running and leaving a tab at once: what is sent and kept is what the editors show, however little time has passed."""

import re

import pytest
from playwright.async_api import expect

from tests.support.tour import TOUR, Stop
from tests.support.visit import OPERATION, VARIABLES, Visit, body_of

ONE, PAGES, CREATE, CHANGE, GATEWAY = TOUR
# The first tab last: a first visit shows it.
SINGLE = [PAGES, CREATE, GATEWAY, ONE]
TYPED = "query Typed { viewer { subject } }"


async def enter_and_stop_the_clock(visit: Visit, address: str) -> None:
    """Open the page, and let no time pass from then on."""
    await visit.page.clock.install()
    await visit.enter_signed_in(address)
    await visit.stop_the_clock()


def expected(stop: Stop) -> dict[str, object]:
    """Return what a tab of one operation sends."""
    return {"query": stop.text.rstrip(), "variables": stop.variables, "operationName": stop.operations[0]}


async def test_the_button_runs_the_tab_that_was_just_opened(developing: str, visit: Visit) -> None:
    await enter_and_stop_the_clock(visit, developing)
    for stop in SINGLE:
        await visit.open_tab(stop.operations[0])
        request = await visit.sent(visit.click_run())
        assert body_of(request) == expected(stop)


@pytest.mark.parametrize("cursor", ["in the comment", "in the operation", "in the variables"])
async def test_the_keyboard_runs_the_tab_that_was_just_opened(developing: str, visit: Visit, cursor: str) -> None:
    await enter_and_stop_the_clock(visit, developing)
    for stop in SINGLE:
        await visit.open_tab(stop.operations[0])
        offset = stop.text.index(stop.operations[0]) if cursor == "in the operation" else 0
        request = await visit.sent(visit.press_run(offset, VARIABLES if cursor == "in the variables" else OPERATION))
        assert body_of(request) == expected(stop)


async def test_a_tab_of_two_operations_that_was_just_opened_asks_which(developing: str, visit: Visit) -> None:
    await enter_and_stop_the_clock(visit, developing)
    for other, operation in zip((PAGES, CREATE), CHANGE.operations, strict=True):
        await visit.open_tab(other.operations[0])
        await visit.open_tab(re.compile("|".join(CHANGE.operations)))
        request = await visit.sent(visit.click_run(operation))
        assert body_of(request)["operationName"] == operation


async def test_a_tab_of_two_operations_that_was_just_opened_runs_the_one_at_the_cursor(
    developing: str, visit: Visit
) -> None:
    await enter_and_stop_the_clock(visit, developing)
    for other, operation in zip((PAGES, CREATE), CHANGE.operations, strict=True):
        await visit.open_tab(other.operations[0])
        await visit.open_tab(re.compile("|".join(CHANGE.operations)))
        request = await visit.sent(visit.press_run(CHANGE.text.index(operation)))
        assert body_of(request)["operationName"] == operation


async def test_what_was_just_typed_runs_by_its_own_name(developing: str, visit: Visit) -> None:
    await enter_and_stop_the_clock(visit, developing)
    for text, name in (
        (TYPED, "Typed"),
        ("{ viewer { subject } }", None),
        ("query Again { viewer { subject } }", "Again"),
    ):
        await visit.write(text)
        for offset in (0, 2):
            assert body_of(await visit.sent(visit.press_run(offset))).get("operationName") == name


async def test_the_history_holds_what_was_just_typed(developing: str, visit: Visit) -> None:
    await enter_and_stop_the_clock(visit, developing)
    await visit.write(TYPED)
    await visit.write('{ "typed": true }', VARIABLES)
    await visit.sent(visit.click_run())
    await visit.page.clock.resume()

    await visit.page.wait_for_function("() => localStorage.getItem('graphiql:queries')?.includes('Typed')")
    (kept,) = (await visit.page.evaluate("() => JSON.parse(localStorage.getItem('graphiql:queries'))"))["queries"]
    assert (kept["query"], kept["variables"], kept["operationName"]) == (TYPED, '{ "typed": true }', "Typed")


async def test_a_tab_that_is_left_at_once_keeps_what_was_typed(developing: str, visit: Visit) -> None:
    await enter_and_stop_the_clock(visit, developing)
    await visit.write(TYPED)
    await visit.write('{ "typed": true }', VARIABLES)
    await visit.open_tab(PAGES.operations[0])
    await visit.page.clock.resume()
    assert await visit.written() == PAGES.text.rstrip()
    await visit.open_tab("Typed")

    assert await visit.written() == TYPED
    assert await visit.written(VARIABLES) == '{ "typed": true }'
    await expect(visit.page.get_by_role("tab")).to_have_text(
        ["Typed", *[stop.operations[0] for stop in TOUR if stop is not ONE]], use_inner_text=True
    )
