"""upsertSubscriptions: what becomes of each row, what is recorded, and what it costs."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.customer_keys import CustomerKey
from app.domain.errors import CustomersProblem, ErrorCode, Rejected, SubscriptionsProblem, VersionProblem
from app.domain.upserts import RejectionPolicy
from app.services.upsert_subscriptions import (
    UpsertSubscriptionsCommand,
    UpsertSubscriptionsOutcome,
    upsert_subscriptions,
)
from tests.support.clock import DatabaseClock
from tests.support.mirror import (
    AUGUST,
    CREATED,
    JULY,
    JUNE,
    REFUSED,
    SEPTEMBER,
    UNCHANGED,
    UPDATED,
    mirror,
    new_subscription,
    outcomes,
    period,
    problems,
)
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of
from tests.support.upserts import rows_of

pytestmark = pytest.mark.usefixtures("first_of_august")
ROW_BY_ROW = RejectionPolicy.ROW_BY_ROW
PERIODS = tables.subscription_periods


@pytest.fixture
def first_of_august(clock: DatabaseClock) -> None:
    """1 August 2026, on which June and July are over."""
    clock.now = datetime(2026, 8, 1, 10, tzinfo=UTC)


async def periods_of(engine: AsyncEngine, company: UUID) -> list[dict[str, Any]]:
    return await rows_of(engine, PERIODS, company, PERIODS.c.subscription_id, PERIODS.c.sequence)


async def test_a_subscription_is_created_with_its_period_for_who_pays(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer()
    customer = await records.customer(
        customer_number="7",
        external_system_id="crm-7",
        parent_customer_id=parent,
        billing_relationship="PARENT_PAYS",
    )
    other = await records.customer()

    outcome = await mirror(
        unit_of_work,
        new_subscription(customer, "a"),
        new_subscription(CustomerKey("customer_number", "7"), " b "),
        new_subscription(
            CustomerKey("external_system_id", "crm-7"), "c", billing_direction="ARREARS", interval_months=3
        ),
        new_subscription(other, "d"),
    )

    assert outcomes(outcome) == [CREATED] * 4
    shown = [result.subscription for result in outcome.results]
    assert [
        (
            subscription.external_system_id,
            subscription.billing_direction,
            subscription.interval_months,
            subscription.version,
        )
        for subscription in shown
        if subscription
    ] == [
        ("a", "ADVANCE", 1, 1),
        ("b", "ADVANCE", 1, 1),
        ("c", "ARREARS", 3, 1),
        ("d", "ADVANCE", 1, 1),
    ]
    payer_of = {period["subscription_id"]: period for period in await periods_of(owner_engine, company)}
    assert [payer_of[subscription.id]["payer_customer_id"] for subscription in shown if subscription] == [
        parent,
        parent,
        parent,
        other,
    ]
    (first, *_) = [payer_of[subscription.id] for subscription in shown if subscription]
    assert (first["sequence"], first["starts_on"], first["ends_on"], first["net_amount"]) == (1, JUNE, JULY, 300)
    assert (first["billed_amount"], first["credited_amount"], first["billed_on"]) == (300, 0, JUNE)
    events = await rows_of(owner_engine, tables.outbox_events, company, tables.outbox_events.c.sequence)
    assert [(event["type"], event["actor"], event["data"]) for event in events][:1] == [
        (
            "subscription.created",
            "biller",
            {"version": 1, "customerId": str(customer), "externalSystemId": "a"},
        )
    ]
    assert [event["subject_id"] for event in events] == [subscription.id for subscription in shown if subscription]


async def test_a_row_changes_what_it_says_and_nothing_else(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    await mirror(
        unit_of_work, new_subscription(customer, "a"), new_subscription(customer, "b"), new_subscription(customer, "c")
    )

    outcome = await mirror(
        unit_of_work,
        {"external_system_id": "a", "name": "New", "ends_on": AUGUST},
        {"external_system_id": "b", "current_period": period(credited_amount=Decimal("12.50"))},
        {"external_system_id": "c"},
    )

    assert outcomes(outcome) == [UPDATED, UPDATED, UNCHANGED]
    assert [result.changed_fields for result in outcome.results] == [("endsOn", "name"), ("currentPeriod",), ()]
    assert [result.subscription and result.subscription.version for result in outcome.results] == [2, 2, 1]
    recorded = [
        (period["billed_amount"], period["credited_amount"]) for period in await periods_of(owner_engine, company)
    ]
    assert recorded == [(300, 0), (300, Decimal("12.50")), (300, 0)]
    events = await rows_of(owner_engine, tables.outbox_events, company, tables.outbox_events.c.sequence)
    assert [(event["type"], event["data"]) for event in events[3:]] == [
        (
            "subscription.updated",
            {"version": 2, "customerId": str(customer), "changedFields": ["endsOn", "name"]},
        ),
        ("subscription.updated", {"version": 2, "customerId": str(customer), "changedFields": ["currentPeriod"]}),
    ]


async def test_what_is_stored_already_is_unchanged_and_writes_nothing(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    row = new_subscription(customer, ends_on=AUGUST)
    await mirror(unit_of_work, row)
    before = await everything_of(owner_engine, company)

    assert outcomes(await mirror(unit_of_work, row)) == [UNCHANGED]
    assert outcomes(await mirror(unit_of_work, row | {"expected_version": 9, "net_amount": Decimal("300.00")})) == [
        UNCHANGED
    ]
    assert await everything_of(owner_engine, company) == before


async def test_the_next_period_leaves_the_one_before_it_as_history_with_its_payer(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    await mirror(unit_of_work, new_subscription(customer))

    outcome = await mirror(
        unit_of_work,
        {
            "external_system_id": "s",
            "current_period": period(JULY, AUGUST, billed_amount=300, billed_on=JULY),
            "next_billing_date": AUGUST,
        },
    )

    assert outcome.results[0].changed_fields == ("currentPeriod", "nextBillingDate")
    subscription = outcome.results[0].subscription
    assert subscription is not None
    assert (subscription.current_period_start, subscription.current_period_end) == (JULY, AUGUST)
    recorded = await periods_of(owner_engine, company)
    assert [
        (period["sequence"], period["starts_on"], period["cut_on"], period["billed_on"]) for period in recorded
    ] == [
        (1, JUNE, None, JUNE),
        (2, JULY, None, JULY),
    ]


MISPLACED = [
    ("overlapping", period(date(2026, 6, 30), AUGUST)),
    ("older", period(date(2026, 5, 1), JUNE)),
    ("leaving a day out", period(date(2026, 7, 2), AUGUST)),
]


@pytest.mark.parametrize("sent", [message for _, message in MISPLACED], ids=[name for name, _ in MISPLACED])
async def test_a_period_that_overlaps_or_leaves_days_out_is_rejected(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, sent: dict[str, Any]
) -> None:
    await mirror(unit_of_work, new_subscription(await records.customer()))
    before = await everything_of(owner_engine, company)

    outcome = await mirror(unit_of_work, {"external_system_id": "s", "current_period": sent}, on_refusal=ROW_BY_ROW)

    assert problems(outcome) == [("current_period.starts_on", ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT)]
    assert await everything_of(owner_engine, company) == before


async def test_a_pause_may_leave_days_out_and_what_has_not_begun_may_move(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    later: dict[str, Any] = {"status": "SCHEDULED", "started_on": SEPTEMBER, "next_billing_date": SEPTEMBER}
    later["current_period"] = period(SEPTEMBER, date(2026, 10, 1))
    await mirror(
        unit_of_work, new_subscription(customer, "a", status="PAUSED"), new_subscription(customer, "b", **later)
    )

    outcome = await mirror(
        unit_of_work,
        {
            "external_system_id": "a",
            "status": "ACTIVE",
            "current_period": period(date(2026, 7, 20), date(2026, 8, 20)),
            "next_billing_date": date(2026, 8, 20),
        },
        {
            "external_system_id": "b",
            "started_on": JULY,
            "current_period": period(JULY, AUGUST),
            "next_billing_date": AUGUST,
        },
    )

    assert outcomes(outcome) == [UPDATED, UPDATED]
    recorded = await periods_of(owner_engine, company)
    found = sorted((period["sequence"], period["starts_on"]) for period in recorded)
    assert found == [(1, JUNE), (1, JULY), (2, date(2026, 7, 20))]


INCONSISTENT: list[tuple[dict[str, Any], list[str]]] = [
    ({"ends_on": date(2025, 12, 31)}, ["ends_on", "current_period.starts_on"]),
    ({"started_on": date(2026, 6, 2)}, ["started_on"]),
    ({"status": "PENDING_CANCELLATION"}, ["ends_on"]),
    ({"status": "CANCELLED"}, ["ends_on", "next_billing_date"]),
    ({"status": "EXPIRED", "ends_on": JULY, "next_billing_date": None}, []),
    ({"status": "TRIAL"}, ["trial_ends_on"]),
    ({"trial_ends_on": date(2026, 6, 9)}, ["status"]),
    ({"status": "SCHEDULED"}, ["started_on"]),
    (
        {"status": "TRIAL", "trial_ends_on": date(2026, 6, 15)},
        ["current_period.ends_on", "current_period.net_amount", "current_period.billed_amount"],
    ),
    ({"status": "TRIAL", "trial_ends_on": JULY, "current_period": period(net_amount=0)}, []),
    ({"current_period": period(JUNE, JUNE)}, ["current_period.ends_on"]),
    (
        {"current_period": period(billed_amount=1, credited_amount=2, billed_on=JUNE)},
        ["current_period.credited_amount"],
    ),
    ({"ends_on": JUNE}, ["current_period.starts_on"]),
]


@pytest.mark.parametrize(("values", "expected"), INCONSISTENT)
async def test_what_contradicts_itself_is_rejected_with_every_reason(
    unit_of_work: UnitOfWork,
    records: Records,
    owner_engine: AsyncEngine,
    company: UUID,
    values: dict[str, Any],
    expected: list[str],
) -> None:
    customer = await records.customer()
    before = await everything_of(owner_engine, company)

    outcome = await mirror(unit_of_work, new_subscription(customer, **values), on_refusal=ROW_BY_ROW)

    assert problems(outcome) == [(path, ErrorCode.SUBSCRIPTION_INCONSISTENT) for path in expected]
    if expected:
        assert await everything_of(owner_engine, company) == before


async def test_all_problems_of_a_row_are_told_at_their_paths(unit_of_work: UnitOfWork, records: Records) -> None:
    customer = await records.customer()
    outcome = await mirror(
        unit_of_work,
        new_subscription(
            uuid4(), "a", name=" ", currency="KR", current_period={"starts_on": None, "ends_on": 7, "net_amount": -1}
        ),
        {"external_system_id": "b"},
        {"name": "No key"},
        new_subscription(customer, " ") | {"customer": {"id": customer, "customer_number": "1"}},
        {"id": uuid4()},
        new_subscription(customer, "c", expected_version=1),
        on_refusal=ROW_BY_ROW,
    )
    required = ErrorCode.FIELD_REQUIRED
    assert [problems(outcome, index) for index in range(6)] == [
        [
            ("name", required),
            ("currency", ErrorCode.FIELD_INVALID),
            ("current_period.starts_on", required),
            ("current_period.ends_on", ErrorCode.FIELD_INVALID),
            ("current_period.net_amount", ErrorCode.FIELD_INVALID),
            ("customer.id", ErrorCode.CUSTOMER_NOT_FOUND),
        ],
        [
            (name, required)
            for name in (
                "customer",
                "name",
                "status",
                "currency",
                "net_amount",
                "anchor_day",
                "started_on",
                "current_period",
            )
        ],
        [("external_system_id", required)],
        [("customer", ErrorCode.FIELD_INVALID), ("external_system_id", required)],
        [("id", ErrorCode.SUBSCRIPTION_NOT_FOUND)],
        [("expected_version", ErrorCode.SUBSCRIPTION_NOT_FOUND)],
    ]


async def test_one_rejected_row_keeps_all_from_being_written_unless_told_otherwise(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected) as rejected:
        await mirror(
            unit_of_work, new_subscription(customer, "a"), {"external_system_id": "b"} | {"name": " "}, key="k"
        )
    assert isinstance(rejected.value.current, UpsertSubscriptionsOutcome)
    assert outcomes(rejected.value.current) == [CREATED, REFUSED]
    dry = await mirror(unit_of_work, new_subscription(customer, "a"), dry_run=True, key="k")
    assert (outcomes(dry), dry.results[0].subscription) == ([CREATED], None)
    assert await everything_of(owner_engine, company) == before


async def test_the_same_key_answers_the_same_again_and_another_list_is_rejected(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    row = new_subscription(await records.customer())
    bad = {"external_system_id": "t", "expected_version": 1}
    command = UpsertSubscriptionsCommand((row, bad), ROW_BY_ROW)
    first, _ = await upsert_subscriptions(unit_of_work, "biller", command, "k")
    before = await everything_of(owner_engine, company)
    spelled = {**row, "net_amount": Decimal("300.0"), "expected_version": None}

    again, replayed = await upsert_subscriptions(
        unit_of_work, "biller", UpsertSubscriptionsCommand((spelled, bad), ROW_BY_ROW), "k"
    )

    assert (again, replayed) == (first, True)
    assert await everything_of(owner_engine, company) == before
    with pytest.raises(Rejected, match="IDEMPOTENCY_KEY_REUSED"):
        await mirror(unit_of_work, row, key="k")


async def test_an_id_finds_a_subscription_and_gives_it_a_key(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer()
    legacy = await records.subscription(customer)
    taken = (await mirror(unit_of_work, new_subscription(customer, "taken"))).results[0].subscription
    assert taken is not None

    outcome = await mirror(
        unit_of_work,
        {"id": legacy, "external_system_id": "taken"},
        {"id": str(legacy)} | {"name": "Twice"},
        on_refusal=ROW_BY_ROW,
    )
    assert [problems(outcome, index) for index in range(2)] == [[("id", ErrorCode.FIELD_CONFLICT)]] * 2
    outcome = await mirror(unit_of_work, {"id": legacy, "external_system_id": "taken"}, on_refusal=ROW_BY_ROW)
    (problem,) = outcome.results[0].errors
    assert isinstance(problem, SubscriptionsProblem)
    assert (problem.code, problem.subscription_ids) == (ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS, (taken.id,))

    outcome = await mirror(
        unit_of_work,
        {"id": legacy, "external_system_id": "own", "current_period": period(billed_amount=300, billed_on=JUNE)},
        new_subscription(customer, "own") | {"name": "Claimed"},
        on_refusal=ROW_BY_ROW,
    )
    assert outcomes(outcome) == [UPDATED, REFUSED]
    assert problems(outcome, 1) == [("external_system_id", ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS)]
    # What had no record has one from now on.
    recorded = [period for period in await periods_of(owner_engine, company) if period["subscription_id"] == legacy]
    assert [(period["payer_customer_id"], period["billed_amount"]) for period in recorded] == [(customer, 300)]


async def test_customer_and_currency_stay_and_a_version_that_is_over_is_told(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer, other = await records.customer(), await records.customer()
    await mirror(unit_of_work, new_subscription(customer))
    before = await everything_of(owner_engine, company)

    outcome = await mirror(
        unit_of_work,
        {"external_system_id": "s", "customer": {"id": other}, "currency": "EUR", "expected_version": 2},
        on_refusal=ROW_BY_ROW,
    )

    assert problems(outcome) == [
        ("expected_version", ErrorCode.VERSION_CONFLICT),
        ("customer", ErrorCode.SUBSCRIPTION_FIELD_FIXED),
        ("currency", ErrorCode.SUBSCRIPTION_FIELD_FIXED),
    ]
    (conflict, *_) = outcome.results[0].errors
    assert isinstance(conflict, VersionProblem)
    assert (conflict.expected_version, conflict.actual_version) == (2, 1)
    assert await everything_of(owner_engine, company) == before
    updated = await mirror(unit_of_work, {"external_system_id": "s", "name": "New", "expected_version": 1})
    assert outcomes(updated) == [UPDATED]


async def test_a_single_invoice_takes_subscriptions_in_its_own_currency_only(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    parent = await records.customer(consolidation_mode="SINGLE_INVOICE", billing_day=15)
    child = await records.customer(parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    itself = await records.customer(parent_customer_id=parent)
    ended = {"status": "CANCELLED", "ends_on": JULY, "next_billing_date": None}

    outcome = await mirror(
        unit_of_work,
        new_subscription(child, "a", currency="EUR"),
        new_subscription(child, "b", currency="EUR", **ended),
        new_subscription(itself, "c", currency="EUR"),
        on_refusal=ROW_BY_ROW,
    )

    assert outcomes(outcome) == [REFUSED, CREATED, CREATED]
    (problem,) = outcome.results[0].errors
    assert isinstance(problem, CustomersProblem)
    assert (problem.code, problem.customer_ids) == (ErrorCode.PARENT_CURRENCY_MISMATCH, (parent,))
    again = await mirror(
        unit_of_work,
        {"external_system_id": "b", "status": "ACTIVE", "ends_on": None},
        on_refusal=ROW_BY_ROW,
    )
    assert problems(again) == [("currency", ErrorCode.PARENT_CURRENCY_MISMATCH)]


@pytest.mark.parametrize("count", [1, 50, 250])
async def test_a_list_costs_the_same_statements_however_long_it_is(
    database: Database, records: Records, company: UUID, count: int
) -> None:
    parent = await records.customer()
    customer = await records.customer(parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    await mirror(UnitOfWork(database, company), *(new_subscription(customer, f"old {place}") for place in range(count)))
    unit_of_work = UnitOfWork(database, company)
    july = {"current_period": period(JULY, AUGUST)}

    outcome = await mirror(
        unit_of_work,
        *(
            {"external_system_id": f"old {place}"} | (july if place % 2 == 0 else {"name": "New"})
            for place in range(count)
        ),
        *(new_subscription(customer, f"new {place}") for place in range(count)),
    )

    assert outcomes(outcome) == [UPDATED] * count + [CREATED] * count
    # Owners, customers, subscriptions, their periods, parents; two tables, the periods, what is stored now, records.
    # The time is the test's.
    assert unit_of_work.statements == 11


@pytest.mark.parametrize(("count", "code"), [(0, ErrorCode.FIELD_REQUIRED), (501, ErrorCode.FIELD_TOO_LONG)])
async def test_a_list_has_1_to_500_rows(unit_of_work: UnitOfWork, count: int, code: ErrorCode) -> None:
    with pytest.raises(Rejected) as rejected:
        await mirror(unit_of_work, *({"external_system_id": str(place)} for place in range(count)))
    assert [(problem.code, problem.path) for problem in rejected.value.problems] == [(code, ("rows",))]
    assert unit_of_work.statements == 0


async def test_another_companys_subscriptions_and_customers_do_not_exist(
    database: Database, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer(customer_number="theirs")
    stored = (await mirror(UnitOfWork(database, company), new_subscription(customer))).results[0].subscription
    assert stored is not None
    other = await new_company(owner_engine)
    own = await Records(owner_engine, other).customer()
    before = await everything_of(owner_engine, company)

    outcome = await mirror(
        UnitOfWork(database, other),
        {"id": stored.id, "name": "Ours"},
        new_subscription(customer, "a"),
        new_subscription(CustomerKey("customer_number", "theirs"), "b"),
        new_subscription(own, "s"),
        on_refusal=ROW_BY_ROW,
    )

    assert [problems(outcome, index) for index in range(4)] == [
        [("id", ErrorCode.SUBSCRIPTION_NOT_FOUND)],
        [("customer.id", ErrorCode.CUSTOMER_NOT_FOUND)],
        [("customer.customer_number", ErrorCode.CUSTOMER_NOT_FOUND)],
        [],
    ]
    assert await everything_of(owner_engine, company) == before
