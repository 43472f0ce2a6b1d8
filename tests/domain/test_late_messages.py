"""Messages of the billing system that are, or may be, older than a transition or a new billing day."""

from datetime import date
from uuid import UUID

import pytest

from app.domain.late_messages import Moved, day_known, may_undo
from app.domain.subscriptions import SubscriptionStatus

JUNE, AUGUST = date(2026, 6, 1), date(2026, 8, 1)
NEVER = Moved(3, None, None, None)
MARKED = Moved(3, 3, UUID(int=1), None)
LATER = Moved(5, 3, UUID(int=1), date(2026, 6, 19))
MAKES = {"anchor_day", "next_billing_date"}
LATE: list[tuple[Moved, int | None, set[str], date | None, str, bool]] = [
    (NEVER, None, MAKES, None, "ACTIVE", False),
    (NEVER, 1, MAKES, None, "ACTIVE", False),
    # Until the billing system has shown a version, nothing else tells.
    (MARKED, None, {"name"}, None, "ACTIVE", True),
    (MARKED, None, MAKES, AUGUST, "ACTIVE", True),
    (MARKED, 2, {"name"}, AUGUST, "ACTIVE", True),
    (MARKED, 3, MAKES, None, "ACTIVE", False),
    (MARKED, 4, MAKES, JUNE, "ACTIVE", False),
    # From then on, a period that begins later does too.
    (LATER, None, {"name", "net_amount"}, None, "ACTIVE", False),
    (LATER, None, {"status"}, None, "PAUSED", True),
    (LATER, None, {"ends_on"}, None, "ACTIVE", True),
    (LATER, None, MAKES, date(2026, 6, 19), "ACTIVE", True),
    (LATER, None, {"current_period"}, date(2026, 6, 19), "ACTIVE", True),
    (LATER, None, MAKES, date(2026, 6, 20), "ACTIVE", False),
    (LATER, None, {"current_period"}, date(2026, 6, 20), "PAUSED", False),
    (LATER, 2, {"current_period"}, date(2026, 6, 20), "ACTIVE", True),
    # What has not begun is sent before its first day.
    (LATER, None, {"current_period"}, AUGUST, "SCHEDULED", True),
    (LATER, None, {"current_period"}, AUGUST, "AWAITING_PAYMENT", True),
]


@pytest.mark.parametrize(("moved", "expected", "changed", "starts_on", "status", "answer"), LATE)
def test_a_message_that_may_be_older_than_a_move_does_not_undo_it(
    moved: Moved, expected: int | None, changed: set[str], starts_on: date | None, status: str, *, answer: bool
) -> None:
    assert may_undo(moved, expected, changed, SubscriptionStatus(status), starts_on) is answer


def test_the_billing_system_knows_of_a_move_from_its_first_version_on() -> None:
    today = date(2026, 6, 20)
    assert day_known(NEVER, today, JUNE, JUNE) is None
    assert day_known(MARKED, today, JUNE, JUNE) == today
    assert day_known(MARKED, today, AUGUST, JUNE) == day_known(MARKED, today, JUNE, AUGUST) == AUGUST
    assert day_known(LATER, today, JUNE, AUGUST) == date(2026, 6, 19)
