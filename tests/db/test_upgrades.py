"""A database with data of every earlier revision becomes the newest, and keeps what it holds."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, Table, insert, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.connecting import short_lived_engine
from app.db.dsn import parse
from app.db.migrate import migrations, upgrade
from app.db.tables import metadata
from tests.db.schema_differences import differences
from tests.support.databases import new_database
from tests.support.every_table import SIDE_TABLES, World, world

REVISIONS = [script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()]


async def _rows(connection: AsyncConnection, table: Table, columns: list[str]) -> list[dict[str, Any]]:
    found = await connection.execute(
        select(*(table.c[name].label(name) for name in columns)).order_by(*table.primary_key)
    )
    return [dict(row) for row in found.mappings()]


def _earlier(revision: str, name: str) -> Table:
    """A table as a revision had it, under the names of today's columns."""
    table = metadata.tables[name]
    if name != "history" or revision >= "0007":
        return table
    columns = [
        Column("customer_id" if column.name == "subject_id" else column.name, column.type, key=column.key)
        for column in table.columns
    ]
    keys = [columns[table.columns.keys().index(column.name)] for column in table.primary_key]
    return Table("customer_history", MetaData(), *columns, PrimaryKeyConstraint(*keys))


async def _written(connection: AsyncConnection, revision: str, given: World) -> World:
    """Insert the rows of the tables that a revision has, and return them."""
    if revision < "0017":
        del given["outbox_events"]["position"]
    tables = {name: _earlier(revision, name) for name in given}
    stored = await connection.run_sync(lambda synchronous: {*inspect(synchronous).get_table_names()})
    written = {name: row for name, row in given.items() if tables[name].name in stored}
    for name, row in written.items():
        if name not in SIDE_TABLES:
            await connection.execute(insert(tables[name]).values(row))
    return written


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def earlier(server_dsn: str) -> AsyncGenerator[dict[str, str]]:
    """Names of databases of the earlier revisions, each made of the one before: together one way through all."""
    names = dict[str, str]()
    async with AsyncExitStack() as databases:
        for revision in reversed(REVISIONS[1:]):
            dsn = await databases.enter_async_context(new_database(server_dsn, next(reversed(names.values()), None)))
            await asyncio.to_thread(upgrade, dsn, revision=revision)
            names[revision] = parse(dsn).database
        yield names


@pytest_asyncio.fixture(loop_scope="session")
async def earlier_dsn(server_dsn: str, earlier: dict[str, str], revision: str) -> AsyncGenerator[str]:
    """URL of a database of a test's revision."""
    async with new_database(server_dsn, earlier[revision]) as dsn:
        yield dsn


@pytest.mark.parametrize("revision", REVISIONS[1:])
async def test_every_row_of_an_earlier_revision_is_kept_and_found(earlier_dsn: str, revision: str) -> None:
    given = world(uuid4())
    if revision < "0008":
        del given["subscriptions"]["external_system_id"]
    engine = short_lived_engine(earlier_dsn)
    async with engine.begin() as connection:
        given = await _written(connection, revision, given)
        before = {name: await _rows(connection, _earlier(revision, name), list(row)) for name, row in given.items()}

    await asyncio.to_thread(upgrade, earlier_dsn)

    async with engine.connect() as connection:
        after = {name: await _rows(connection, metadata.tables[name], list(row)) for name, row in given.items()}
        words = set((await connection.execute(text("SELECT word FROM customer_words"))).scalars())
        assert await connection.run_sync(differences) == []
    assert after == before
    assert all(after[name] for name in given)
    assert {"fjord", "1001"} <= words


@pytest.mark.parametrize("revision", ["0010"])
async def test_dates_that_were_stored_as_infinite_are_told_by_the_migration(earlier_dsn: str) -> None:
    given = world(uuid4())
    given["subscriptions"]["ends_on"] = date.max
    engine = short_lived_engine(earlier_dsn)
    async with engine.begin() as connection:
        await _written(connection, "0010", given)

    told = rf"subscriptions\.ends_on in 1 rows, such as {given['subscriptions']['id']}\. .* then migrate again"
    with pytest.raises(ValueError, match=told):
        await asyncio.to_thread(upgrade, earlier_dsn)

    async with engine.begin() as connection:
        await connection.execute(text("UPDATE subscriptions SET ends_on = NULL"))
    await asyncio.to_thread(upgrade, earlier_dsn)


CONTRADICTIONS: dict[str, tuple[str, str]] = {
    "UPDATE subscriptions SET status = 'CANCELLED', ends_on = '2026-01-15', next_billing_date = '2026-02-01'": (
        "that are CANCELLED or EXPIRED, but have a next_billing_date",
        "UPDATE subscriptions SET next_billing_date = NULL",
    ),
    "UPDATE subscriptions SET status = 'SCHEDULED', started_on = '2025-12-01'": (
        "that are SCHEDULED, but whose current_period_start is not their started_on",
        "UPDATE subscriptions SET status = 'ACTIVE'",
    ),
    "UPDATE subscriptions SET status = 'TRIAL', trial_ends_on = '2026-01-15';"
    " UPDATE subscription_periods SET net_amount = 0, billed_amount = 0": (
        "that are TRIAL, but whose current_period_end",
        "UPDATE subscriptions SET trial_ends_on = '2026-02-01'",
    ),
    "UPDATE subscriptions SET trial_ends_on = '2026-01-15'": (
        "that are ACTIVE or PENDING_CANCELLATION, but whose current period begins before their trial_ends_on",
        "UPDATE subscriptions SET trial_ends_on = NULL",
    ),
    "UPDATE subscription_periods SET ends_on = '2026-01-15'": (
        "with other days than their last row of subscription_periods",
        "UPDATE subscription_periods SET ends_on = '2026-02-01'",
    ),
    "UPDATE subscriptions SET status = 'TRIAL', trial_ends_on = '2026-02-01'": (
        "that are TRIAL, but have a price or an invoice",
        "UPDATE subscriptions SET status = 'ACTIVE', trial_ends_on = NULL",
    ),
}


LATER_CONTRADICTIONS: dict[str, tuple[str, str]] = {
    "UPDATE subscription_periods SET cut_on = '2026-01-15'": (
        "that run, but whose last row of subscription_periods is cut before the end",
        "UPDATE subscription_periods SET cut_on = NULL",
    ),
    "UPDATE subscriptions SET external_system_id = NULL, current_period_start = '2025-12-01',"
    " started_on = '2025-12-01'; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; UPDATE subscriptions SET external_system_id = 'billing-1'": (
        "whose current period begins before the last row of subscription_periods is over",
        "UPDATE subscriptions SET current_period_start = '2026-01-01'",
    ),
    "UPDATE subscriptions SET moved_by = (SELECT id FROM billing_transitions)": (
        "with a moved_by, but no moved_version",
        "UPDATE subscriptions SET moved_by = NULL",
    ),
    "UPDATE subscriptions SET moved_version = version + 1": (
        "with a moved_version above their version",
        "UPDATE subscriptions SET moved_version = version",
    ),
}


LAST_CONTRADICTIONS: dict[str, tuple[str, str]] = {
    "UPDATE subscription_periods SET transition_id = NULL": (
        "whose last row of subscription_periods is billed by no transition, but has no billed_on",
        "UPDATE subscription_periods SET billed_on = '2026-01-01'",
    ),
}


@pytest.mark.parametrize(
    ("revision", "change", "told", "correction"),
    [
        *(("0011", key, *rest) for key, rest in CONTRADICTIONS.items()),
        *(("0013", key, *rest) for key, rest in LATER_CONTRADICTIONS.items()),
        *(("0014", key, *rest) for key, rest in LAST_CONTRADICTIONS.items()),
    ],
)
async def test_subscriptions_that_contradict_their_periods_are_told_by_the_migration(
    earlier_dsn: str, revision: str, change: str, told: str, correction: str
) -> None:
    given = world(uuid4())
    engine = short_lived_engine(earlier_dsn)
    async with engine.begin() as connection:
        await _written(connection, revision, given)
        for statement in change.split("; "):
            await connection.execute(text(statement))

    named = f"{given['subscriptions']['external_system_id']} of {given['companies']['id']}"
    told = rf"don't: 1 {re.escape(told)}.*: {named}\. .* then migrate again"
    with pytest.raises(ValueError, match=told):
        await asyncio.to_thread(upgrade, earlier_dsn)

    async with engine.begin() as connection:
        await connection.execute(text(correction))
    await asyncio.to_thread(upgrade, earlier_dsn)


def test_there_is_an_earlier_revision_to_upgrade_from() -> None:
    assert len(REVISIONS) > 1
