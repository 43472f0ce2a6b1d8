"""The migrated database: what app.db.tables declares, on an empty server or on one that is there already."""

import asyncio
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest
from alembic.script import ScriptDirectory
from asyncpg import DuplicateTableError
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.migrate import migrations, upgrade
from app.db.revisions import current_revision, head_revision
from app.db.tables import metadata
from tests.db.schema_differences import differences
from tests.support.databases import execute

_COLUMNS = text(
    """
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text, attgenerated::text,
           CASE WHEN attcollation <> 0 THEN (SELECT collname FROM pg_collation WHERE oid = attcollation) END,
           pg_get_expr(adbin, adrelid)
    FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid JOIN pg_attribute ON attrelid = pg_class.oid
         LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE nspname = :schema AND relkind = 'r' AND attnum > 0 AND NOT attisdropped AND relname <> 'alembic_version'
    """
)
_CONSTRAINTS = text(
    """
    SELECT relname, conname, contype::text, replace(pg_get_constraintdef(pg_constraint.oid), CAST(:schema AS text) || '.', '')
    FROM pg_constraint JOIN pg_class ON conrelid = pg_class.oid JOIN pg_namespace ON relnamespace = pg_namespace.oid
    WHERE nspname = :schema AND contype <> 't' AND relname <> 'alembic_version'
    """
)
_INDEXES = text(
    "SELECT tablename, indexname, replace(indexdef, CAST(:schema AS text) || '.', '') FROM pg_indexes"
    " WHERE schemaname = :schema AND tablename <> 'alembic_version'"
)


def catalog(connection: Connection, schema: str) -> set[tuple[Any, ...]]:
    """Every column, constraint and index of a schema as the server describes it."""
    queries = (_COLUMNS, _CONSTRAINTS, _INDEXES)
    return {tuple(row) for query in queries for row in connection.execute(query, {"schema": schema})}


async def test_alembic_finds_nothing_that_a_next_migration_would_change(owner_engine: AsyncEngine) -> None:
    async with owner_engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_alembic_would_find_a_column_that_is_missing(owner_engine: AsyncEngine) -> None:
    async with owner_engine.connect() as connection:
        await connection.execute(text("ALTER TABLE customers DROP COLUMN notes"))
        assert await connection.run_sync(differences) != []


async def test_the_server_describes_the_migrated_tables_as_it_does_the_declared_ones(owner_engine: AsyncEngine) -> None:
    async with owner_engine.connect() as connection:
        await connection.execute(text("CREATE SCHEMA declared"))
        declared = await connection.execution_options(schema_translate_map={None: "declared"})
        await declared.run_sync(metadata.create_all)
        expected = await connection.run_sync(catalog, "declared")
        migrated = await connection.run_sync(catalog, "public")
        await connection.rollback()

    assert len(migrated) > 300
    lacking, foreign = (sorted(map(str, found)) for found in (expected - migrated, migrated - expected))
    assert lacking == [], "Write these by hand in the newest migration:\n" + "\n".join(lacking)
    assert foreign == [], "Declare these in app/db/tables.py, or drop them in the newest migration:\n" + "\n".join(
        foreign
    )


async def test_every_constraint_has_a_name_that_was_given(owner_engine: AsyncEngine) -> None:
    # What PostgreSQL would cut from a name that is too long, the code that recognizes names would miss.
    names = [str(constraint.name) for table in metadata.tables.values() for constraint in table.constraints]
    assert max(len(name) for name in names) <= 63
    async with owner_engine.connect() as connection:
        stored = set((await connection.execute(text("SELECT conname FROM pg_constraint"))).scalars())
    assert set(names) <= stored


def test_the_newest_revision_is_the_one_that_alembic_finds() -> None:
    assert head_revision() == ScriptDirectory.from_config(migrations()).get_current_head()


def test_the_service_loads_no_migration_to_know_the_newest_revision() -> None:
    loaded = "import sys, app.web.health; sys.exit('alembic' in sys.modules)"
    subprocess.run([sys.executable, "-c", loaded], check=True, timeout=60)


async def test_an_empty_database_becomes_the_newest_revision_and_stays_it_when_upgraded(
    empty_dsn: str,
) -> None:
    database = Database(empty_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)
    assert await current_revision(database.engine) is None

    await asyncio.to_thread(upgrade, empty_dsn)
    assert await current_revision(database.engine) == head_revision()
    async with database.engine.connect() as connection:
        before = await connection.run_sync(catalog, "public")

    await asyncio.to_thread(upgrade, empty_dsn)
    assert await current_revision(database.engine) == head_revision()
    async with database.engine.connect() as connection:
        assert await connection.run_sync(catalog, "public") == before
    await database.dispose()


async def test_an_upgrade_that_fails_leaves_nothing_behind(empty_dsn: str) -> None:
    await execute(empty_dsn, "CREATE TABLE departments ()")
    database = Database(empty_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)

    with pytest.raises(DuplicateTableError, match="departments"):
        await asyncio.to_thread(upgrade, empty_dsn)

    async with database.engine.connect() as connection:
        found = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert list(found.scalars()) == ["departments"]
    await database.dispose()


async def test_what_an_older_version_wrote_is_kept_and_can_be_listed(empty_dsn: str) -> None:
    await asyncio.to_thread(upgrade, empty_dsn, revision="0001")
    database = Database(empty_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)
    async with database.engine.begin() as connection:
        values = {"company": uuid4(), "account": uuid4()}
        company = (
            "INSERT INTO companies (id, name, base_currency, time_zone) VALUES (:company, 'Old', 'DKK', 'Mars/Base')"
        )
        await connection.execute(text(company), values)
        account = (
            "INSERT INTO ledger_accounts (company_id, id, number, name) VALUES (:company, :account, '0010', 'SALG')"
        )
        await connection.execute(text(account), values)

    await asyncio.to_thread(upgrade, empty_dsn)

    async with database.engine.begin() as connection:
        found = await connection.execute(text("SELECT number_key, name_prefix, version FROM ledger_accounts"))
        assert [tuple(row) for row in found] == [("00210", "salg", 1)]
        # What is there already is not looked at until the zone itself is written.
        await connection.execute(text("UPDATE companies SET name = 'New'"))
        with pytest.raises(IntegrityError, match="is not known to the server"):
            await connection.execute(text("UPDATE companies SET time_zone = 'Mars/Base'"))
    await database.dispose()
