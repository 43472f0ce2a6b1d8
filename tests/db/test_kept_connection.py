"""The connection for work on the feeds is kept between statements, and replaced when it may not be usable."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import pytest
import pytest_asyncio

from app.db.database import Database
from app.db.pooling import Pooling
from app.unavailable import Cause, DatabaseUnavailable, StatementTimeout
from tests.support.databases import execute

PID = "SELECT pg_backend_pid()"
SLEEP = "SELECT $1::int, pg_sleep(20)::text"
_UNTIL_GONE = """
DO $$ BEGIN
    WHILE EXISTS (SELECT FROM pg_stat_activity WHERE pid = {}) LOOP
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
END $$
"""
_ACTIVE = "SELECT count(*)::int FROM pg_stat_activity WHERE pid = $1 AND state = 'active'"


@pytest_asyncio.fixture(loop_scope="session")
async def database(service_dsn: str) -> AsyncGenerator[Database]:
    """A database whose statements have half a second."""
    made = _database(service_dsn, Pooling.SESSION)
    yield made
    await made.dispose()


def _database(dsn: str, pooling: Pooling) -> Database:
    return Database(dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=0.5, pooling=pooling)


async def pid_of(database: Database) -> int:
    """Return the server's process."""
    return (await database.feed.rows(PID))[0][0]


async def test_statements_share_a_connection_in_turn(database: Database) -> None:
    pids = await asyncio.gather(*(pid_of(database) for _ in range(5)))
    assert len(set(pids)) == 1


async def test_a_statement_that_fails_keeps_the_connection(database: Database) -> None:
    pid = await pid_of(database)
    with pytest.raises(StatementTimeout):
        await database.feed.rows(SLEEP, 1)
    assert await pid_of(database) == pid


async def test_a_canceled_statement_ends_and_its_connection_is_replaced(database: Database) -> None:
    pid = await pid_of(database)
    running = asyncio.create_task(database.feed.rows(SLEEP, 1))
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await pid_of(database) != pid
    async with asyncio.timeout(10):
        while (await database.feed.rows(_ACTIVE, pid))[0][0]:  # noqa: ASYNC110 - the server ends it
            await asyncio.sleep(0.01)


async def test_a_lost_connection_is_told_once_and_replaced(database: Database, owner_dsn: str) -> None:
    pid = await pid_of(database)
    await execute(owner_dsn, f"SELECT pg_terminate_backend({pid}, 5000)")
    with suppress(DatabaseUnavailable):
        # The driver may not have read yet that the server closed it.
        await pid_of(database)
    assert await pid_of(database) != pid


async def test_a_connection_lost_during_a_statement_is_told(database: Database, owner_dsn: str) -> None:
    pid = await pid_of(database)
    running = asyncio.create_task(database.feed.rows(SLEEP, 1))
    await asyncio.sleep(0.05)
    await execute(owner_dsn, f"SELECT pg_terminate_backend({pid}, 5000)")
    with pytest.raises(DatabaseUnavailable) as caught:
        await running
    assert caught.value.cause is Cause.CONNECTION_LOST
    assert await pid_of(database) != pid


async def test_a_discarded_connection_is_replaced_also_while_it_is_used(database: Database) -> None:
    pid = await pid_of(database)
    database.feed.discard()
    second = await pid_of(database)
    assert second != pid
    running = asyncio.create_task(database.feed.rows("SELECT $1::int, pg_sleep(0.1)::text", 7))
    await asyncio.sleep(0.02)
    database.feed.discard()
    assert (await running)[0][0] == 7
    assert await pid_of(database) != second


@pytest.mark.parametrize("pooling", Pooling)
async def test_one_connection_is_enough_with_and_without_a_pooler(
    service_dsn: str, owner_dsn: str, pooling: Pooling
) -> None:
    database = _database(service_dsn, pooling)
    pids = {await pid_of(database) for _ in range(3)}
    assert (await database.feed.rows("SELECT $1::int, $2::text", 3, "three"))[0][:] == (3, "three")
    await database.dispose()
    assert len(pids) == 1
    async with asyncio.timeout(10):
        await execute(owner_dsn, _UNTIL_GONE.format(pids.pop()))
