"""Idempotency keys: expired ones go with the claims of others, a bounded number at a time, and cost no statement of
their own."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import idempotency_keys as keys
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import Rejected
from app.services.create_customer import CreateCustomerCommand, create_customer
from app.services.update_customer import UpdateCustomerCommand, update_customer
from tests.support.records import Records, new_company

MOST = 20
"""The expired keys that a claim removes."""


async def store(engine: AsyncEngine, company: UUID, names: list[str], *, expires: str) -> None:
    values: dict[str, Any] = {"company_id": company, "mutation": "x", "fingerprint": b"", "payload": {}}
    rows = [{**values, "key": name} for name in names]
    async with engine.begin() as connection:
        await connection.execute(insert(keys).values(expires_at=text(f"now() {expires}")), rows)


async def stored(engine: AsyncEngine, company: UUID) -> set[str]:
    async with engine.connect() as connection:
        return {*(await connection.execute(select(keys.c.key).where(keys.c.company_id == company))).scalars()}


async def test_a_key_is_the_same_with_something_invisible_around_it(unit_of_work: UnitOfWork, records: Records) -> None:
    customer = await records.customer()

    replayed = [await change(unit_of_work, customer, key) for key in ("k", "\ufeffk", "k ", "\u200bk")]

    assert replayed == [False, True, True, True]


@pytest.mark.parametrize("key", ["a\u200bb", "a\u00a0b", "a\ufff9b", "a\0b", "\ud800", "\u200b", "x" * 256], ids=ascii)
async def test_a_key_with_something_invisible_inside_is_rejected(
    unit_of_work: UnitOfWork, records: Records, key: str
) -> None:
    customer = await records.customer()

    with pytest.raises(Rejected) as rejected:
        await change(unit_of_work, customer, key)

    (problem,) = rejected.value.problems
    assert problem.path == ("idempotency_key",)
    assert not await change(unit_of_work, customer, "k" * 255 + " ")


async def change(unit_of_work: UnitOfWork, customer: UUID, key: str | None, name: str = "New") -> bool:
    return (await update_customer(unit_of_work, "me", UpdateCustomerCommand(customer, {"name": name}), key))[1]


async def test_a_claim_removes_expired_keys_of_its_company_and_no_others(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    customer, other = await records.customer(), await new_company(owner_engine)
    await store(owner_engine, company, ["old", "older"], expires="- interval '1 second'")
    await store(owner_engine, company, ["live"], expires="+ interval '1 minute'")
    await store(owner_engine, other, ["theirs"], expires="- interval '1 day'")

    await change(unit_of_work, customer, "new")

    assert await stored(owner_engine, company) == {"live", "new"}
    assert await stored(owner_engine, other) == {"theirs"}


async def test_a_claim_removes_a_bounded_number_the_longest_expired_first(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    customer = await records.customer()
    recent = [f"recent {number}" for number in range(MOST)]
    await store(owner_engine, company, recent, expires="- interval '1 second'")
    await store(owner_engine, company, [f"old {number}" for number in range(MOST)], expires="- interval '1 day'")

    await change(unit_of_work, customer, "first")
    assert await stored(owner_engine, company) == {"first", *recent}
    await change(unit_of_work, customer, "second", "Newer")
    assert await stored(owner_engine, company) == {"first", "second"}


async def test_a_key_costs_two_statements_however_many_have_expired(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    customer = await records.customer()
    spent: list[int] = []
    for key, expired in ((None, 0), ("a", 0), ("b", 3), ("c", 300)):
        if expired:
            names = [f"{expired}/{number}" for number in range(expired)]
            await store(owner_engine, company, names, expires="- interval '1 second'")
        before = unit_of_work.statements
        assert not await change(unit_of_work, customer, key, f"Name {key}")
        spent.append(unit_of_work.statements - before)

    assert [statements - spent[0] for statements in spent] == [0, 2, 2, 2]


async def test_an_expired_key_is_taken_over_with_all_that_is_said_of_it(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    customer = await records.customer()
    await store(owner_engine, company, ["key", *map(str, range(MOST))], expires="- interval '2 days'")

    assert [await change(unit_of_work, customer, "key") for _ in range(2)] == [False, True]

    async with owner_engine.connect() as connection:
        lives = (keys.c.expires_at - keys.c.created_at) == text("interval '24 hours'")
        query = select(keys.c.mutation, lives, keys.c.created_at > func.now() - text("interval '1 minute'"))
        row = (await connection.execute(query.where(keys.c.company_id == company))).one()
    assert tuple(row) == ("UpdateCustomerCommand", True, True)


async def test_claims_at_once_share_the_removal_and_each_writes_once(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    customer = await records.customer()
    await store(owner_engine, company, [f"old {number}" for number in range(200)], expires="- interval '1 day'")
    await store(owner_engine, company, [f"key {number}" for number in range(3)], expires="- interval '1 second'")

    asked = [change(unit_of_work, customer, f"key {number % 3}") for number in range(30)]
    replays = await asyncio.gather(*asked)

    assert replays.count(False) == 3
    left = await stored(owner_engine, company)
    assert {"key 0", "key 1", "key 2"} <= left
    assert len(left) <= 200 - 3 * MOST + 3


async def test_the_mutation_that_used_a_key_is_told_apart(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    fields = {"name": "x", "vat_zone": "EU", "country_code": "DK", "default_currency": "DKK"}
    command = CreateCustomerCommand(fields | {"customer_group_id": await records.group()})
    await create_customer(unit_of_work, "me", command, "key")
    async with owner_engine.connect() as connection:
        mutations = (await connection.execute(select(keys.c.mutation).where(keys.c.company_id == company))).scalars()
        assert list(mutations) == ["CreateCustomerCommand"]
