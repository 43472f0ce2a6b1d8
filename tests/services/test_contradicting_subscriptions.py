"""Subscriptions whose stored rows contradict each other, and rows that would make them: each gets a problem that says
what to do, and nothing that a transition could fail on is written."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Problem
from app.domain.upserts import RejectionPolicy
from tests.services.updates import PARENT, update
from tests.support.clock import DatabaseClock
from tests.support.mirror import AUGUST, JULY, JUNE, mirror, new_subscription, period
from tests.support.records import Records
from tests.support.upserts import rows_of

pytestmark = pytest.mark.usefixtures("clock")
CONFLICT, INCONSISTENT = ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, ErrorCode.SUBSCRIPTION_INCONSISTENT
DAY = date(2026, 6, 19)
"""Today."""
Found = list[tuple[str, ErrorCode]]


async def errors(unit_of_work: UnitOfWork, **values: Any) -> tuple[Problem, ...]:
    row = ({} if "id" in values else {"external_system_id": "s"}) | values
    return (await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW)).results[0].errors


async def sent(unit_of_work: UnitOfWork, **values: Any) -> Found:
    """The problems of a row of the subscription."""
    return [(".".join(map(str, problem.path[2:])), problem.code) for problem in await errors(unit_of_work, **values)]


async def stored(unit_of_work: UnitOfWork, records: Records, **values: Any) -> UUID:
    outcome = await mirror(unit_of_work, new_subscription(await records.customer(), **values))
    assert outcome.results[0].subscription is not None
    return outcome.results[0].subscription.id


async def run(engine: AsyncEngine, company: UUID, *statements: str) -> None:
    """Run SQL as an administrator would."""
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(f"{statement} WHERE company_id = :company"), {"company": company})


ARREARS: dict[str, Any] = {"billing_direction": "ARREARS", "current_period": period()}


@pytest.mark.parametrize("status", ["AWAITING_PAYMENT", "SCHEDULED"])
@pytest.mark.parametrize("running", ["ACTIVE", "PAUSED", "PENDING_CANCELLATION"])
async def test_what_runs_does_not_become_what_has_not_begun(
    unit_of_work: UnitOfWork, records: Records, status: str, running: str
) -> None:
    await stored(unit_of_work, records, status=running, ends_on=date(2026, 12, 1), started_on=JUNE, **ARREARS)

    (problem,) = await errors(unit_of_work, status=status)

    assert (problem.path[2:], problem.code) == (("status",), INCONSISTENT)
    assert problem.message == (
        f"must not be {status}: the subscription is {running}, in the period that starts on 2026-06-01."
        " What doesn't run for a while is PAUSED."
    )
    moved = period(DAY, date(2026, 7, 19))
    assert await sent(unit_of_work, status="ACTIVE", current_period=moved, anchor_day=19) == [
        ("current_period.starts_on", CONFLICT)
    ]


async def test_what_runs_is_followed_by_no_period_that_has_not_begun(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock
) -> None:
    await stored(unit_of_work, records)
    clock.now = datetime(2026, 7, 1, 10, tzinfo=UTC)
    following = {"current_period": period(JULY, AUGUST), "next_billing_date": AUGUST}
    assert await sent(unit_of_work, status="AWAITING_PAYMENT", **following) == [("status", INCONSISTENT)]


async def test_the_first_payment_after_a_trial_may_be_awaited(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock
) -> None:
    free = period(net_amount=0)
    await stored(unit_of_work, records, status="TRIAL", trial_ends_on=JULY, current_period=free)
    assert await sent(unit_of_work, status="AWAITING_PAYMENT") == [("status", INCONSISTENT)]
    clock.now = datetime(2026, 7, 1, 10, tzinfo=UTC)
    following = {"current_period": period(JULY, AUGUST), "next_billing_date": AUGUST}
    assert await sent(unit_of_work, status="AWAITING_PAYMENT", **following) == []


async def test_what_was_canceled_before_it_began_may_be_scheduled(unit_of_work: UnitOfWork, records: Records) -> None:
    later: dict[str, Any] = {"started_on": JULY, "current_period": period(JULY, AUGUST)}
    await stored(unit_of_work, records, status="SCHEDULED", **later)
    assert await sent(unit_of_work, status="CANCELLED", ends_on=JULY, next_billing_date=None) == []
    assert await sent(unit_of_work, status="SCHEDULED", ends_on=None) == []


async def test_a_trial_with_a_price_from_before_the_rules_is_changed_and_corrected(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    id_ = await stored(unit_of_work, records)
    await run(
        owner_engine,
        company,
        "UPDATE subscriptions SET external_system_id = NULL",
        "UPDATE subscriptions SET status = 'TRIAL', trial_ends_on = '2026-06-20'",
    )
    assert await sent(unit_of_work, id=id_, name="x") == []
    key = {"id": id_, "external_system_id": "s"}
    assert await sent(unit_of_work, **key) == [
        (f"current_period.{field}", INCONSISTENT) for field in ("ends_on", "net_amount", "billed_amount")
    ]
    assert await sent(unit_of_work, **key, status="ACTIVE", trial_ends_on=None) == []


async def test_a_subscription_with_a_later_period_than_its_current_one_gets_no_key(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    id_ = await stored(unit_of_work, records)
    await run(
        owner_engine,
        company,
        "UPDATE subscriptions SET external_system_id = NULL",
        "UPDATE subscriptions SET current_period_start = '2026-05-01', current_period_end = '2026-06-01'",
    )
    key = {"id": id_, "external_system_id": "s"}
    (problem,) = await errors(unit_of_work, **key)
    assert (problem.path[2:], problem.code) == (("current_period", "starts_on"), INCONSISTENT)
    assert problem.message == (
        "is 2026-05-01, but a period until 2026-07-01 is recorded. An administrator must correct the rows of the"
        " subscription and its periods in the database first."
    )
    # Nor does a period that would overlap fail in the database.
    assert await sent(unit_of_work, id=id_, current_period=period()) == [("current_period.starts_on", INCONSISTENT)]
    assert await sent(unit_of_work, id=id_, name="x") == []


async def test_what_a_transition_has_ended_runs_again_with_the_next_period(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    ending = new_subscription(customer, status="PENDING_CANCELLATION", ends_on=DAY)
    outcome = await mirror(unit_of_work, ending)
    assert outcome.results[0].subscription is not None
    ids = (outcome.results[0].subscription.id,)
    moved = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    await update(unit_of_work, customer, moved, *ids)

    again: dict[str, Any] = {"status": "ACTIVE", "ends_on": None, "expected_version": 2}
    assert await sent(unit_of_work, **again) == [("current_period", CONFLICT)]
    stub = period(DAY, date(2026, 7, 15), net_amount=260)
    next_billing = {"anchor_day": 15, "next_billing_date": date(2026, 7, 15)}
    assert await sent(unit_of_work, **again, current_period=stub, **next_billing) == []
    # The next transition cuts it.
    await update(unit_of_work, customer, {"parent_customer_id": None}, *ids)


END = date(2026, 6, 10)
CLOSED: dict[str, dict[str, Any]] = {
    "cut": {},
    "billed for a late billing system": {
        "current_period": period(date(2026, 5, 1), JUNE, billed_amount=300, billed_on=date(2026, 5, 1)),
        "next_billing_date": JUNE,
    },
}
AGAIN: dict[str, Any] = {"status": "ACTIVE", "ends_on": None, "expected_version": 2}


async def ended(unit_of_work: UnitOfWork, records: Records, closed: str) -> tuple[UUID, UUID]:
    """A customer, and its subscription whose last period a transition has closed nine days after the end."""
    parent, customer = await records.customer(**PARENT), await records.customer()
    row = new_subscription(customer, status="PENDING_CANCELLATION", ends_on=END, **CLOSED[closed])
    (result,) = (await mirror(unit_of_work, row)).results
    assert result.subscription is not None
    linked = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    await update(unit_of_work, customer, linked, result.subscription.id)
    return customer, result.subscription.id


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize(("starts_on", "invoiced"), [(END, [Decimal("128.57")]), (DAY, [])])
async def test_what_a_transition_has_ended_runs_again_from_that_day_or_a_later_one(
    unit_of_work: UnitOfWork,
    records: Records,
    owner_engine: AsyncEngine,
    company: UUID,
    closed: str,
    starts_on: date,
    invoiced: list[Decimal],
) -> None:
    customer, id_ = await ended(unit_of_work, records, closed)

    (problem,) = await errors(unit_of_work, **AGAIN)
    assert (problem.path[2:], problem.code) == (("current_period",), CONFLICT)
    assert problem.message == (
        "must be the next one, and start on 2026-06-10 or later, for a subscription that is ACTIVE: a transition has"
        " ended the stored one on that day."
    )
    # Neither on a way around.
    assert await sent(unit_of_work, **AGAIN | {"status": "PAUSED"}) == []
    assert await sent(unit_of_work, status="ACTIVE", expected_version=3) == [("current_period", CONFLICT)]
    assert await sent(unit_of_work, status="PENDING_CANCELLATION", ends_on=END, expected_version=3) == []

    row = AGAIN | {"expected_version": 4, "current_period": period(starts_on, JULY), "next_billing_date": JULY}
    assert await sent(unit_of_work, **row) == []
    # The parent pays for the days since then, and for none before.
    await update(unit_of_work, customer, {"parent_customer_id": None}, id_)
    documents = await rows_of(owner_engine, tables.billing_documents, company, tables.billing_documents.c.id)
    assert [document["total"] for document in documents[1:]] == invoiced


@pytest.mark.parametrize("closed", CLOSED)
async def test_a_period_before_such_an_end_is_told_with_the_starts_that_are_right(
    unit_of_work: UnitOfWork, records: Records, closed: str
) -> None:
    await ended(unit_of_work, records, closed)
    row = AGAIN | {"current_period": period(date(2026, 6, 9), JULY), "next_billing_date": JULY}
    (problem,) = await errors(unit_of_work, **row)
    assert (problem.path[2:], problem.code) == (("current_period", "starts_on"), CONFLICT)
    current = "" if closed == "cut" else "2026-06-01, the start of the current period, or "
    assert problem.message == (
        f"must be {current}2026-06-10 or later: a transition has ended the subscription on 2026-06-10."
    )


async def test_a_paid_period_after_a_trial_lacks_only_its_status(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock
) -> None:
    await stored(unit_of_work, records, status="TRIAL", trial_ends_on=JULY, current_period=period(net_amount=0))
    clock.now = datetime(2026, 7, 1, 10, tzinfo=UTC)
    paid = {"current_period": period(JULY, AUGUST, billed_amount=300, billed_on=JULY), "next_billing_date": AUGUST}
    (problem,) = await errors(unit_of_work, **paid)
    assert (problem.path[2:], problem.code) == (("status",), INCONSISTENT)
    assert problem.message.startswith("must be ACTIVE")
    assert await sent(unit_of_work, status="ACTIVE", **paid) == []


@pytest.mark.parametrize("started_on", [date(2026, 1, 1), AUGUST])
async def test_a_scheduled_subscription_with_another_start_has_one_problem(
    unit_of_work: UnitOfWork, records: Records, started_on: date
) -> None:
    later: dict[str, Any] = {"status": "SCHEDULED", "started_on": started_on, "current_period": period(JULY, AUGUST)}
    row = new_subscription(await records.customer(), **later)
    outcome = await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW)
    assert [problem.path[2:] for problem in outcome.results[0].errors] == [("started_on",)]
