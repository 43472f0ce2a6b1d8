"""A company that asks for more than the service can do at once waits for itself; others hardly notice."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.unavailable import Cause, TooBusy, TooManyHeavy
from tests.support.lock_waits import held_statement, lock_waits
from tests.support.records import new_company
from tests.support.until import until

SLEEP = "SELECT pg_sleep(0.5)"
_PATIENCE_SECONDS = 20


@pytest_asyncio.fixture(loop_scope="session")
async def other(owner_engine: AsyncEngine) -> UUID:
    """A company that asks for little."""
    return await new_company(owner_engine)


@asynccontextmanager
async def small_database(dsn: str, pool_timeout_seconds: float = 30) -> AsyncGenerator[Database]:
    """A database with six connections each for transactions and for plans: two heavy operations run, and one of another
    company."""
    database = Database(
        dsn,
        pool_size=6,
        plan_connections=6,
        pool_timeout_seconds=pool_timeout_seconds,
        statement_timeout_seconds=30,
    )
    try:
        yield database
    finally:
        await database.dispose()


async def read(database: Database, company_id: UUID, sql: str) -> None:
    async with database.read(company_id) as session:
        await session.rows(text(sql), {})


async def write(database: Database, company_id: UUID, sql: str) -> None:
    async def work(session: WriteSession) -> None:
        await session.rows(text(sql))

    await UnitOfWork(database, company_id).run(work)


async def plan(database: Database, company_id: UUID, sql: str) -> None:
    await database.plan_connections.row(sql, [], company_id, plan_for_values=False)


async def search(database: Database, company_id: UUID, sql: str) -> None:
    await database.row(sql, [], company_id, plan_for_values=True)


async def heavy_plan(database: Database, company_id: UUID, sql: str) -> None:
    async with database.heavy_turn(company_id):
        await database.row(sql, [], company_id, plan_for_values=False, has_heavy_turn=True)


async def heavy_read(database: Database, company_id: UUID, sql: str) -> None:
    async with database.heavy_turn(company_id):
        session = database.session(company_id, has_heavy_turn=True)
        try:
            await session.rows(text(sql), {})
        finally:
            await session.end()


async def late_heavy_read(database: Database, company_id: UUID, sql: str) -> None:
    """An operation whose first statement is a small one."""
    async with database.read(company_id) as session:
        await session.rows(text("SELECT 1"), {})
        session.become_heavy()
        await session.rows(text(sql), {})


HEAVY = [search, heavy_plan, heavy_read, late_heavy_read]


@pytest.mark.parametrize("ask", [read, write, plan, search, heavy_plan, heavy_read])
async def test_another_company_is_answered_before_any_of_a_flood_is(
    ask: Callable[[Database, UUID, str], Coroutine[None, None, None]],
    service_dsn: str,
    owner_engine: AsyncEngine,
    company: UUID,
    other: UUID,
) -> None:
    async with small_database(service_dsn) as database:
        async with held_statement(owner_engine) as held, asyncio.timeout(_PATIENCE_SECONDS):
            flood = [asyncio.create_task(ask(database, company, held)) for _ in range(12)]
            await lock_waits(owner_engine, 2)
            await ask(database, other, "SELECT 1")
        await asyncio.gather(*flood)


async def test_alone_a_company_uses_all_connections_but_the_reserve(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    async with small_database(service_dsn) as database:
        async with held_statement(owner_engine) as held:
            flood = [asyncio.create_task(read(database, company, held)) for _ in range(8)]
            await lock_waits(owner_engine, 5)
            in_use, waiting = database.pools()["transactions"][1:]
        await asyncio.gather(*flood)

    assert (in_use, waiting) == (5, 3)


@pytest.mark.parametrize("asks", [HEAVY[:1] * 6, HEAVY[1:2] * 6, HEAVY[2:3] * 6, HEAVY[:3] * 2])
async def test_heavy_operations_of_one_company_leave_connections_to_its_small_ones(
    asks: list[Callable[[Database, UUID, str], Coroutine[None, None, None]]],
    service_dsn: str,
    owner_engine: AsyncEngine,
    company: UUID,
) -> None:
    async with small_database(service_dsn) as database:
        async with held_statement(owner_engine) as held, asyncio.timeout(_PATIENCE_SECONDS):
            flood = [asyncio.create_task(ask(database, company, held)) for ask in asks]
            await lock_waits(owner_engine, 2)
            pools = database.pools()
            await asyncio.gather(*(ask(database, company, "SELECT 1") for ask in (plan, read, write)))
        await asyncio.gather(*flood)

    assert pools["heavy"] == (3, 2, 4)
    assert pools["plans"].in_use + pools["transactions"].in_use == 2


@pytest.mark.parametrize("ask", HEAVY)
async def test_a_company_alone_has_every_heavy_turn_and_the_next_one_does_not_wait(
    ask: Callable[[Database, UUID, str], Coroutine[None, None, None]], service_dsn: str, company: UUID, other: UUID
) -> None:
    async with small_database(service_dsn) as database:
        quiet = 0.0
        for _ in range(2):
            begun = time.monotonic()
            await ask(database, other, SLEEP)
            quiet = time.monotonic() - begun
        flood = [asyncio.create_task(ask(database, company, SLEEP)) for _ in range(4 if ask is late_heavy_read else 12)]
        await asyncio.sleep(0.2)
        alone = database.pools()["heavy"]
        begun = time.monotonic()
        await ask(database, other, SLEEP)
        beside = time.monotonic() - begun
        await asyncio.gather(*flood)

    # A third of the connections; the last turn is kept for a company that has none.
    assert (alone.size, alone.in_use) == (3, 2)
    assert beside < 3 * quiet


async def small_plan(database: Database, company_id: UUID, sql: str) -> None:
    await database.row(sql, [], company_id, plan_for_values=False, is_small=True)


async def small_read(database: Database, company_id: UUID, sql: str) -> None:
    session = database.session(company_id, is_small=True)
    try:
        await session.rows(text(sql), {})
    finally:
        await session.end()


async def small_write(database: Database, company_id: UUID, sql: str) -> None:
    async def work(session: WriteSession) -> None:
        await session.rows(text(sql))

    await UnitOfWork(database, company_id, is_small=True).run(work)


async def small_search(database: Database, company_id: UUID, sql: str) -> None:
    await database.row(sql, [], company_id, plan_for_values=True, is_small=True)


@pytest.mark.parametrize(
    ("ask", "small"), [(plan, small_plan), (read, small_read), (write, small_write), (search, small_search)]
)
async def test_a_small_operation_waits_for_one_larger_one_of_its_company_alone(
    ask: Callable[[Database, UUID, str], Coroutine[None, None, None]],
    small: Callable[[Database, UUID, str], Coroutine[None, None, None]],
    service_dsn: str,
    owner_engine: AsyncEngine,
    company: UUID,
) -> None:
    async with small_database(service_dsn) as database:
        async with held_statement(owner_engine) as later:
            async with held_statement(owner_engine) as first:
                begun = 2 if ask is search else 5
                flood = [asyncio.create_task(ask(database, company, first)) for _ in range(begun)]
                await lock_waits(owner_engine, begun)
                flood += [asyncio.create_task(ask(database, company, later)) for _ in range(10)]
                waiting = asyncio.create_task(small(database, company, "SELECT 1"))
                await asyncio.sleep(0)
            # The larger ones that waited before it don't end.
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await waiting
        await asyncio.gather(*flood)


async def test_operations_that_turn_out_heavy_do_not_wait_with_all_connections_in_hand(
    service_dsn: str, company: UUID
) -> None:
    async with small_database(service_dsn) as database:
        flood = [asyncio.create_task(late_heavy_read(database, company, SLEEP)) for _ in range(8)]
        endings = await asyncio.gather(*flood, return_exceptions=True)

        # Two run and two wait; the others are rejected at once.
        assert [type(ending) for ending in endings].count(TooManyHeavy) == 4
        unused = {"transactions": (6, 0, 0), "plans": (6, 0, 0), "heavy": (3, 0, 0), "snapshots": (2, 0, 0)}
        assert database.pools() == unused


async def test_beyond_a_bounded_queue_heavy_operations_are_rejected_at_once(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    async with small_database(service_dsn, pool_timeout_seconds=1) as database:
        async with held_statement(owner_engine) as held:
            flood = [asyncio.create_task(search(database, company, held)) for _ in range(120)]
            await until(lambda: sum(task.done() for task in flood) >= 18)
            refused = [task.exception() for task in flood if task.done()]
            await until(lambda: sum(task.done() for task in flood) >= 118)
        endings = await asyncio.gather(*flood, return_exceptions=True)

    # Two run, a hundred wait.
    assert [type(error) for error in refused] == [TooManyHeavy] * 18
    assert [type(ending) for ending in endings].count(TooManyHeavy) == 118
    assert {ending.cause for ending in endings if isinstance(ending, TooManyHeavy)} == {Cause.TOO_MANY_HEAVY}
    told = {str(ending.__cause__) for ending in endings if isinstance(ending, TooManyHeavy) and ending.waited_seconds}
    taken = "2 of 3 turns of heavy operations are in use (the others are kept for companies that use none)"
    assert {message.partition(";")[0] for message in told} == {taken}


async def test_whoever_waits_longer_than_the_limit_is_told_so_and_nothing_is_left(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    async with small_database(service_dsn, pool_timeout_seconds=0.1) as database:
        async with held_statement(owner_engine) as held:
            flood = [asyncio.create_task(read(database, company, held)) for _ in range(8)]
            await until(lambda: sum(task.done() for task in flood) >= 3)
        endings = await asyncio.gather(*flood, return_exceptions=True)

        assert [type(ending) for ending in endings].count(TooBusy) == 3
        assert database.pools()["transactions"] == (6, 0, 0)
        await read(database, company, "SELECT 1")
