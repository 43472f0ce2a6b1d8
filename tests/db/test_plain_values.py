"""The border to the driver: no value that leaves it has a type of the driver's own."""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import Uuid

from app.cli.owner import command_engine
from app.db import batching, graph
from app.db.database import Database
from app.db.tables import metadata
from tests.support.every_table import SIDE_TABLES, World, write_world
from tests.support.sources import MODULES, ROOT, nodes_of

ID = UUID("0198c2f0-0000-7000-8000-000000000001")
PLAIN_MODULES = {"builtins", "uuid", "datetime", "decimal", "app"}


def foreign_types(value: object) -> set[type]:
    """The types of a value, and of what it holds, that are neither Python's nor the project's own."""
    kind = type(value)
    inside: Iterable[object] = ()
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value)
        inside = [*entries.keys(), *entries.values()]
    elif isinstance(value, (list, tuple, set, frozenset)):
        inside = cast("Iterable[object]", value)
    is_plain = kind.__module__.split(".")[0] in PLAIN_MODULES
    found: set[type] = set() if is_plain else {kind}
    return found.union(*map(foreign_types, inside))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rows(owner_engine: AsyncEngine) -> World:
    """A row of every table, in one company; it is only read."""
    return await write_world(owner_engine, uuid4())


@pytest.mark.parametrize("table", sorted(set(metadata.tables) - set(SIDE_TABLES)))
async def test_a_row_of_any_table_has_plain_values(owner_engine: AsyncEngine, rows: World, table: str) -> None:
    columns = metadata.tables[table].c
    company = columns.id if table == "companies" else columns.company_id
    query = select(metadata.tables[table]).where(company == rows["companies"]["id"])
    async with owner_engine.connect() as connection:
        found = (await connection.execute(query)).all()
    assert len(found) == 1
    assert foreign_types(tuple(found[0])) == set()


async def test_raw_sql_gives_plain_ids_too_alone_in_arrays_and_on_every_connection(
    database: Database, service_dsn: str
) -> None:
    sql = "SELECT CAST(:id AS uuid), ARRAY[CAST(:id AS uuid), NULL]"
    async with command_engine(service_dsn) as short_lived:
        for engine in (database.engine, short_lived):
            async with engine.connect() as connection:
                row = (await connection.execute(text(sql), {"id": ID})).one()
            assert tuple(row) == (ID, [ID, None])
            assert foreign_types(tuple(row)) == set()
    (held,) = await database.plan_connections.row("SELECT ARRAY[$1::uuid]", [ID], ID, plan_for_values=False)
    assert held == [ID]
    assert foreign_types(held) == set()


async def test_ids_come_back_as_they_were_sent_whether_as_ids_or_as_text(database: Database) -> None:
    ids = [UUID(int=0), ID, UUID(int=(1 << 128) - 1)]
    statement = text("SELECT unnest(:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid())))
    async with database.engine.connect() as connection:
        found = (await connection.execute(statement, {"ids": ids})).scalars().all()
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        assert await driver.fetchval("SELECT $1::uuid", str(ID)) == ID
    assert found == ids
    assert [(str(value), repr(value), hash(value), value.is_safe) for value in found] == [
        (str(id_), repr(id_), hash(id_), id_.is_safe) for id_ in ids
    ]


async def test_loaded_rows_and_the_keys_that_they_are_found_by_are_plain(database: Database, rows: World) -> None:
    customer = rows["customers"]
    async with database.read(customer["company_id"]) as session:
        found = await batching.by_id(session, graph.customer, [customer["id"]])
        departments = await batching.many(session, graph.departments, [customer["id"]], limit=5)
    assert len(found) == len(departments) == 1
    assert foreign_types(found) == foreign_types(departments) == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_engine_is_made_where_values_become_plain(module: Path) -> None:
    names = {node.id for node in nodes_of(module, "create_async_engine") if isinstance(node, ast.Name)}
    assert "create_async_engine" not in names or module == ROOT / "app/db/connecting.py"
