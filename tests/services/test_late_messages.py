"""Messages from before a transition or a new billing day that arrive late, also after the next period: none undoes
it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, SubscriptionMovedProblem
from app.domain.upserts import RejectionPolicy
from tests.services.updates import PARENT, update
from tests.support.clock import DatabaseClock
from tests.support.mirror import (
    AUGUST,
    JULY,
    JUNE,
    SEPTEMBER,
    UNCHANGED,
    UPDATED,
    mirror,
    new_subscription,
    outcomes,
    period,
    problems,
)
from tests.support.records import Records
from tests.support.untouched import everything_of
from tests.support.upserts import rows_of

pytestmark = pytest.mark.usefixtures("clock")
KEY = {"external_system_id": "s"}
CONFLICT, MOVED = ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, ErrorCode.SUBSCRIPTION_MOVED
BILLED: dict[str, Any] = {"billed_amount": 300, "billed_on": JULY}
IGNORANT: dict[str, dict[str, Any]] = {
    "of the billing day": {"anchor_day": 1, "next_billing_date": JULY},
    "of the status": {"status": "PENDING_CANCELLATION", "ends_on": date(2026, 12, 1)},
    "of the period that is over": {"current_period": period(credited_amount=30)},
    "of the next period": {"current_period": period(JULY, AUGUST), "anchor_day": 1, "next_billing_date": AUGUST},
    "of the bill of the next period": {"current_period": period(JULY, AUGUST, **BILLED)},
}
"""What a billing system sends that doesn't know that anything moved."""


def at(clock: DatabaseClock, day: date) -> None:
    clock.now = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)


async def sent(unit_of_work: UnitOfWork, *parts: dict[str, Any], **values: Any) -> list[tuple[str, ErrorCode]]:
    """The problems of a row of the subscription; none if it changed something."""
    row = KEY | {name: value for part in parts for name, value in part.items()} | values
    outcome = await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW)
    found = problems(outcome)
    assert found or outcomes(outcome) == [UPDATED]
    return found


async def with_new_billing_day(unit_of_work: UnitOfWork, records: Records) -> None:
    """A subscription whose billing day becomes the 20th in June, without a transition."""
    customer = await records.customer(**PARENT)
    await mirror(unit_of_work, new_subscription(customer))
    await update(unit_of_work, customer, {"billing_day": 20})


async def with_paused_transition(unit_of_work: UnitOfWork, records: Records) -> None:
    """A paused subscription that moves to a parent with the billing day 15 in June."""
    parent, customer = await records.customer(**PARENT), await records.customer()
    await mirror(unit_of_work, new_subscription(customer, status="PAUSED"))
    await update(unit_of_work, customer, {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"})


@pytest.mark.parametrize("move", [with_new_billing_day, with_paused_transition])
@pytest.mark.parametrize("late", IGNORANT.values(), ids=IGNORANT)
async def test_no_late_message_undoes_a_move_after_the_next_period(
    unit_of_work: UnitOfWork,
    records: Records,
    owner_engine: AsyncEngine,
    company: UUID,
    clock: DatabaseClock,
    move: Any,
    late: dict[str, Any],
) -> None:
    await move(unit_of_work, records)
    stub = period(JULY, date(2026, 7, 20), net_amount=190)
    following = {"status": "ACTIVE", "current_period": stub, "next_billing_date": date(2026, 7, 20)}
    at(clock, JULY)
    # Also the first period after it shows nothing: it begins when the ignorant one would.
    assert await sent(unit_of_work, following) == [("", MOVED)]
    assert await sent(unit_of_work, following, expected_version=2) == []
    before = await everything_of(owner_engine, company)

    (_, code), *_ = await sent(unit_of_work, late)

    assert code is MOVED
    assert await everything_of(owner_engine, company) == before


async def test_a_row_that_changes_nothing_shows_that_the_move_is_known_as_well(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, clock: DatabaseClock
) -> None:
    await with_new_billing_day(unit_of_work, records)
    first = date(2026, 7, 20)
    nightly = KEY | {"name": "Fibernet", "current_period": period(billed_amount=300, billed_on=JUNE)}
    for version in (None, 1, 2, 2):
        expected = {} if version is None else {"expected_version": version}
        before = await everything_of(owner_engine, company)
        dry = await mirror(unit_of_work, nightly | expected, dry_run=True)
        assert await everything_of(owner_engine, company) == before
        assert outcomes(dry) == outcomes(await mirror(unit_of_work, nightly | expected)) == [UNCHANGED]
        (stored,) = await rows_of(owner_engine, tables.subscriptions, company)
        known = date(2026, 6, 19) if version == 2 else None
        assert (stored["version"], stored["moved_known_on"]) == (2, known)
    # So the next period, which begins after that day, needs no version.
    at(clock, JULY)
    following = {"current_period": period(JULY, first, net_amount=190), "next_billing_date": first}
    assert await sent(unit_of_work, following) == []


async def test_after_the_day_of_the_first_version_a_period_that_begins_later_needs_none(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, clock: DatabaseClock
) -> None:
    await with_new_billing_day(unit_of_work, records)
    first, second = date(2026, 7, 20), date(2026, 8, 20)
    at(clock, JULY)
    assert await sent(unit_of_work, current_period=period(JULY, first, net_amount=190), expected_version=2) == []
    assert await sent(unit_of_work, name="Known by now") == []
    at(clock, first)
    billed = period(JULY, first, net_amount=190, billed_amount=190, billed_on=first)
    assert await sent(unit_of_work, current_period=billed) == [("", MOVED)]
    assert await sent(unit_of_work, current_period=billed, expected_version=4) == []
    following = {"current_period": period(first, second), "next_billing_date": second}
    assert await sent(unit_of_work, following) == []
    assert await sent(unit_of_work, following, status="PENDING_CANCELLATION", ends_on=second) == []
    # Without a period, it could be from any time.
    (stored,) = await rows_of(owner_engine, tables.subscriptions, company)
    row = KEY | {"status": "ACTIVE"}
    (problem,) = (await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW)).results[0].errors
    assert isinstance(problem, SubscriptionMovedProblem)
    assert problem.message == (
        "may be older than the last transition or new billing day of the subscription: neither expectedVersion nor a"
        " currentPeriod that starts after 2026-07-01 shows that it is newer. Read the subscription, then send what is"
        f" true now with expectedVersion {stored['version']}."
    )
    assert await sent(unit_of_work, status="ACTIVE", expected_version=stored["version"]) == []


async def test_the_next_move_asks_for_a_version_again(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock
) -> None:
    customer = await records.customer(**PARENT)
    await mirror(unit_of_work, new_subscription(customer))
    await update(unit_of_work, customer, {"billing_day": 20})
    assert await sent(unit_of_work, name="Known", expected_version=2) == []
    at(clock, JULY)
    await update(unit_of_work, customer, {"billing_day": 25})
    following = {"current_period": period(JULY, date(2026, 7, 25)), "next_billing_date": date(2026, 7, 25)}
    assert await sent(unit_of_work, following, expected_version=3) == [("", MOVED)]
    assert await sent(unit_of_work, following) == [("", MOVED)]
    assert await sent(unit_of_work, following, expected_version=4) == []


async def test_the_dates_of_what_has_not_begun_show_nothing(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock
) -> None:
    customer = await records.customer(**PARENT)
    later: dict[str, Any] = {"status": "SCHEDULED", "started_on": AUGUST, "current_period": period(AUGUST, SEPTEMBER)}
    await mirror(unit_of_work, new_subscription(customer, **later, next_billing_date=AUGUST))
    await update(unit_of_work, customer, {"billing_day": 20})
    moved = {"started_on": JULY, "current_period": period(JULY, date(2026, 7, 20))}
    assert await sent(unit_of_work, moved, next_billing_date=JULY, expected_version=2) == []
    assert await sent(unit_of_work, later, anchor_day=1, next_billing_date=AUGUST) == [("", MOVED)]
    at(clock, AUGUST)
    assert await sent(unit_of_work, later, anchor_day=1, next_billing_date=AUGUST) == [("", MOVED)]


@pytest.mark.parametrize("values", [{"billed_amount": 90, "billed_on": date(2026, 6, 10)}, {"net_amount": 0}])
async def test_a_paused_period_is_not_passed_over_before_it_is_billed_or_free(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock, values: dict[str, Any]
) -> None:
    row = new_subscription(await records.customer(), billing_direction="ARREARS", current_period=period())
    await mirror(unit_of_work, row)
    assert await sent(unit_of_work, status="PAUSED") == []
    at(clock, JULY)
    again = {"status": "ACTIVE", "current_period": period(JULY, AUGUST), "next_billing_date": AUGUST}
    (problem,) = (await mirror(unit_of_work, KEY | again, on_refusal=RejectionPolicy.ROW_BY_ROW)).results[0].errors
    assert problem.code is CONFLICT
    assert problem.message == (
        "is too early: of the period that starts on 2026-06-01, 0.00 of 300.00 is billed. Send that period first, with"
        " billedAmount and billedOn, or with netAmount 0 if nothing is billed for it, in an earlier list."
    )
    assert await sent(unit_of_work, current_period=period(JUNE, JULY, **values)) == []
    assert await sent(unit_of_work, again) == []


async def test_what_awaits_its_payment_and_is_billed_in_part_is_not_passed_over(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock
) -> None:
    part = period(billed_amount=100, billed_on=JUNE)
    await mirror(
        unit_of_work, new_subscription(await records.customer(), status="AWAITING_PAYMENT", current_period=part)
    )
    at(clock, JULY)
    again = {"status": "ACTIVE", "current_period": period(JULY, AUGUST), "next_billing_date": AUGUST}
    assert await sent(unit_of_work, again) == [("current_period.starts_on", CONFLICT)]
    assert await sent(unit_of_work, current_period=period(**BILLED)) == []
    assert await sent(unit_of_work, again) == []
