"""Messages of the billing system beside transitions: none undoes a cut, and both take the same locks in one order."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected, SubscriptionMovedProblem
from app.domain.upserts import RejectionPolicy
from app.services.upsert_subscriptions import (
    UpsertSubscriptionsCommand,
    UpsertSubscriptionsOutcome,
    upsert_subscriptions,
)
from tests.services.rivals import in_turn, meeting
from tests.services.updates import PARENT, update
from tests.support.clock import DatabaseClock
from tests.support.mirror import (
    AUGUST,
    CREATED,
    JULY,
    JUNE,
    REFUSED,
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
ROW_BY_ROW = RejectionPolicy.ROW_BY_ROW
CUT = date(2026, 6, 19)
STUB = {"starts_on": CUT, "ends_on": date(2026, 7, 15)}


async def mirrored(unit_of_work: UnitOfWork, customer: UUID, **values: Any) -> UUID:
    """A subscription that is billed for June."""
    subscription = (await mirror(unit_of_work, new_subscription(customer, **values))).results[0].subscription
    assert subscription is not None
    return subscription.id


async def linked(unit_of_work: UnitOfWork, records: Records, **values: Any) -> tuple[UUID, UUID, UUID]:
    """A subscription whose customer's parent pays from 19 June on: the parent, the subscription and the transition."""
    parent, customer = await records.customer(**PARENT), await records.customer()
    subscription = await mirrored(unit_of_work, customer, **values)
    active = [subscription] if values.get("status", "ACTIVE") == "ACTIVE" else []
    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    transition = (await update(unit_of_work, customer, fields, *active)).transition_id
    assert transition is not None
    return parent, subscription, transition


LATE: dict[str, dict[str, Any]] = {
    "a credit of the old period": {"current_period": period(billed_amount=300, credited_amount=30)},
    "the next period of the old rhythm": {"current_period": period(JULY, AUGUST, billed_amount=300)},
    "a new price": {"net_amount": 400},
    "a cancellation": {"status": "PENDING_CANCELLATION", "ends_on": JULY},
    "the version before": {"net_amount": 400, "expected_version": 1},
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
async def test_a_message_older_than_a_transition_is_rejected(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, late: dict[str, Any]
) -> None:
    _, _, transition = await linked(unit_of_work, records)
    before = await everything_of(owner_engine, company)

    outcome = await mirror(unit_of_work, {"external_system_id": "s"} | late, on_refusal=ROW_BY_ROW)

    assert problems(outcome) == [("", ErrorCode.SUBSCRIPTION_MOVED)]
    (moved,) = outcome.results[0].errors
    assert isinstance(moved, SubscriptionMovedProblem)
    assert (moved.transition_id, moved.version, moved.http_status) == (transition, 2, 409)
    assert await everything_of(owner_engine, company) == before


async def test_who_has_seen_a_transition_goes_on_from_its_period(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, clock: DatabaseClock
) -> None:
    parent, _, transition = await linked(unit_of_work, records)
    clock.now = datetime(2026, 7, 15, 10, tzinfo=UTC)
    key = {"external_system_id": "s"}
    stub = {"current_period": STUB | {"billed_amount": 260, "billed_on": date(2026, 7, 15)}}

    assert outcomes(await mirror(unit_of_work, key | stub | {"expected_version": 2})) == [UPDATED]
    # Until a later period was sent, what a transition sets is changed only by messages that say what they have seen.
    assert problems(await mirror(unit_of_work, key | {"anchor_day": 1}, on_refusal=ROW_BY_ROW)) == [
        ("", ErrorCode.SUBSCRIPTION_MOVED)
    ]
    assert outcomes(await mirror(unit_of_work, key | stub)) == [UNCHANGED]
    days = {"starts_on": date(2026, 7, 15), "ends_on": date(2026, 8, 15)}
    following = {"current_period": period(**days), "next_billing_date": days["ends_on"]}
    assert outcomes(await mirror(unit_of_work, key | following | {"expected_version": 3})) == [UPDATED]
    assert outcomes(await mirror(unit_of_work, key | {"name": "New"})) == [UPDATED]

    # What is older than the transition is so for ever.
    outcome = await mirror(unit_of_work, key | {"current_period": period(credited_amount=300)}, on_refusal=ROW_BY_ROW)
    (moved,) = outcome.results[0].errors
    assert isinstance(moved, SubscriptionMovedProblem)
    assert (moved.transition_id, moved.version) == (transition, 5)
    columns = tables.subscription_periods.c
    stored = await rows_of(owner_engine, tables.subscription_periods, company, columns.sequence)
    assert [
        (period["starts_on"], period["cut_on"], period["billed_amount"], period["payer_customer_id"])
        for period in stored
    ][1:] == [
        (CUT, None, 260, parent),
        (date(2026, 7, 15), None, 0, parent),
    ]


@pytest.mark.parametrize(
    "late",
    [
        {"status": "PENDING_CANCELLATION", "ends_on": date(2026, 8, 1), "anchor_day": 1, "next_billing_date": JULY},
        {"anchor_day": 1},
        {"next_billing_date": AUGUST},
        {"ends_on": date(2026, 12, 1)},
        {"status": "PAUSED", "name": "Late"},
    ],
    ids=str,
)
async def test_a_message_without_period_undoes_no_transition_after_the_next_period(
    unit_of_work: UnitOfWork,
    records: Records,
    owner_engine: AsyncEngine,
    company: UUID,
    clock: DatabaseClock,
    late: dict[str, Any],
) -> None:
    _, _, transition = await linked(unit_of_work, records)
    billed_on = date(2026, 7, 15)
    clock.now = datetime(2026, 7, 15, 10, tzinfo=UTC)
    key = {"external_system_id": "s"}
    following = {"current_period": period(billed_on, date(2026, 8, 15), billed_amount=300, billed_on=billed_on)}
    stub = {"current_period": STUB | {"billed_amount": 260, "billed_on": billed_on}}
    assert outcomes(await mirror(unit_of_work, key | stub | {"expected_version": 2})) == [UPDATED]
    assert outcomes(await mirror(unit_of_work, key | following | {"expected_version": 3})) == [UPDATED]
    before = await everything_of(owner_engine, company)

    outcome = await mirror(unit_of_work, key | late, on_refusal=ROW_BY_ROW)

    assert problems(outcome) == [("", ErrorCode.SUBSCRIPTION_MOVED)]
    (moved,) = outcome.results[0].errors
    assert isinstance(moved, SubscriptionMovedProblem)
    assert (moved.transition_id, moved.version) == (transition, 4)
    assert await everything_of(owner_engine, company) == before
    # What is sent with the version is not from before it.
    assert outcomes(await mirror(unit_of_work, key | {"status": "PAUSED", "expected_version": 4})) == [UPDATED]


async def test_the_version_of_the_transition_is_named_also_after_a_message(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    await linked(unit_of_work, records)
    assert outcomes(await mirror(unit_of_work, {"external_system_id": "s", "name": "Seen", "expected_version": 2})) == [
        UPDATED
    ]
    late = {"external_system_id": "s", "name": "Late", "expected_version": 1}
    (moved,) = (await mirror(unit_of_work, late, on_refusal=ROW_BY_ROW)).results[0].errors
    assert "older than version 2," in moved.message
    assert moved.message.endswith("with expectedVersion 3.")


async def test_a_message_with_an_outdated_version_is_not_older_than_the_transition(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    await linked(unit_of_work, records)
    seen = {"external_system_id": "s", "expected_version": 2}
    assert outcomes(await mirror(unit_of_work, seen | {"name": "Seen"})) == [UPDATED]

    outcome = await mirror(unit_of_work, seen | {"current_period": period(JULY, AUGUST)}, on_refusal=ROW_BY_ROW)

    assert problems(outcome) == [
        ("current_period.starts_on", ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT),
        ("expected_version", ErrorCode.VERSION_CONFLICT),
    ]


async def test_a_message_that_has_seen_a_transition_and_is_wrong_is_told_so(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    await linked(unit_of_work, records)
    outcome = await mirror(
        unit_of_work,
        {"external_system_id": "s", "expected_version": 2, "current_period": period(JULY, AUGUST)},
        on_refusal=ROW_BY_ROW,
    )
    assert problems(outcome) == [("current_period.starts_on", ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT)]


async def test_a_transition_on_the_first_day_of_a_period_is_not_undone_by_its_bill(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    first = {"started_on": CUT, "current_period": period(CUT, date(2026, 7, 19)), "anchor_day": 19}
    await linked(unit_of_work, records, **first)
    before = await everything_of(owner_engine, company)

    outcome = await mirror(
        unit_of_work,
        {"external_system_id": "s", "current_period": period(CUT, date(2026, 7, 19), billed_amount=300)},
        on_refusal=ROW_BY_ROW,
    )

    assert problems(outcome) == [("", ErrorCode.SUBSCRIPTION_MOVED)]
    assert await everything_of(owner_engine, company) == before


async def test_a_pause_that_got_a_new_payer_and_a_new_billing_day_are_not_undone(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    parent, _, transition = await linked(unit_of_work, records, status="PAUSED", current_period=period())
    late = {"external_system_id": "s", "current_period": period(billed_amount=300)}
    (moved,) = (await mirror(unit_of_work, late, on_refusal=ROW_BY_ROW)).results[0].errors
    assert isinstance(moved, SubscriptionMovedProblem)
    assert (moved.transition_id, moved.version) == (transition, 2)

    own = await records.customer(**PARENT)
    await mirror(unit_of_work, new_subscription(own, "own"))
    await update(unit_of_work, own, {"billing_day": 20})
    late = {"external_system_id": "own", "next_billing_date": JULY, "anchor_day": 1}
    (moved,) = (await mirror(unit_of_work, late | {"name": "New"}, on_refusal=ROW_BY_ROW)).results[0].errors
    assert isinstance(moved, SubscriptionMovedProblem)
    assert (moved.transition_id, moved.version) == (None, 2)
    await update(unit_of_work, parent, {"billing_day": 20})
    late = {"external_system_id": "s", "name": "New"}
    (moved,) = (await mirror(unit_of_work, late, on_refusal=ROW_BY_ROW)).results[0].errors
    assert isinstance(moved, SubscriptionMovedProblem)
    # The last to move it was the new billing day.
    assert (moved.transition_id, moved.version) == (None, 3)


async def test_what_a_list_told_of_a_transition_is_replayed(unit_of_work: UnitOfWork, records: Records) -> None:
    await linked(unit_of_work, records)
    command = UpsertSubscriptionsCommand(({"external_system_id": "s", "name": "Late"},), ROW_BY_ROW)
    first, _ = await upsert_subscriptions(unit_of_work, "biller", command, "k")
    assert await upsert_subscriptions(unit_of_work, "biller", command, "k") == (first, True)
    assert isinstance(first.results[0].errors[0], SubscriptionMovedProblem)


async def test_what_a_late_biller_sends_after_a_transition_caught_up_is_rejected(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    may = {
        "current_period": period(date(2026, 5, 1), JUNE, billed_amount=300, billed_on=date(2026, 5, 1)),
        "next_billing_date": JUNE,
    }
    await linked(unit_of_work, records, **may)
    documents = await rows_of(owner_engine, tables.billing_documents, company)
    assert [(document["kind"], document["total"]) for document in documents] == [("INVOICE", Decimal("180.00"))]

    outcome = await mirror(
        unit_of_work,
        {"external_system_id": "s", "current_period": period(billed_amount=300, billed_on=JUNE)},
        on_refusal=ROW_BY_ROW,
    )

    assert problems(outcome) == [("", ErrorCode.SUBSCRIPTION_MOVED)]


async def test_an_overdue_subscription_that_has_ended_stays_on_its_last_period(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    may = period(date(2026, 5, 1), JUNE, billed_amount=300, billed_on=date(2026, 5, 1))
    end = date(2026, 6, 10)
    parent, customer = await records.customer(**PARENT), await records.customer()
    ending: dict[str, Any] = {"status": "PENDING_CANCELLATION", "ends_on": end}
    subscription = await mirrored(unit_of_work, customer, current_period=may, next_billing_date=JUNE, **ending)
    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    await update(unit_of_work, customer, fields, subscription)

    # The transition has billed the days from June until the end; no period follows.
    (stored,) = await rows_of(owner_engine, tables.subscriptions, company)
    assert (stored["current_period_start"], stored["current_period_end"]) == (JUNE, end)
    *_, last = await rows_of(owner_engine, tables.subscription_periods, company, tables.subscription_periods.c.sequence)
    assert (last["starts_on"], last["ends_on"], last["cut_on"]) == (JUNE, end, None)
    assert (last["payer_customer_id"], last["billed_amount"]) == (customer, Decimal("90.00"))

    next_row = {"external_system_id": "s", "current_period": period(billed_amount=300, billed_on=JUNE)}
    assert problems(await mirror(unit_of_work, next_row, on_refusal=ROW_BY_ROW)) == [("", ErrorCode.SUBSCRIPTION_MOVED)]
    seen = {"expected_version": 2}
    assert problems(await mirror(unit_of_work, next_row | seen, on_refusal=ROW_BY_ROW)) == [
        (f"current_period.{name}", ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT) for name in ("ends_on", "net_amount")
    ]
    # The invoice is the transition's, so its day is in the billing document: a credit needs none.
    credited = {"starts_on": JUNE, "ends_on": end, "credited_amount": 30}
    outcome = await mirror(unit_of_work, {"external_system_id": "s", "current_period": credited, **seen})
    assert outcomes(outcome) == [UPDATED]
    *_, last = await rows_of(owner_engine, tables.subscription_periods, company, tables.subscription_periods.c.sequence)
    assert (last["billed_on"], last["billed_amount"], last["credited_amount"]) == (None, 90, 30)
    over = {"external_system_id": "s", "status": "CANCELLED", "expected_version": 3}
    assert outcomes(await mirror(unit_of_work, over)) == [UPDATED]


async def test_a_message_waits_for_a_write_of_its_subscription_and_then_is_judged(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    subscription = await mirrored(unit_of_work, await records.customer())
    rows = tables.subscriptions
    written = rows.update().where(rows.c.id == subscription).values(name="Written", version=2)
    message = {"external_system_id": "s", "name": "Late", "expected_version": 1}

    (outcome,) = await meeting(owner_engine, written, mirror(unit_of_work, message, on_refusal=ROW_BY_ROW))

    assert problems(outcome) == [("expected_version", ErrorCode.VERSION_CONFLICT)]
    (stored,) = await rows_of(owner_engine, rows, company)
    assert (stored["name"], stored["version"]) == ("Written", 2)


@pytest.mark.parametrize("order", ["message first", "transition first"])
async def test_a_message_and_a_transition_that_meet_follow_each_other(
    database: Database, records: Records, owner_engine: AsyncEngine, company: UUID, order: str
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    subscription = await mirrored(
        UnitOfWork(database, company), customer, billing_direction="ARREARS", current_period=period()
    )
    message = mirror(
        UnitOfWork(database, company),
        {"external_system_id": "s", "current_period": period(billed_amount=100, billed_on=CUT)},
        on_refusal=ROW_BY_ROW,
    )
    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    change = update(UnitOfWork(database, company), customer, fields, subscription)
    held = select(tables.customers.c.id).where(tables.customers.c.id == customer).with_for_update()

    rivals = (message, change) if order == "message first" else (change, message)
    found = await in_turn(owner_engine, held, *rivals)

    assert not [answer for answer in found if isinstance(answer, BaseException)]
    (outcome,) = [answer for answer in found if isinstance(answer, UpsertSubscriptionsOutcome)]
    documents = await rows_of(owner_engine, tables.billing_documents, company)
    totals = [(document["kind"], document["payer_customer_id"], document["total"]) for document in documents]
    if order == "message first":
        assert outcomes(outcome) == [UPDATED]
        assert totals == [("INVOICE", customer, Decimal("80.00"))]
    else:
        assert problems(outcome) == [("", ErrorCode.SUBSCRIPTION_MOVED)]
        assert totals == [("INVOICE", customer, Decimal("180.00"))]


@pytest.mark.parametrize("order", ["message first", "transition first"])
async def test_a_new_subscription_is_acknowledged_or_begins_under_the_new_payer(
    database: Database, records: Records, owner_engine: AsyncEngine, company: UUID, order: str
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    subscription = await mirrored(UnitOfWork(database, company), customer)
    message = mirror(UnitOfWork(database, company), new_subscription(customer, "late"))
    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    change = update(UnitOfWork(database, company), customer, fields, subscription)
    held = select(tables.customers.c.id).where(tables.customers.c.id == customer).with_for_update()

    rivals = (message, change) if order == "message first" else (change, message)
    found = await in_turn(owner_engine, held, *rivals)

    rejected = [answer for answer in found if isinstance(answer, BaseException)]
    (outcome,) = [answer for answer in found if isinstance(answer, UpsertSubscriptionsOutcome)]
    (made,) = outcome.results
    assert made.outcome is CREATED
    assert made.subscription is not None
    periods = await rows_of(owner_engine, tables.subscription_periods, company)
    (payer,) = [period["payer_customer_id"] for period in periods if period["subscription_id"] == made.subscription.id]
    if order == "message first":
        assert payer == customer
        (reason,) = rejected
        assert isinstance(reason, Rejected)
        assert [problem.code for problem in reason.problems] == [ErrorCode.SUBSCRIPTION_TRANSITIONS_INCOMPLETE]
    else:
        assert (payer, rejected) == (parent, [])


async def test_lists_that_meet_make_each_subscription_once(
    database: Database, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    rows = [new_subscription(customer, f"s{place}") for place in range(10)]
    held = select(tables.customers.c.id).where(tables.customers.c.id == customer).with_for_update()

    found = await in_turn(
        owner_engine,
        held,
        *(mirror(UnitOfWork(database, company), *(rows if place % 2 else rows[::-1])) for place in range(3)),
    )

    assert [set(outcomes(answer)) for answer in found] == [{CREATED}, {UNCHANGED}, {UNCHANGED}]
    assert len(await rows_of(owner_engine, tables.subscriptions, company)) == 10
    assert REFUSED not in {result.outcome for outcome in found for result in outcome.results}
