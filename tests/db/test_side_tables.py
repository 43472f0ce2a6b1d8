"""The side tables hold what the customers and groups say, after any write, however many rows it touches."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.tables import (
    customer_group_metadata,
    customer_groups,
    customer_metadata,
    customer_words,
    customers,
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

    found = await rows(connection, customer_metadata, company_id)
    assert sorted((row["pair"], row["number_key"], row["customer_id"]) for row in found) == pairs
    found = await rows(connection, customer_words, company_id)
    assert sorted((row["word"], row["number_key"], row["customer_id"]) for row in found) == words
    found = await rows(connection, customer_group_metadata, company_id)
    assert sorted((row["pair"], row["customer_group_id"]) for row in found) == groups
    return len(pairs) + len(words) + len(groups)


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
    "no customer": "DELETE FROM customers WHERE company_id = :company_id AND customer_number <> '7'",
}


@pytest.fixture
async def company_id(records: Records) -> UUID:
    """Three customers: plain, odd and bare; and two groups."""
    group = await records.group(metadata={"region": "north", "size": 3})
    await records.group(metadata=ODD)
    await records.customer(
        customer_number="7",
        name="Fjord A/S",
        email="faktura@fjord-7.example",
        vat_number="DK12345678",
        external_system_id="crm:7",
        metadata={"segment": "gold", "seats": 5},
        customer_group_id=group,
    )
    await records.customer(
        customer_number="A-9", name=f"Ærø\tØst/vest {'lang' * 30} fjord-7", metadata=ODD, customer_group_id=group
    )
    await records.customer(customer_number="10", name="...", customer_group_id=group)
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


INDEXED = {
    "UPDATE customers SET notes = 'A note', phone = '1', version = version + 1": {},
    "UPDATE customers SET email = 'ny' || email": {"index_changed_words": 1},
    "UPDATE customers SET name = CASE customer_number WHEN '7' THEN 'Fjord' ELSE name END": {"index_changed_words": 1},
    "UPDATE customers SET metadata = '{}'": {"index_changed_metadata": 2},
    "UPDATE customers SET customer_number = customer_number || '1', metadata = '{}' WHERE customer_number = '7'": {
        "index_changed_metadata": 1,
        "index_changed_words": 1,
    },
    "UPDATE customer_groups SET name = 'Renamed'": {},
    "UPDATE customer_groups SET metadata = '{}'": {"index_changed_metadata": 2},
}
"""The triggers that an update calls, and how often."""


@pytest.mark.parametrize("statement", INDEXED)
async def test_an_update_indexes_only_rows_whose_indexed_values_change(
    service_engine: AsyncEngine, company_id: UUID, statement: str
) -> None:
    async with service_engine.connect() as connection:
        query = text("SELECT set_config('app.company_id', :company_id, true)")
        await connection.execute(query, {"company_id": str(company_id)})
        ((plan,),) = (await connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"))).all()
        await connection.rollback()
    called = {trigger["Trigger Name"]: trigger["Calls"] for trigger in plan[0]["Triggers"]}
    assert {name: calls for name, calls in called.items() if name.startswith("index_")} == INDEXED[statement]


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
