"""The number of events that are executed together follows the size and the time of the last ones."""

from uuid import UUID

import pytest

from app.live.keys import Key
from app.live.pace import Pace, Paces
from app.live.updates import Update
from tests.live.streams import COMPANY, update_of

KEY = Key("subscription { changes { id } }", None, b"{}", frozenset())
OTHER = UUID("0198c2f0-0000-7000-8000-000000000002")


def updates(count: int, size: int = 10) -> list[Update]:
    """Return responses of a size."""
    return [update_of(position, size) for position in range(count)]


@pytest.mark.parametrize(("size", "together"), [(10, 100), (100_000, 10), (3_000_000, 1)])
def test_as_many_events_are_executed_as_responses_fit_into_a_page(size: int, together: int) -> None:
    pace = Pace(100)
    pace.was_read(updates(1, size), 0.1)

    assert pace.together == together


def test_half_as_many_are_tried_after_a_timeout_until_it_is_one() -> None:
    pace = Pace(100)
    tried = [pace.together]
    while pace.was_late(tried[-1]):
        tried.append(pace.together)

    # A single one is tried again without the plan.
    assert tried == [100, 50, 25, 12, 6, 3, 1, 1]
    assert not pace.by_plan


def test_a_response_that_is_too_long_is_tried_again_without_the_plan_once() -> None:
    pace = Pace(100)
    assert [pace.was_too_long(), pace.was_too_long()] == [True, False]


def test_the_plan_is_used_unless_a_response_is_as_large_as_a_page() -> None:
    pace = Pace(100)
    for size, by_plan in ((999_999, True), (1_000_000, False), (10, True)):
        pace.was_read(updates(2, size), 0.1)
        assert pace.by_plan is by_plan


@pytest.mark.parametrize(("seconds", "together"), [(0.1, 24), (5, 12)])
def test_twice_as_many_are_tried_only_if_they_were_read_quickly(seconds: float, together: int) -> None:
    pace = Pace(100)
    pace.was_late(25)
    pace.was_read(updates(3), 0.1)
    assert pace.together == 12
    pace.was_read(updates(12), seconds)

    assert pace.together == together


def test_a_pace_is_kept_for_equal_subscriptions_of_one_company() -> None:
    paces = Paces()
    paces.of(COMPANY, KEY, 100).was_late(100)

    assert paces.of(COMPANY, KEY, 100).together == 50
    assert paces.of(OTHER, KEY, 100).together == 100
    assert paces.of(COMPANY, KEY._replace(variables=b"{ }"), 100).together == 100
