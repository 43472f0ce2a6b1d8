"""updateCustomer: what it changes, what it books, and everything that it rejects."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Rejected, TransitionChangedProblem
from tests.services.updates import PARENT, billed, previewed, rows_of, update
from tests.support.clock import DatabaseClock
from tests.support.records import Records
from tests.support.untouched import everything_of


async def test_an_unknown_time_zone_rejects_what_needs_a_date_and_nothing_else(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, clock: DatabaseClock
) -> None:
    parent, child = await records.customer(**PARENT), await records.customer()
    subscription = await billed(records, child)
    clock.time_zone = "Europe/Atlantis"
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected) as rejected:
        await update(unit_of_work, child, {"parent_customer_id": parent}, subscription)

    assert [problem.code for problem in rejected.value.problems] == [ErrorCode.COMPANY_TIME_ZONE_UNKNOWN]
    assert await everything_of(owner_engine, company) == before
    assert (await update(unit_of_work, child, {"name": "New"})).changed_fields == ("name",)


async def test_only_what_really_changes_is_written_and_recorded(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer(name="Old", email="a@b.example", metadata={"a": 1})

    outcome = await update(unit_of_work, customer, {"name": "New", "email": "a@b.example", "phone": " "})

    assert outcome.changed_fields == ("name",)
    assert (outcome.customer.name, outcome.customer.version) == ("New", 2)
    (entry,) = await rows_of(owner_engine, tables.history, company)
    assert entry["changes"] == {"name": {"before": "Old", "after": "New"}}
    assert (entry["version"], entry["actor"]) == (2, "tester")
    (event,) = await rows_of(owner_engine, tables.outbox_events, company)
    assert event["type"] == "customer.updated"


async def test_an_update_that_changes_nothing_writes_nothing(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer(name="Same")
    before = await everything_of(owner_engine, company)

    for fields in ({}, {"name": "Same", "is_active": True, "billing_relationship": "SELF"}):
        outcome = await update(unit_of_work, customer, fields)
        assert outcome.changed_fields == ()

    assert await everything_of(owner_engine, company) == before


async def test_metadata_values_of_equal_worth_but_another_kind_are_a_change(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    customer = await records.customer(metadata={"a": 1, "b": 2})

    assert (await update(unit_of_work, customer, {"metadata": {"a": True, "b": 2}})).changed_fields == ("metadata",)
    changed = await update(unit_of_work, customer, {"metadata_set": {"c": "x"}, "metadata_unset": ["b"]})
    assert changed.customer.metadata == {"a": True, "c": "x"}


async def test_giving_another_payer_cuts_the_subscriptions_over_today(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, clock: DatabaseClock
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    advance = await billed(records, customer)
    arrears = await billed(records, customer, billing_direction="ARREARS")
    paused = await records.subscription(customer, status="PAUSED")

    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    outcome = await update(unit_of_work, customer, fields, arrears, advance)

    assert outcome.customer.parent_customer_id == parent
    assert outcome.transition_id is not None
    documents = await rows_of(owner_engine, tables.billing_documents, company, tables.billing_documents.c.kind)
    assert [
        (document["kind"], document["payer_customer_id"], document["total"], document["issued_on"])
        for document in documents
    ] == [
        ("CREDIT_NOTE", customer, Decimal("120.00"), date(2026, 6, 19)),
        ("INVOICE", customer, Decimal("180.00"), date(2026, 6, 19)),
    ]
    lines = await rows_of(owner_engine, tables.billing_document_lines, company)
    assert sorted((line["subscription_id"], line["days"], line["amount"]) for line in lines) == sorted(
        [(advance, 12, Decimal("120.00")), (arrears, 18, Decimal("180.00"))]
    )
    by_start = (tables.subscription_periods.c.subscription_id, tables.subscription_periods.c.sequence)
    periods = await rows_of(owner_engine, tables.subscription_periods, company, *by_start)
    for closed, begun in zip(periods[::2], periods[1::2], strict=True):
        assert (closed["payer_customer_id"], closed["cut_on"]) == (customer, date(2026, 6, 19))
        assert (begun["payer_customer_id"], begun["starts_on"], begun["ends_on"]) == (
            parent,
            date(2026, 6, 19),
            date(2026, 7, 15),
        )
    moved = [row for row in await rows_of(owner_engine, tables.subscriptions, company) if row["status"] == "ACTIVE"]
    assert {(row["current_period_start"], row["current_period_end"]) for row in moved} == {
        (date(2026, 6, 19), date(2026, 7, 15))
    }
    assert clock.now == datetime(2026, 6, 19, 10, tzinfo=UTC)
    events = await rows_of(owner_engine, tables.outbox_events, company)
    told = {(event["type"], event["subject_id"]) for event in events}
    assert told == {("customer.updated", customer)} | {
        ("subscription.transitioned", subscription) for subscription in (advance, arrears, paused)
    }


@pytest.mark.usefixtures("clock")
async def test_linking_a_parent_while_staying_self_needs_acknowledgement_and_cuts_nothing(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(), await records.customer()
    subscription = await billed(records, customer)

    with pytest.raises(Rejected, match="SUBSCRIPTION_TRANSITIONS_REQUIRED"):
        await update(unit_of_work, customer, {"parent_customer_id": parent})
    await update(unit_of_work, customer, {"parent_customer_id": parent}, subscription)

    assert await rows_of(owner_engine, tables.billing_documents, company) == []
    assert len(await rows_of(owner_engine, tables.subscription_periods, company)) == 1


@pytest.mark.usefixtures("clock")
async def test_a_parents_new_mode_cuts_the_children_that_it_pays_for(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer()
    paid = await records.customer(parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    linked = await records.customer(parent_customer_id=parent)
    await billed(records, paid, payer_id=parent)
    await billed(records, linked)

    await update(unit_of_work, parent, PARENT)

    (document,) = await rows_of(owner_engine, tables.billing_documents, company)
    assert (document["customer_id"], document["payer_customer_id"], document["total"]) == (paid, parent, 120)


async def test_a_new_billing_day_alone_moves_nothing(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer(**PARENT)
    child = await records.customer(parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    await billed(records, child)

    await update(unit_of_work, parent, {"billing_day": 20})

    assert await rows_of(owner_engine, tables.billing_documents, company) == []


@pytest.mark.usefixtures("clock")
async def test_a_second_change_on_one_day_credits_only_what_was_billed(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    subscription = await billed(records, customer)
    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}

    await update(unit_of_work, customer, fields, subscription)
    await update(unit_of_work, customer, {"parent_customer_id": None}, subscription)
    outcome = await update(unit_of_work, customer, fields, subscription)

    assert outcome.customer.billing_relationship == "PARENT_PAYS"
    documents = await rows_of(owner_engine, tables.billing_documents, company)
    assert [document["total"] for document in documents] == [Decimal("120.00")]


@pytest.mark.usefixtures("clock")
async def test_what_is_booked_is_what_was_previewed(
    unit_of_work: UnitOfWork, records: Records, database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(**PARENT), await records.customer()
    first = await billed(records, customer)
    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}

    preview = await previewed(database, company, customer, fields)
    assert [problem.code for problem in preview.errors] == [ErrorCode.SUBSCRIPTION_TRANSITIONS_REQUIRED]
    assert preview.transition is not None
    later = await records.subscription(customer)
    second = await previewed(database, company, customer, fields)
    with pytest.raises(Rejected) as rejected:
        await update(unit_of_work, customer, fields, first, digest=preview.digest)
    assert {problem.code for problem in rejected.value.problems} == {
        ErrorCode.SUBSCRIPTION_TRANSITIONS_INCOMPLETE,
        ErrorCode.TRANSITION_CHANGED,
    }
    (changed,) = (problem for problem in rejected.value.problems if isinstance(problem, TransitionChangedProblem))
    assert (changed.difference.added, changed.difference.changed) == ((later,), ())
    assert second.transition is not None
    await update(unit_of_work, customer, fields, *second.transition.to_acknowledge, digest=second.digest)

    documents = await rows_of(owner_engine, tables.billing_documents, company)
    assert [(document["kind"], document["payer_customer_id"], document["total"]) for document in documents] == [
        (document.kind, document.payer_id, document.total) for document in second.transition.billing_documents
    ]


async def test_an_expected_version_that_has_passed_names_what_changed(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    customer = await records.customer(name="One")
    await update(unit_of_work, customer, {"name": "Two"})
    await update(unit_of_work, customer, {"city": "Ribe", "email": "x@y.example"})

    with pytest.raises(Rejected) as rejected:
        await update(unit_of_work, customer, {"name": "Three"}, expected_version=1)

    (problem,) = rejected.value.problems
    assert problem.code is ErrorCode.VERSION_CONFLICT
    assert getattr(problem, "changed_fields", None) == ("city", "email", "name")
    assert getattr(rejected.value.current, "name", None) == "Two"


async def test_two_updates_that_would_make_a_ring_leave_one_level(
    unit_of_work: UnitOfWork, records: Records, database: Database, company: UUID
) -> None:
    for _ in range(5):
        one, other = await records.customer(), await records.customer()
        results = await asyncio.gather(
            update(UnitOfWork(database, company), one, {"parent_customer_id": other}),
            update(UnitOfWork(database, company), other, {"parent_customer_id": one}),
            return_exceptions=True,
        )
        rejections = [result for result in results if isinstance(result, Rejected)]
        assert len(rejections) == 1
        assert {problem.code for problem in rejections[0].problems} == {
            ErrorCode.PARENT_CUSTOMER_IS_CHILD,
            ErrorCode.CUSTOMER_HAS_CHILDREN,
        }
    assert unit_of_work.statements == 0


async def test_an_unknown_or_foreign_customer_is_not_found(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, company: UUID
) -> None:
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected, match="CUSTOMER_NOT_FOUND"):
        await update(unit_of_work, uuid4(), {"name": "x"})

    assert await everything_of(owner_engine, company) == before
