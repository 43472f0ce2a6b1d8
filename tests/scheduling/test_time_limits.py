"""Time limits of waits: the time in which the process was blocked doesn't count, all other time does."""

import asyncio
import time
from uuid import UUID

import pytest
from sqlalchemy import text

from app.db.database import Database
from app.scheduling.time_limits import TimeLimit
from app.scheduling.turns import Turns
from tests.support.databases import probe

ONE, OTHER = UUID(int=1), UUID(int=2)

BLOCKED_SECONDS = 2.5
"""Longer than any limit here, and than that of a look-up."""


async def blocked(after_seconds: float = 0) -> None:
    """Block the event loop, as a process that was suspended."""
    await asyncio.sleep(after_seconds)
    time.sleep(BLOCKED_SECONDS)  # noqa: ASYNC251 - that is what is tried


@pytest.mark.parametrize("after_seconds", [0, 0.05, 0.4])
async def test_the_time_in_which_the_loop_was_blocked_does_not_count(after_seconds: float) -> None:
    blocking = asyncio.create_task(blocked(after_seconds))
    async with TimeLimit(0.6):
        await blocking
        # A few turns of the loop, in which answers are read.
        await asyncio.sleep(0.1)


async def test_all_other_time_counts_and_what_is_awaited_is_canceled() -> None:
    limit, begun = TimeLimit(0.3), time.monotonic()
    with pytest.raises(TimeoutError):
        async with limit:
            await asyncio.Event().wait()
    assert limit.expired()
    assert 0.3 <= time.monotonic() - begun < 2


async def test_a_limit_that_is_begun_anew_has_all_its_time() -> None:
    async with TimeLimit(0.2) as limit:
        await asyncio.sleep(0.1)
        limit.restart(0.3)
        await asyncio.sleep(0.2)
    assert not limit.expired()


async def test_a_timeout_of_what_is_awaited_is_passed_on() -> None:
    limit = TimeLimit(5)
    with pytest.raises(TimeoutError, match="inner"):
        async with limit:
            raise TimeoutError("inner")  # noqa: EM101
    assert not limit.expired()


async def test_a_cancellation_from_elsewhere_is_passed_on() -> None:
    async def limited() -> None:
        async with TimeLimit(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(limited())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def processes_of(database: Database) -> list[int]:
    """The server's processes of the connections for probes and look-ups."""
    found: list[int] = []
    for engine in (database.probe.engine, database.keys.engine):
        async with engine.connect() as connection:
            found.append((await connection.scalars(text("SELECT pg_backend_pid()"))).one())
    return found


async def test_look_ups_and_probes_outlast_a_blocked_loop_and_keep_their_connections(service_dsn: str) -> None:
    database = Database(
        service_dsn, pool_size=2, plan_connections=2, pool_timeout_seconds=5, statement_timeout_seconds=5
    )
    try:
        await probe(database)
        assert await database.keys.find(b"unknown") is None
        before = await processes_of(database)
        asked = [asyncio.create_task(probe(database)), asyncio.create_task(database.keys.find(b"unknown"))]
        # The statements are sent, and their answers arrive while the loop is blocked.
        for _ in range(3):
            await asyncio.sleep(0)
        await blocked()
        await asyncio.gather(*asked)
        assert await processes_of(database) == before
    finally:
        await database.dispose()


async def test_a_turn_that_is_free_after_the_loop_was_blocked_is_given() -> None:
    turns = Turns(1, seconds=0.5)
    await turns.take(ONE)
    waits = asyncio.create_task(turns.take(OTHER))
    await asyncio.sleep(0.1)
    await blocked()
    # The task that has the turn gives it back only after some turns of the event loop.
    await asyncio.sleep(0.05)
    turns.give_back(ONE)
    await waits
