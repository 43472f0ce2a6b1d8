"""What changes of payer book over some weeks: link, detach, pause, late billing, billing days and currencies, by every
way to write."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update as sql_update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected, SubscriptionsProblem
from app.domain.transition import Transition
from app.services.update_customer import UpdateCustomerCommand, update_customer
from app.services.upsert_customers import upsert_customers
from tests.services.updates import PARENT, billed, previewed, rows_of, update
from tests.support.clock import DatabaseClock
from tests.support.records import Records
from tests.support.untouched import everything_of
from tests.support.upserts import command, upsert

Change = Callable[..., Awaitable[None]]
PAYS = "PARENT_PAYS"


@pytest.fixture(params=["update", "upsert"])
def change(request: pytest.FixtureRequest, unit_of_work: UnitOfWork) -> Change:
    """Changes a customer whose number is its key, alone or as the row of a list."""

    async def by_update(customer: UUID, _number: str, fields: dict[str, Any], *acknowledged: UUID) -> None:
        await update(unit_of_work, customer, fields, *acknowledged)

    async def by_upsert(_customer: UUID, number: str, fields: dict[str, Any], *acknowledged: UUID) -> None:
        row = {"external_system_id": number, **fields} | ({"acknowledged": acknowledged} if acknowledged else {})
        await upsert(unit_of_work, row)

    return by_update if request.param == "update" else by_upsert


class Ledger:
    """What was booked for the test's company."""

    def __init__(self, engine: AsyncEngine, company: UUID) -> None:
        self._engine = engine
        self._company = company

    async def documents(self) -> list[tuple[str, UUID, str, date]]:
        order = (tables.billing_documents.c.issued_on, tables.billing_documents.c.id)
        rows = await rows_of(self._engine, tables.billing_documents, self._company, *order)
        return [(row["kind"], row["payer_customer_id"], str(row["total"]), row["issued_on"]) for row in rows]

    async def subscription(self, id_: UUID) -> dict[str, Any]:
        rows = await rows_of(self._engine, tables.subscriptions, self._company)
        return next(row for row in rows if row["id"] == id_)

    async def set(self, table: Any, id_: UUID, **values: Any) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sql_update(table).where(table.c.id == id_).values(**values))


@pytest.fixture
def ledger(owner_engine: AsyncEngine, company: UUID) -> Ledger:
    return Ledger(owner_engine, company)


async def test_a_stub_that_is_left_before_its_billing_day_is_invoiced_to_its_payer(
    change: Change, records: Records, ledger: Ledger, clock: DatabaseClock
) -> None:
    parent = await records.customer(**PARENT)
    kid = await records.customer(external_system_id="kid")
    subscription = await billed(records, kid)

    await change(kid, "kid", {"parent_customer_id": parent, "billing_relationship": PAYS}, subscription)
    clock.now = datetime(2026, 7, 10, 10, tzinfo=UTC)
    await change(kid, "kid", {"parent_customer_id": None}, subscription)

    assert await ledger.documents() == [
        ("CREDIT_NOTE", kid, "120.00", date(2026, 6, 19)),
        ("INVOICE", parent, "210.00", date(2026, 7, 10)),
    ]


async def test_what_a_late_biller_left_out_is_booked_before_the_link(
    change: Change, records: Records, ledger: Ledger, clock: DatabaseClock
) -> None:
    parent = await records.customer(**PARENT)
    kid = await records.customer(external_system_id="kid")
    subscription = await billed(records, kid)
    clock.now = datetime(2026, 7, 10, 10, tzinfo=UTC)

    await change(kid, "kid", {"parent_customer_id": parent, "billing_relationship": PAYS}, subscription)

    assert await ledger.documents() == [("INVOICE", kid, "87.10", date(2026, 7, 10))]
    moved = await ledger.subscription(subscription)
    assert (moved["current_period_start"], moved["current_period_end"]) == (date(2026, 7, 10), date(2026, 7, 15))


async def test_a_credit_goes_to_whoever_paid_before_a_pause(
    change: Change, records: Records, ledger: Ledger, clock: DatabaseClock
) -> None:
    parent = await records.customer(**PARENT)
    kid = await records.customer(external_system_id="kid")
    subscription = await billed(records, kid, status="PAUSED")

    await change(kid, "kid", {"parent_customer_id": parent, "billing_relationship": PAYS})
    await ledger.set(tables.subscriptions, subscription, status="ACTIVE")
    await change(kid, "kid", {"parent_customer_id": None}, subscription)

    assert await ledger.documents() == [("CREDIT_NOTE", kid, "120.00", clock.now.date())]


async def test_a_new_billing_day_applies_to_all_subscriptions_that_the_parent_pays_for(
    change: Change, records: Records, ledger: Ledger, clock: DatabaseClock, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer(external_system_id="parent", **PARENT)
    children = {name: await records.customer(external_system_id=name) for name in ("kid", "sibling", "guest")}
    its = {name: await billed(records, child) for name, child in children.items()}
    link = {"parent_customer_id": parent, "billing_relationship": PAYS}
    await change(children["kid"], "kid", link, its["kid"])
    await change(children["guest"], "guest", {"parent_customer_id": parent}, its["guest"])
    own = await records.subscription(
        parent, current_period_start=date(2026, 6, 15), current_period_end=date(2026, 7, 15), anchor_day=15
    )
    documents = await ledger.documents()
    clock.now = datetime(2026, 6, 20, 10, tzinfo=UTC)

    await change(parent, "parent", {"billing_day": 20})
    await change(children["sibling"], "sibling", link, its["sibling"])

    for subscription in (its["kid"], its["sibling"], own):
        row = await ledger.subscription(subscription)
        assert (row["anchor_day"], row["next_billing_date"]) == (20, date(2026, 7, 20))
    assert (await ledger.subscription(its["guest"]))["anchor_day"] == 1
    assert (await ledger.documents())[: len(documents)] == documents
    assert len(await ledger.documents()) == len(documents) + 1
    events = await rows_of(owner_engine, tables.outbox_events, company, tables.outbox_events.c.sequence)
    told = [event for event in events if event["type"] == "subscription.rescheduled"]
    assert {event["subject_id"] for event in told} == {its["kid"], own}
    assert told[0]["data"] == {
        "version": (await ledger.subscription(told[0]["subject_id"]))["version"],
        "customerId": str(children["kid"] if told[0]["subject_id"] == its["kid"] else parent),
        "changedFields": ["anchorDay", "nextBillingDate"],
        "effectiveOn": "2026-06-20",
        "anchorDay": 20,
        "nextBillingDate": "2026-07-20",
    }
    transitions = await rows_of(owner_engine, tables.billing_transitions, company)
    assert len(transitions) == 3


@pytest.mark.usefixtures("clock")
async def test_a_new_billing_day_costs_the_same_statements_for_one_child_and_for_many(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    spent: set[int] = set()
    for children in (1, 10, 40):
        parent = await records.customer(**PARENT)
        for _ in range(children):
            child = await records.customer(parent_customer_id=parent, billing_relationship=PAYS)
            await billed(records, child, payer_id=parent)
        before = unit_of_work.statements
        await update(unit_of_work, parent, {"billing_day": 20})
        spent.add(unit_of_work.statements - before)
    assert len(spent) == 1, spent


@pytest.mark.usefixtures("clock")
async def test_a_billing_day_without_a_single_invoice_moves_nothing(
    change: Change, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer(external_system_id="parent", consolidation_mode="PER_CHILD_INVOICE", billing_day=15)
    subscription = await billed(records, parent)

    await change(parent, "parent", {"billing_day": 20})

    (row,) = await rows_of(owner_engine, tables.subscriptions, company)
    assert (row["id"], row["version"], row["anchor_day"]) == (subscription, 1, 1)


@pytest.mark.usefixtures("clock")
async def test_no_subscription_comes_on_a_single_invoice_in_another_currency(
    change: Change, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer(external_system_id="parent", **PARENT)
    plain = await records.customer(external_system_id="plain")
    euro = await records.customer(external_system_id="euro", default_currency="EUR")
    mixed = await records.customer(external_system_id="mixed")
    child = await records.customer(
        external_system_id="child", parent_customer_id=plain, billing_relationship=PAYS, default_currency="DKK"
    )
    its = {
        customer: await billed(records, customer, currency="EUR", payer_id=customer)
        for customer in (euro, mixed, child)
    }
    for status in ("CANCELLED", "EXPIRED"):
        await records.subscription(plain, currency="EUR", status=status)
    link = {"parent_customer_id": parent, "billing_relationship": PAYS}
    rejected = {
        (euro, "euro", "parent_customer_id"): link | {"default_currency": "DKK"},
        (mixed, "mixed", "parent_customer_id"): link,
        (plain, "plain", "consolidation_mode"): PARENT,
    }
    before = await everything_of(owner_engine, company)

    for (customer, number, field), fields in rejected.items():
        its_own = [its[customer]] if customer in its else []
        with pytest.raises(Rejected) as raised:
            await change(customer, number, fields, *its_own)
        (problem,) = raised.value.problems
        assert isinstance(problem, SubscriptionsProblem)
        assert (problem.code, problem.path[-1]) == (ErrorCode.PARENT_CURRENCY_MISMATCH, field)
        assert problem.subscription_ids == (its.get(customer, its[child]),)

    assert await everything_of(owner_engine, company) == before


@pytest.mark.usefixtures("clock")
async def test_a_currency_that_would_leave_subscriptions_behind_is_rejected_on_both_sides(
    change: Change, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer(external_system_id="parent", **PARENT, default_currency="EUR")
    child = await records.customer(
        external_system_id="child", parent_customer_id=parent, billing_relationship=PAYS, default_currency="DKK"
    )
    subscription = await billed(records, child, payer_id=parent)
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected) as raised:
        await change(child, "child", {"default_currency": "EUR"})
    assert [problem.code for problem in raised.value.problems] == [ErrorCode.PARENT_CURRENCY_MISMATCH]
    assert [getattr(problem, "subscription_ids", None) for problem in raised.value.problems] == [(subscription,)]
    with pytest.raises(Rejected, match="PARENT_CURRENCY_MISMATCH"):
        await change(parent, "parent", {"default_currency": "SEK"})
    assert await everything_of(owner_engine, company) == before


async def test_a_list_can_not_move_twice_what_it_has_read_once(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, clock: DatabaseClock
) -> None:
    parent = await records.customer(external_system_id="parent", **PARENT)
    kid = await records.customer(external_system_id="kid")
    subscription = await billed(records, kid)
    link = {"external_system_id": "kid", "parent_customer_id": parent, "billing_relationship": PAYS}
    day = {"external_system_id": "parent", "billing_day": 20}

    with pytest.raises(Rejected) as raised:
        await upsert(unit_of_work, link | {"acknowledged": (subscription,)}, day)
    assert [(problem.code, problem.path[:2]) for problem in raised.value.problems] == [
        (ErrorCode.FIELD_CONFLICT, ("rows", 1))
    ]
    await upsert(unit_of_work, day, link | {"acknowledged": (subscription,)})

    (row,) = await rows_of(owner_engine, tables.subscriptions, company)
    assert (row["current_period_start"], row["next_billing_date"]) == (clock.now.date(), date(2026, 6, 20))


@pytest.mark.usefixtures("clock")
async def test_a_key_is_the_same_in_whatever_order_subscriptions_are_acknowledged(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    parent, kid = await records.customer(), await records.customer(external_system_id="kid")
    its = [await billed(records, kid) for _ in range(3)]
    fields = {"parent_customer_id": parent, "billing_relationship": PAYS}
    for key, orders in {"one": (its, its[::-1]), "two": (its[::-1], its)}.items():
        answers = [
            await update_customer(unit_of_work, "x", UpdateCustomerCommand(kid, fields, tuple(order)), key)
            for order in orders
        ]
        assert [replayed for _, replayed in answers] == [False, True]
        back = [
            {"external_system_id": "kid", "parent_customer_id": None, "acknowledged": tuple(order)} for order in orders
        ]
        listed = [await upsert_customers(unit_of_work, "x", command(row), f"list {key}") for row in back]
        assert [replayed for _, replayed in listed] == [False, True]
        with pytest.raises(Rejected, match="IDEMPOTENCY_KEY_REUSED"):
            await update_customer(unit_of_work, "x", UpdateCustomerCommand(kid, fields, tuple(its[:2])), key)


async def test_the_preview_shows_every_line_and_every_move_that_the_update_books(
    unit_of_work: UnitOfWork,
    records: Records,
    database: Database,
    owner_engine: AsyncEngine,
    company: UUID,
    clock: DatabaseClock,
) -> None:
    parent, kid = await records.customer(**PARENT), await records.customer()
    overdue, ended = await billed(records, kid), await billed(records, kid, ends_on=date(2026, 6, 10))
    paused = await records.subscription(kid, status="PAUSED")
    await records.period(paused, kid)
    clock.now = datetime(2026, 9, 9, 10, tzinfo=UTC)
    fields = {"parent_customer_id": parent, "billing_relationship": PAYS}

    preview = await previewed(database, company, kid, fields)
    transition = preview.transition
    assert transition is not None
    await update(unit_of_work, kid, fields, overdue, ended, digest=preview.digest)

    assert await booked(owner_engine, company) == shown(transition)
    assert [str(amount) for *_, amount in shown(transition)] == ["210.00", "300.00", "300.00", "80.00"]
    assert [(move.subscription.id, move.payer_id) for move in transition.moves] == [(paused, parent)]


def shown(transition: Transition) -> list[tuple[str, UUID, UUID, date, date, Decimal]]:
    return [
        (line.kind, line.payer_id, cut.subscription.id, line.period.start, line.period.end, line.amount)
        for cut in sorted(transition.cuts, key=lambda cut: len(cut.lines))
        for line in cut.lines
    ]


async def booked(engine: AsyncEngine, company: UUID) -> list[tuple[str, UUID, UUID, date, date, Decimal]]:
    documents = {row["id"]: row for row in await rows_of(engine, tables.billing_documents, company)}
    lines = await rows_of(engine, tables.billing_document_lines, company, tables.billing_document_lines.c.starts_on)
    return [
        (
            documents[line["document_id"]]["kind"],
            documents[line["document_id"]]["payer_customer_id"],
            line["subscription_id"],
            line["starts_on"],
            line["ends_on"],
            line["amount"],
        )
        for line in lines
    ]
