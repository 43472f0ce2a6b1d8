"""The side tables hold what the customers and groups say, after any write, however many rows it touches."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.tables import (
    customer_group_metadata,
    customer_groups,
    customer_metadata,
    customer_subscription_statuses,
    customer_words,
    customers,
    subscriptions,
)
from app.domain.metadata import pair_digest
from app.domain.texts import words_of
from tests.support.records import Records

SEARCHED = ("customer_number", "name", "email", "vat_number", "external_system_id")
ODD = {
    "quote'": 'it\'s "quoted"',
    "back\\slash": "C:\\temp\\",
    "k" * 128: "v" * 500,
    "emoji 🦊": "🦊🦊",
    "empty": "",
    "integer": 5,
    "decimal": 1.10,
    "exponent": 1e20,
    "negative": -0.5,
    "yes": True,
    "no": False,
    "text of a number": "5.0",
    "æøå": "ÆØÅ",
}


async def rows(connection: AsyncConnection, table: Table, company_id: UUID) -> list[dict[str, Any]]:
    """All rows of the company."""
    found = await connection.execute(select(table).where(table.c.company_id == company_id))
    return [dict(row) for row in found.mappings()]


async def assert_true(connection: AsyncConnection, company_id: UUID) -> int:
    """Compute anew what the side tables must hold, compare, and say how many rows that is."""
    stored = await rows(connection, customers, company_id)
    pairs = sorted(
        (pair_digest(key, value), row["number_key"], row["id"])
        for row in stored
        for key, value in row["metadata"].items()
    )
    words = sorted(
        (word, row["number_key"], row["id"])
        for row in stored
        for word in words_of(" ".join(row[column] for column in SEARCHED if row[column] is not None))
    )
    groups = sorted(
        (pair_digest(key, value), row["id"])
        for row in await rows(connection, customer_groups, company_id)
        for key, value in row["metadata"].items()
    )

    number_keys = {row["id"]: row["number_key"] for row in stored}
    statuses = {
        (row["status"], number_keys[row["customer_id"]], row["customer_id"])
        for row in await rows(connection, subscriptions, company_id)
    }
    found = await rows(connection, customer_subscription_statuses, company_id)
    assert sorted((row["status"], row["number_key"], row["customer_id"]) for row in found) == sorted(statuses)

    found = await rows(connection, customer_metadata, company_id)
    assert sorted((row["pair"], row["number_key"], row["customer_id"]) for row in found) == pairs
    found = await rows(connection, customer_words, company_id)
    assert sorted((row["word"], row["number_key"], row["customer_id"]) for row in found) == words
    found = await rows(connection, customer_group_metadata, company_id)
    assert sorted((row["pair"], row["customer_group_id"]) for row in found) == groups
    return len(pairs) + len(words) + len(groups) + len(statuses)


WRITES = {
    "nothing": "SELECT",
    "one name": "UPDATE customers SET name = 'Blåbær & Søn' WHERE company_id = :company_id AND customer_number = '7'",
    "all names": "UPDATE customers SET name = name || ' Østergaard' WHERE company_id = :company_id",
    "a name that keeps its words": "UPDATE customers SET name = 'A/S  FJORD' WHERE company_id = :company_id",
    "one number": "UPDATE customers SET customer_number = '00008' WHERE company_id = :company_id AND customer_number = '7'",
    "all numbers": "UPDATE customers SET customer_number = 'X-' || customer_number WHERE company_id = :company_id",
    "a number with the same key": "UPDATE customers SET customer_number = '007' WHERE company_id = :company_id AND customer_number = '7'",
    "numbers that change places": """
        UPDATE customers SET customer_number = (11 - customer_number::int)::text || '9'
        WHERE company_id = :company_id AND customer_number ~ '^[0-9]+$'
    """,
    "one pair": """UPDATE customers SET metadata = metadata || '{"segment": "silver"}' WHERE company_id = :company_id AND customer_number = '7'""",
    "all pairs": "UPDATE customers SET metadata = jsonb_build_object('number', customer_number, 'same', 1) WHERE company_id = :company_id",
    "no pairs": "UPDATE customers SET metadata = '{}' WHERE company_id = :company_id AND customer_number <> '7'",
    "number and pairs": """
        UPDATE customers SET customer_number = customer_number || '0', metadata = '{"a": 1}' WHERE company_id = :company_id
    """,
    "pairs of one, number of another": """
        UPDATE customers SET
            metadata = CASE customer_number WHEN '7' THEN '{"seven": 7}' ELSE metadata END,
            customer_number = CASE customer_number WHEN '10' THEN '11' ELSE customer_number END
        WHERE company_id = :company_id
    """,
    "what is searched but not sorted": """
        UPDATE customers SET email = 'ny@post.example', vat_number = NULL, external_system_id = 'erp.' || customer_number
        WHERE company_id = :company_id
    """,
    "what is not searched": "UPDATE customers SET notes = 'A note' WHERE company_id = :company_id",
    "a key that stays": "UPDATE customers SET id = id, metadata = metadata WHERE company_id = :company_id",
    "several new ones, one of them there": """
        INSERT INTO customers (company_id, id, customer_number, name, vat_zone, customer_group_id, country_code, default_currency, metadata)
        SELECT company_id, gen_random_uuid(), number, 'New ' || number, vat_zone, customer_group_id, country_code, default_currency, '{"new": true}'
        FROM customers CROSS JOIN unnest(ARRAY['7', '70', '71']) AS number
        WHERE company_id = :company_id AND customer_number = '7'
        ON CONFLICT (company_id, customer_number) DO UPDATE SET name = excluded.name, metadata = excluded.metadata
    """,
    "pairs of groups": "UPDATE customer_groups SET metadata = metadata || jsonb_build_object('n', number) WHERE company_id = :company_id",
    "a group's name": "UPDATE customer_groups SET name = 'Renamed' WHERE company_id = :company_id",
    "a subscription's name": "UPDATE subscriptions SET name = 'Renamed' WHERE company_id = :company_id",
    "one of two active subscriptions": """
        UPDATE subscriptions SET status = 'PAUSED' WHERE company_id = :company_id AND name = 'First'
    """,
    "all subscriptions": "UPDATE subscriptions SET status = 'CANCELLED' WHERE company_id = :company_id",
    "statuses that change places": """
        UPDATE subscriptions SET status = CASE status WHEN 'ACTIVE' THEN 'TRIAL' WHEN 'TRIAL' THEN 'ACTIVE' ELSE status END
        WHERE company_id = :company_id
    """,
    "subscriptions of another customer": """
        UPDATE subscriptions SET customer_id = (
            SELECT id FROM customers WHERE company_id = :company_id AND name = '...'
        )
        WHERE company_id = :company_id AND status = 'ACTIVE'
    """,
    "several new subscriptions": """
        INSERT INTO subscriptions (
            company_id, id, customer_id, name, status, currency, net_amount, anchor_day, started_on,
            current_period_start, current_period_end
        )
        SELECT company_id, gen_random_uuid(), id, 'New', status, 'DKK', 1, 1, '2026-01-01', '2026-01-01', '2026-02-01'
        FROM customers CROSS JOIN unnest(ARRAY['ACTIVE', 'EXPIRED', 'EXPIRED']) AS status
        WHERE company_id = :company_id
    """,
    "some subscriptions less": "DELETE FROM subscriptions WHERE company_id = :company_id AND name <> 'First'",
    "no subscription": "DELETE FROM subscriptions WHERE company_id = :company_id",
    "no customer": "DELETE FROM customers WHERE company_id = :company_id AND name = '...'",
}


@pytest.fixture
async def company_id(records: Records) -> UUID:
    """Three customers: plain, odd and bare, two of them with subscriptions; and two groups."""
    group = await records.group(metadata={"region": "north", "size": 3})
    await records.group(metadata=ODD)
    plain = await records.customer(
        customer_number="7",
        name="Fjord A/S",
        email="faktura@fjord-7.example",
        vat_number="DK12345678",
        external_system_id="crm:7",
        metadata={"segment": "gold", "seats": 5},
        customer_group_id=group,
    )
    odd = await records.customer(
        customer_number="A-9", name=f"Ærø\tØst/vest {'lang' * 30} fjord-7", metadata=ODD, customer_group_id=group
    )
    await records.customer(customer_number="10", name="...", customer_group_id=group)
    for name, status in (("First", "ACTIVE"), ("Second", "ACTIVE"), ("Third", "TRIAL")):
        await records.subscription(plain, name=name, status=status)
    await records.subscription(odd, name="Fourth", status="PAUSED")
    return records.company_id


@pytest.mark.parametrize("statement", WRITES.values(), ids=WRITES)
async def test_the_side_tables_follow_a_write(owner_engine: AsyncEngine, company_id: UUID, statement: str) -> None:
    async with owner_engine.connect() as connection:
        assert await assert_true(connection, company_id) > 40
        await connection.execute(text(statement), {"company_id": company_id} if ":company_id" in statement else {})
        await assert_true(connection, company_id)
        await connection.rollback()


async def test_the_side_tables_follow_one_write_after_another(owner_engine: AsyncEngine, company_id: UUID) -> None:
    async with owner_engine.connect() as connection:
        for statement in WRITES.values():
            await connection.execute(text(statement), {"company_id": company_id} if ":company_id" in statement else {})
            await assert_true(connection, company_id)
        await connection.rollback()


async def test_a_group_that_goes_takes_its_pairs_along(owner_engine: AsyncEngine, records: Records) -> None:
    group = await records.group(metadata={"region": "north"})
    async with owner_engine.begin() as connection:
        await connection.execute(
            delete(customer_groups).where(
                customer_groups.c.company_id == records.company_id, customer_groups.c.id == group
            )
        )
        assert await rows(connection, customer_group_metadata, records.company_id) == []


async def test_the_service_writes_customers_without_writing_the_side_tables_itself(
    service_engine: AsyncEngine, company_id: UUID
) -> None:
    async with service_engine.connect() as connection:
        query = text("SELECT set_config('app.company_id', :company_id, true)")
        await connection.execute(query, {"company_id": str(company_id)})
        await connection.execute(
            text("UPDATE customers SET name = 'Renamed', customer_number = customer_number || '1'")
        )
        await assert_true(connection, company_id)
        await connection.rollback()


async def test_subscriptions_that_two_transactions_change_at_once_are_all_counted(
    owner_engine: AsyncEngine, records: Records
) -> None:
    customer = await records.customer()
    ids = [await records.subscription(customer) for _ in range(2)]
    change = text("UPDATE subscriptions SET status = 'PAUSED' WHERE company_id = :company AND id = :id")

    async def pause(id_: UUID, started: asyncio.Event, others: list[asyncio.Event]) -> None:
        async with owner_engine.begin() as connection:
            await connection.execute(text("SELECT 1"))
            started.set()
            for each in others:
                await each.wait()
            await connection.execute(change, {"company": records.company_id, "id": id_})
            await asyncio.sleep(0.1)

    started = [asyncio.Event(), asyncio.Event()]
    await asyncio.gather(*(pause(id_, mine, started) for id_, mine in zip(ids, started, strict=True)))

    async with owner_engine.connect() as connection:
        found = await rows(connection, customer_subscription_statuses, records.company_id)
    assert [row["status"] for row in found] == ["PAUSED"]
