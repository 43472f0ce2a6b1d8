"""What is unique is there once, and nothing refers into another company, under the names that the code recognizes."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import Table, UniqueConstraint, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import metadata
from tests.support.every_table import SIDE_TABLES, Row, World, another, rejection, write_world

FOREIGN_KEY, UNIQUE = "23503", "23505"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(owner_engine: AsyncEngine) -> World:
    """The rows of one company; what a test tries is rejected, so they can be shared."""
    return await write_world(owner_engine, uuid4())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def foreign(owner_engine: AsyncEngine) -> World:
    """The rows of another company."""
    return await write_world(owner_engine, uuid4())


def uniques() -> Iterator[tuple[str, str, list[str]]]:
    """Every unique constraint and index, and its columns."""
    for table in metadata.tables.values():
        constraints = [constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
        for unique in [*constraints, *(index for index in table.indexes if index.unique)]:
            # This one holds the id, so the primary key is always first to reject.
            if unique.name != "customers_by_number":
                yield table.name, str(unique.name), [column.name for column in unique.columns]


@pytest.mark.parametrize(("table", "name", "columns"), sorted(uniques()))
async def test_what_is_unique_is_rejected_twice(
    owner_engine: AsyncEngine, own: World, table: str, name: str, columns: list[str]
) -> None:
    repeated = {column: own[table][column] for column in columns}
    flags = {column: own[table][column] for column in own[table] if column.startswith("is_default")}
    assert await rejection(owner_engine, table, another(own, table) | repeated | flags) == (UNIQUE, name)


async def test_two_companies_use_the_same_numbers(own: World, foreign: World) -> None:
    for table, column in (
        ("customers", "customer_number"),
        ("customers", "external_system_id"),
        ("customer_groups", "number"),
    ):
        assert own[table][column] == foreign[table][column]


@pytest.mark.parametrize("table", sorted(set(metadata.tables) - set(SIDE_TABLES) - {"outbox_events"}))
async def test_no_row_is_there_twice(owner_engine: AsyncEngine, own: World, table: str) -> None:
    keys = {column.name: own[table][column.name] for column in metadata.tables[table].primary_key}
    assert await rejection(owner_engine, table, another(own, table) | keys) == (UNIQUE, f"{table}_pkey")


async def test_many_customers_have_no_external_system_id(owner_engine: AsyncEngine, own: World) -> None:
    async with owner_engine.connect() as connection:
        for number in ("1003", "1004", "1005"):
            row = another(own, "customers") | {"customer_number": number, "id": uuid4()}
            await connection.execute(insert(metadata.tables["customers"]).values(row))
        await connection.rollback()


REFERENCES = [
    (table, str(key.name), key.column_keys[-1], key.referred_table.name)
    for table in metadata.tables.values()
    for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name))
    if len(key.columns) > 1
]


@pytest.mark.parametrize(("table", "name", "column", "target"), REFERENCES, ids=[name for _, name, _, _ in REFERENCES])
async def test_no_row_refers_into_another_company(
    owner_engine: AsyncEngine, own: World, foreign: World, table: Table, name: str, column: str, target: str
) -> None:
    row = await _stored(owner_engine, table, own["companies"]["id"])
    foreign_id: UUID = foreign[target]["id"]

    changed: dict[str, object] = {column: foreign_id}
    if column == "moved_by":
        # A transition that moved a subscription has set a version, too.
        changed["moved_version"] = row["version"]

    found = await rejection(owner_engine, table.name, another({table.name: row}, table.name) | changed)
    assert found == (FOREIGN_KEY, name)


async def _stored(engine: AsyncEngine, table: Table, company_id: UUID) -> Row:
    computed = {column.name for column in table.columns if column.computed is not None or column.identity is not None}
    async with engine.connect() as connection:
        found = await connection.execute(table.select().where(table.c.company_id == company_id))
        return {name: value for name, value in found.mappings().first().items() if name not in computed}  # pyright: ignore[reportOptionalMemberAccess] - every table has a row


async def test_no_row_belongs_to_a_company_that_is_not_there(owner_engine: AsyncEngine, own: World) -> None:
    for table in metadata.tables.values():
        if "companies" in {key.referred_table.name for key in table.foreign_key_constraints}:
            state, _ = await rejection(owner_engine, table.name, another(own, table.name) | {"company_id": uuid4()})
            assert state == FOREIGN_KEY, table.name
