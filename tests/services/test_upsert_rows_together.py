"""upsertCustomers: what the rows of a list mean for each other, and lists that meet."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import CustomersProblem, ErrorCode, Rejected, SubscriptionsProblem
from app.domain.upserts import MatchKey
from app.services.update_customer import UpdateCustomerCommand, update_customer
from tests.support.new_customers import new_customer
from tests.support.records import Records, new_company
from tests.support.upserts import (
    CREATED,
    REFUSED,
    ROW_BY_ROW,
    SINGLE,
    UNCHANGED,
    UPDATED,
    codes,
    outcomes,
    rows_of,
    upsert,
)


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group(number="7", name="Retail")


async def test_rows_with_one_key_are_all_rejected(unit_of_work: UnitOfWork, group: UUID) -> None:
    outcome = await upsert(
        unit_of_work,
        new_customer(group, "a"),
        new_customer(group, "b"),
        new_customer(group, " a"),
        new_customer(group, "A"),
        on_refusal=ROW_BY_ROW,
    )
    assert outcomes(outcome) == [REFUSED, CREATED, REFUSED, CREATED]
    assert codes(outcome, 0) == codes(outcome, 2) == [ErrorCode.FIELD_CONFLICT]
    assert outcome.results[0].errors[0].path == ("rows", 0, "external_system_id")


async def test_a_unique_key_goes_to_the_first_row_that_takes_it_unless_it_is_taken(
    unit_of_work: UnitOfWork, records: Records, group: UUID
) -> None:
    holder = await records.customer(customer_number="H", external_system_id="h")
    outcome = await upsert(
        unit_of_work,
        {"external_system_id": "h", "customer_number": "moved"},
        new_customer(group, "a", customer_number="H"),
        new_customer(group, "b", customer_number="N"),
        new_customer(group, "c", customer_number="N"),
        on_refusal=ROW_BY_ROW,
    )
    assert outcomes(outcome) == [UPDATED, REFUSED, CREATED, REFUSED]
    (stored,), (claimed,) = outcome.results[1].errors, outcome.results[3].errors
    assert isinstance(stored, CustomersProblem)
    assert stored.customer_ids == (holder,)
    assert {stored.code, claimed.code} == {ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS}
    assert claimed.path == ("rows", 3, "customer_number")

    by_number = await upsert(
        unit_of_work,
        {"customer_number": "moved", "external_system_id": None},
        {"customer_number": "N", "external_system_id": "h"},
        {"customer_number": "unknown", "external_system_id": "z"} | {"name": None},
        match_by=MatchKey.CUSTOMER_NUMBER,
        on_refusal=ROW_BY_ROW,
    )
    assert outcomes(by_number) == [UPDATED, REFUSED, REFUSED]
    assert codes(by_number, 1) == [ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS]


async def test_numbers_are_counted_from_the_highest_stored_or_sent(unit_of_work: UnitOfWork, group: UUID) -> None:
    sent = [None, "20", None, "007", "x"]
    rows = [
        new_customer(group, f"k{place}") | ({} if number is None else {"customer_number": number})
        for place, number in enumerate(sent)
    ]
    outcome = await upsert(unit_of_work, *rows)
    numbers = [result.customer.customer_number for result in outcome.results if result.customer]
    assert numbers == ["21", "20", "22", "007", "x"]

    full = await upsert(
        unit_of_work,
        new_customer(group, "max", customer_number="9" * 50),
        new_customer(group, "more"),
        on_refusal=ROW_BY_ROW,
    )
    assert outcomes(full) == [CREATED, REFUSED]
    assert codes(full, 1) == [ErrorCode.FIELD_REQUIRED]


async def test_rows_are_judged_by_what_the_accepted_rows_before_them_leave(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    await records.customer(external_system_id="parent")
    parent = (await upsert(unit_of_work, {"external_system_id": "parent"})).results[0].customer
    assert parent is not None
    await records.customer(external_system_id="child", default_currency="EUR")
    attach = {"external_system_id": "child", "parent_customer_id": parent.id, "billing_relationship": "PARENT_PAYS"}
    becomes_single = {"external_system_id": "parent", **SINGLE}

    for rows in ((attach, becomes_single), (becomes_single, attach)):
        dry = await upsert(unit_of_work, *rows, on_refusal=ROW_BY_ROW, dry_run=True)
        assert outcomes(dry) == [UPDATED, REFUSED]
        assert codes(dry, 1) == [ErrorCode.PARENT_CURRENCY_MISMATCH]
    agreed = await upsert(unit_of_work, {"external_system_id": "parent", "default_currency": "EUR"} | SINGLE, attach)
    assert outcomes(agreed) == [UPDATED, UPDATED]


async def test_a_ring_and_a_second_level_can_not_be_made_by_two_rows(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    a, b = await records.customer(external_system_id="a"), await records.customer(external_system_id="b")
    await records.customer(external_system_id="c")
    outcome = await upsert(
        unit_of_work,
        {"external_system_id": "a", "parent_customer_id": b},
        {"external_system_id": "b", "parent_customer_id": a},
        {"external_system_id": "c", "parent_customer_id": a},
        {"external_system_id": "c2"} | {"parent_customer_id": uuid4()},
        on_refusal=ROW_BY_ROW,
    )
    assert outcomes(outcome) == [UPDATED, REFUSED, REFUSED, REFUSED]
    assert set(codes(outcome, 1)) == {ErrorCode.PARENT_CUSTOMER_IS_CHILD, ErrorCode.CUSTOMER_HAS_CHILDREN}
    assert codes(outcome, 2) == [ErrorCode.PARENT_CUSTOMER_IS_CHILD]
    stored = await rows_of(owner_engine, tables.customers, company)
    assert {customer["id"]: customer["parent_customer_id"] for customer in stored}[b] is None


@pytest.mark.usefixtures("clock")
async def test_subscriptions_are_moved_by_one_row_of_a_list_at_most(unit_of_work: UnitOfWork, records: Records) -> None:
    parent = await records.customer(external_system_id="parent")
    child = await records.customer(
        external_system_id="child", parent_customer_id=parent, billing_relationship="PARENT_PAYS"
    )
    subscription = await records.subscription(child)

    outcome = await upsert(
        unit_of_work,
        {"external_system_id": "parent", **SINGLE},
        {"external_system_id": "child", "billing_relationship": "SELF", "acknowledged": (subscription,)},
        on_refusal=ROW_BY_ROW,
    )

    assert outcomes(outcome) == [UPDATED, REFUSED]
    (conflict,) = outcome.results[1].errors
    assert isinstance(conflict, SubscriptionsProblem)
    assert (conflict.code, conflict.subscription_ids) == (ErrorCode.FIELD_CONFLICT, (subscription,))


async def test_lists_that_meet_make_each_customer_once_with_numbers_of_their_own(
    database: Database, owner_engine: AsyncEngine, company: UUID, group: UUID
) -> None:
    keys = [f"k{place}" for place in range(20)]
    rivals = [upsert(UnitOfWork(database, company), *[new_customer(group, key) for key in keys]) for _ in range(5)]

    found = await asyncio.gather(*rivals)

    assert sorted(outcomes(answer)[0] for answer in found) == [CREATED] + [UNCHANGED] * 4
    async with owner_engine.connect() as connection:
        counted = await connection.execute(
            select(func.count(), func.count(tables.customers.c.customer_number.distinct())).where(
                tables.customers.c.company_id == company
            )
        )
        assert tuple(counted.one()) == (20, 20)


async def test_lists_of_the_same_customers_in_any_order_do_not_stand_in_each_other_s_way(
    database: Database, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    keys = [f"k{place}" for place in range(20)]
    for key in keys:
        await records.customer(external_system_id=key)
    rivals = [
        upsert(
            UnitOfWork(database, company),
            *[
                {"external_system_id": key, "name": f"Name {rival}", "is_active": True}
                for key in keys[:: (-1) ** rival]
            ],
        )
        for rival in range(6)
    ]

    for outcome in await asyncio.gather(*rivals):
        assert outcomes(outcome) == [UPDATED] * 20

    stored = await rows_of(owner_engine, tables.customers, company)
    assert len({customer["name"] for customer in stored}) == 1
    assert {customer["version"] for customer in stored} == {7}


CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "parent_customer_id": st.one_of(st.none(), st.integers(0, 3)),
    "billing_relationship": st.sampled_from(["SELF", "PARENT_PAYS"]),
    "consolidation_mode": st.sampled_from([None, "SINGLE_INVOICE", "PER_CHILD_INVOICE"]),
    "billing_day": st.sampled_from([None, 1, 15]),
    "default_currency": st.sampled_from(["DKK", "EUR"]),
    "is_active": st.booleans(),
    "customer_number": st.sampled_from(["A", "B", "1", "2"]),
}


async def changed_alone(
    unit_of_work: UnitOfWork, command: UpdateCustomerCommand
) -> tuple[tuple[str, ...], list[ErrorCode]]:
    """What a single update changes, and the codes that it is rejected with."""
    try:
        outcome, _ = await update_customer(unit_of_work, "tester", command, None)
    except Rejected as rejected:
        return (), [problem.code for problem in rejected.problems]
    return outcome.changed_fields, []


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    changes=st.lists(st.fixed_dictionaries({}, optional=CHANGES), min_size=4, max_size=4),
    order=st.permutations(range(4)),
)
async def test_a_list_does_what_its_rows_would_do_one_after_the_other(
    database: Database, owner_engine: AsyncEngine, changes: list[dict[str, Any]], order: list[int]
) -> None:
    families: list[tuple[UnitOfWork, list[UUID]]] = []
    for _ in range(2):
        company = await new_company(owner_engine)
        records = Records(owner_engine, company)
        ids = [
            await records.customer(external_system_id=f"k{place}", customer_number=f"N{place}") for place in range(4)
        ]
        families.append((UnitOfWork(database, company), ids))
    (listed, listed_ids), (alone, ids) = families

    def fields(place: int, members: list[UUID]) -> dict[str, Any]:
        parent = changes[place].get("parent_customer_id")
        return changes[place] | ({} if parent is None else {"parent_customer_id": members[parent]})

    rows = [{"external_system_id": f"k{place}", **fields(place, listed_ids)} for place in order]
    outcome = await upsert(listed, *rows, on_refusal=ROW_BY_ROW)

    for result, place in zip(outcome.results, order, strict=True):
        expected = await changed_alone(alone, UpdateCustomerCommand(ids[place], fields(place, ids)))
        assert (result.changed_fields, [problem.code for problem in result.errors]) == expected
    stored = [
        {customer["external_system_id"]: {name: customer[name] for name in (*CHANGES, "version")} for customer in found}
        for found in (
            await rows_of(owner_engine, tables.customers, listed.company_id),
            await rows_of(owner_engine, tables.customers, alone.company_id),
        )
    ]
    places = [{id_: place for place, id_ in enumerate(members)} for members in (listed_ids, ids)]
    for by_key, place_of in zip(stored, places, strict=True):
        for customer in by_key.values():
            customer["parent_customer_id"] = place_of.get(customer["parent_customer_id"])
    assert stored[0] == stored[1]
