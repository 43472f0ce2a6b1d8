"""upsertCustomers: what a row makes of a customer, and what it leaves as it is."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, LimitProblem, Rejected, SubscriptionsProblem
from app.services.create_customer import CreateCustomerCommand, create_customer
from app.services.update_customer import UpdateCustomerCommand, update_customer
from app.services.upsert_customers import UpsertCustomersOutcome, upsert_customers
from tests.support.clock import DatabaseClock
from tests.support.new_customers import new_customer
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of
from tests.support.upserts import (
    CREATED,
    REFUSED,
    ROW_BY_ROW,
    SINGLE,
    UNCHANGED,
    UPDATED,
    codes,
    command,
    outcomes,
    rows_of,
    upsert,
)


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group(number="7", name="Retail")


async def test_each_row_is_created_updated_or_left_and_recorded_as_single_writes_are(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, group: UUID
) -> None:
    changed = await records.customer(external_system_id="b", name="Old", email="a@b.example", notes="kept")
    same = await records.customer(external_system_id="c", name="Same")

    outcome = await upsert(
        unit_of_work,
        new_customer(group, " a "),
        {"external_system_id": "b", "name": "New", "email": None},
        {"external_system_id": "c", "name": "Same"},
    )

    assert outcomes(outcome) == [CREATED, UPDATED, UNCHANGED]
    assert [result.changed_fields for result in outcome.results] == [(), ("email", "name"), ()]
    first, second, third = (result.customer for result in outcome.results)
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.external_system_id, first.version, first.customer_group_name) == ("a", 1, "Retail")
    assert (second.id, second.name, second.email, second.notes, second.version) == (changed, "New", None, "kept", 2)
    assert (third.id, third.version) == (same, 1)
    history = await rows_of(owner_engine, tables.history, company, tables.history.c.operation)
    assert [(entry["subject_id"], entry["operation"], entry["version"], entry["actor"]) for entry in history] == [
        (first.id, "CREATED", 1, "tester"),
        (changed, "UPDATED", 2, "tester"),
    ]
    assert history[1]["changes"] == {
        "name": {"before": "Old", "after": "New"},
        "email": {"before": "a@b.example", "after": None},
    }
    events = await rows_of(owner_engine, tables.outbox_events, company, tables.outbox_events.c.type)
    assert [(event["type"], event["subject_id"]) for event in events] == [
        ("customer.created", first.id),
        ("customer.updated", changed),
    ]
    assert events[1]["data"] == {"version": 2, "changedFields": ["email", "name"]}


async def test_a_row_makes_the_customer_that_create_customer_makes_and_records_the_same(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, company: UUID, group: UUID
) -> None:
    fields = {"metadata": {"a": 1, "b": True}, "credit_limit": Decimal(5), "payment_terms": 8, "email": "a@b.example"}
    single, _ = await create_customer(
        unit_of_work, "tester", CreateCustomerCommand(new_customer(group, "a", **fields)), None
    )
    outcome = await upsert(unit_of_work, new_customer(group, "b", **fields))

    customer = outcome.results[0].customer
    assert customer is not None
    own = {"id", "customer_number", "external_system_id", "created_at", "updated_at"}
    assert {name: value for name, value in customer._asdict().items() if name not in own} == {
        name: value for name, value in single.customer._asdict().items() if name not in own
    }
    assert customer.created_at == customer.updated_at
    first, second = await rows_of(owner_engine, tables.history, company, tables.history.c.occurred_at)
    for entry in (first, second):
        del entry["changes"]["customerNumber"], entry["changes"]["externalSystemId"]
    assert first["changes"] == second["changes"]


@pytest.mark.usefixtures("clock")
async def test_a_list_sent_twice_writes_once(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, group: UUID
) -> None:
    parent = await records.customer(**SINGLE)
    child = await records.customer(external_system_id="child")
    subscription = await records.subscription(child)
    rows = [
        new_customer(group, "a", metadata={"b": 2.0, "a": 1e300}, credit_limit=Decimal("1.5"), phone=" "),
        {
            "external_system_id": "child",
            "parent_customer_id": parent,
            "billing_relationship": "PARENT_PAYS",
            "acknowledged": (subscription,),
        },
    ]
    assert outcomes(await upsert(unit_of_work, *rows)) == [CREATED, UPDATED]
    before = await everything_of(owner_engine, company)

    assert outcomes(await upsert(unit_of_work, *rows)) == [UNCHANGED, UNCHANGED]
    assert await everything_of(owner_engine, company) == before


async def test_one_rejected_row_leaves_all_unwritten_unless_rows_stand_alone(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, group: UUID
) -> None:
    stored = await records.customer(external_system_id="b", name="Old")
    rows = [
        new_customer(group, "a"),
        {"external_system_id": "b", "name": "New"},
        {"external_system_id": "new", "email": "nobody", "metadata": {"": 1}},
        {"name": "Without a key"},
    ]
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected) as rejected:
        await upsert(unit_of_work, *rows)

    assert await everything_of(owner_engine, company) == before
    outcome = rejected.value.current
    assert isinstance(outcome, UpsertCustomersOutcome)
    assert outcomes(outcome) == [CREATED, UPDATED, REFUSED, REFUSED]
    assert outcome.results[0].customer is None
    assert outcome.results[1].customer is not None
    assert (outcome.results[1].customer.id, outcome.results[1].customer.name) == (stored, "Old")
    assert rejected.value.problems == tuple(problem for result in outcome.results for problem in result.errors)
    assert {(problem.code, problem.path) for problem in rejected.value.problems} == {
        (ErrorCode.FIELD_INVALID, ("rows", 2, "email")),
        (ErrorCode.METADATA_VALUE_INVALID, ("rows", 2, "metadata", "")),
        *((ErrorCode.FIELD_REQUIRED, ("rows", 2, name)) for name in ("name", "vat_zone", "customer_group_id")),
        *((ErrorCode.FIELD_REQUIRED, ("rows", 2, name)) for name in ("country_code", "default_currency")),
        (ErrorCode.FIELD_REQUIRED, ("rows", 3, "external_system_id")),
    }

    alone = await upsert(unit_of_work, *rows, on_refusal=ROW_BY_ROW)

    assert outcomes(alone) == [CREATED, UPDATED, REFUSED, REFUSED]
    assert [result.customer.name for result in alone.results if result.customer] == ["Fjord", "New"]
    assert len(await rows_of(owner_engine, tables.customers, company)) == 2


async def test_a_dry_run_decides_everything_and_writes_nothing_not_even_its_key(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, group: UUID
) -> None:
    await records.customer(external_system_id="b", name="Old")
    rows = [new_customer(group, "a"), {"external_system_id": "b", "name": "New"}, {"external_system_id": "b2"}]
    before = await everything_of(owner_engine, company)

    for key in (None, "key"):
        asked = command(*rows, dry_run=True, on_refusal=ROW_BY_ROW)
        outcome, replayed = await upsert_customers(unit_of_work, "tester", asked, key)
        assert outcomes(outcome) == [CREATED, UPDATED, REFUSED]
        assert outcome.results[0].customer is None
        assert outcome.results[1].customer is not None
        assert outcome.results[1].customer.name == "Old"
        assert not replayed
    with pytest.raises(Rejected):
        await upsert(unit_of_work, *rows, dry_run=True)

    assert await everything_of(owner_engine, company) == before


async def test_a_change_of_payer_needs_acknowledgement_and_books_as_a_single_update_does(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, clock: DatabaseClock
) -> None:
    parent = await records.customer(**SINGLE)
    children = [await records.customer(external_system_id=f"c{place}") for place in range(3)]
    subscriptions = [await records.subscription(child) for child in children]
    for child, subscription in zip(children, subscriptions, strict=True):
        await records.period(subscription, child, billed_amount=300)
    fields = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}

    outcome = await upsert(
        unit_of_work,
        {"external_system_id": "c0", **fields},
        {"external_system_id": "c1", **fields, "acknowledged": (str(subscriptions[1]),)},
        {"external_system_id": "c2", "name": "x", "acknowledged": ("none", subscriptions[2])},
        on_refusal=ROW_BY_ROW,
    )
    single = UpdateCustomerCommand(children[2], fields, (subscriptions[2],))
    await update_customer(unit_of_work, "tester", single, None)

    assert outcomes(outcome) == [REFUSED, UPDATED, REFUSED]
    (required,) = outcome.results[0].errors
    assert isinstance(required, SubscriptionsProblem)
    assert (required.code, required.subscription_ids) == (
        ErrorCode.SUBSCRIPTION_TRANSITIONS_REQUIRED,
        (subscriptions[0],),
    )
    assert outcome.results[2].errors[0].path == ("rows", 2, "subscription_transitions", 0, "subscription_id")
    documents = await rows_of(owner_engine, tables.billing_documents, company, tables.billing_documents.c.id)
    assert [document["customer_id"] for document in documents] == children[1:]
    assert {(document["kind"], document["total"], document["issued_on"]) for document in documents} == {
        ("CREDIT_NOTE", Decimal("120.00"), clock.now.date())
    }
    periods = await rows_of(owner_engine, tables.subscription_periods, company, tables.subscription_periods.c.sequence)
    begun = {period["subscription_id"]: period for period in periods if period["sequence"] == 2}
    own = {"id", "subscription_id", "transition_id", "created_at"}
    batched, alone = (
        {name: value for name, value in begun[subscriptions[place]].items() if name not in own} for place in (1, 2)
    )
    assert batched == alone
    events = await rows_of(owner_engine, tables.outbox_events, company, tables.outbox_events.c.sequence)
    moved = [event["subject_id"] for event in events if event["type"] == "subscription.transitioned"]
    assert moved == subscriptions[1:]


async def test_a_row_is_rejected_for_what_a_single_update_is_rejected_for(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent = await records.customer(**SINGLE)
    child = await records.customer(
        external_system_id="k", parent_customer_id=parent, billing_relationship="PARENT_PAYS"
    )
    inactive = await records.customer(is_active=False)
    await records.customer(customer_number="T")
    await records.subscription(child)
    before = await everything_of(owner_engine, company)
    changes: list[dict[str, Any]] = [
        {"customer_group_id": uuid4()},
        {"customer_number": "T", "default_currency": "EUR"},
        {"parent_customer_id": uuid4()},
        {"parent_customer_id": child},
        {"parent_customer_id": inactive},
        {"parent_customer_id": None, "billing_relationship": "PARENT_PAYS"},
        {"billing_day": 3, "consolidation_mode": "SINGLE_INVOICE"},
        {"billing_relationship": "SELF"},
        {"metadata_set": {f"k{place}": place for place in range(51)}},
        {"name": " ", "vat_zone": "MARS", "is_active": None, "billing_day": 29},
    ]
    for fields in changes:
        with pytest.raises(Rejected) as single:
            await update_customer(unit_of_work, "tester", UpdateCustomerCommand(child, fields), None)
        with pytest.raises(Rejected) as listed:
            await upsert(unit_of_work, {"external_system_id": "k", **fields})
        assert [(problem.code, problem.path[2:]) for problem in listed.value.problems] == [
            (problem.code, problem.path) for problem in single.value.problems
        ]
    assert await everything_of(owner_engine, company) == before


@pytest.mark.parametrize("control", [{}, {"dry_run": True}])
async def test_a_list_has_one_row_at_least_and_500_at_most(unit_of_work: UnitOfWork, control: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as empty:
        await upsert(unit_of_work, **control)
    with pytest.raises(Rejected) as long:
        await upsert(unit_of_work, *[{"external_system_id": str(place)} for place in range(501)], **control)
    assert [(problem.code, problem.path) for problem in empty.value.problems] == [(ErrorCode.FIELD_REQUIRED, ("rows",))]
    (problem,) = long.value.problems
    assert isinstance(problem, LimitProblem)
    assert (problem.code, problem.limit, problem.actual) == (ErrorCode.FIELD_TOO_LONG, 500, 501)
    assert unit_of_work.statements == 0


@pytest.mark.usefixtures("clock")
async def test_the_statements_do_not_grow_with_the_rows(
    unit_of_work: UnitOfWork, records: Records, group: UUID
) -> None:
    counts: set[int] = set()
    for n in (1, 10, 100):
        parent = await records.customer(customer_number=f"P{n}", **SINGLE)
        rows: list[dict[str, Any]] = []
        for place in range(n):
            key = f"{n}-{place}"
            child = await records.customer(external_system_id=f"child {key}", customer_number=f"C{key}")
            subscription = await records.subscription(child)
            move = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
            rows.append(
                new_customer(group, f"new {key}", customer_number=f"N{key}")
                if place % 2
                else new_customer(group, f"new {key}")
            )
            rows.append({"external_system_id": f"child {key}", **move, "acknowledged": (subscription,)})
            rows.append({"external_system_id": f"bad {key}"})
        start = unit_of_work.statements
        outcome = await upsert(unit_of_work, *rows, on_refusal=ROW_BY_ROW)
        counts.add(unit_of_work.statements - start)
        assert outcomes(outcome) == [CREATED, UPDATED, REFUSED] * n
    assert len(counts) == 1


async def test_a_repeated_key_answers_the_same_with_all_that_the_errors_hold(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID, group: UUID
) -> None:
    child, parent = await records.customer(external_system_id="child"), await records.customer(customer_number="T")
    await records.subscription(child)
    rows = [
        new_customer(group, "a"),
        {"external_system_id": "child", "parent_customer_id": parent},
        new_customer(group, "b", customer_number="T", notes="n" * 10_001),
        new_customer(group, "c", customer_number="T"),
        new_customer(group, "d", metadata={"k": []}),
    ]
    asked = command(*rows, on_refusal=ROW_BY_ROW)
    first, replayed = await upsert_customers(unit_of_work, "tester", asked, "key")
    before = await everything_of(owner_engine, company)
    again, replayed_again = await upsert_customers(unit_of_work, "tester", asked, "key")

    assert (replayed, replayed_again) == (False, True)
    assert again == first
    assert [type(problem) for result in again.results for problem in result.errors] == [
        type(problem) for result in first.results for problem in result.errors
    ]
    assert await everything_of(owner_engine, company) == before

    # Problems were stored as faults before.
    earlier = text(
        "UPDATE idempotency_keys SET payload = replace(payload::text, 'Problem\"', 'Fault\"')::jsonb"
        " WHERE company_id = :company RETURNING payload::text"
    )
    async with owner_engine.begin() as connection:
        assert "SubscriptionsFault" in (await connection.execute(earlier, {"company": company})).scalar_one()
    assert await upsert_customers(unit_of_work, "tester", asked, "key") == (first, True)


async def test_another_company_s_customer_is_neither_found_nor_in_the_way(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, group: UUID
) -> None:
    foreign = Records(owner_engine, await new_company(owner_engine))
    theirs = await foreign.customer(external_system_id="a", customer_number="1")
    before = await everything_of(owner_engine, foreign.company_id)

    outcome = await upsert(
        unit_of_work,
        new_customer(group, "a", customer_number="1"),
        new_customer(group, "b", parent_customer_id=theirs),
        new_customer(await foreign.group(), "c"),
        on_refusal=ROW_BY_ROW,
    )

    assert outcomes(outcome) == [CREATED, REFUSED, REFUSED]
    assert codes(outcome, 1) == [ErrorCode.PARENT_CUSTOMER_NOT_FOUND]
    assert codes(outcome, 2) == [ErrorCode.CUSTOMER_GROUP_NOT_FOUND]
    after = await everything_of(owner_engine, foreign.company_id)
    assert after["customers"] == before["customers"]
