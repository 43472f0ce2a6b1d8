"""A company that asks for more than the service can do at once waits for itself; others hardly notice."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.unavailable import TooBusy
from app.db.unit_of_work import UnitOfWork, WriteSession
from tests.records import new_company

SLEEP = "SELECT pg_sleep(0.5)"


@pytest_asyncio.fixture(loop_scope="session")
async def other(owner_engine: AsyncEngine) -> UUID:
    """A company that asks for little."""
    return await new_company(owner_engine)


@asynccontextmanager
async def small_database(dsn: str, pool_timeout_seconds: float = 30) -> AsyncGenerator[Database]:
    """A database with five connections for transactions and six for plans."""
    database = Database(
        dsn,
        pool_size=5,
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
    await database.held.value(sql, [], company_id, filters=False)


async def search(database: Database, company_id: UUID, sql: str) -> None:
    await database.held.value(sql, [], company_id, filters=True)


@pytest.mark.parametrize("ask", [read, write, plan, search])
async def test_another_company_is_answered_before_any_of_a_flood_is(
    ask: Callable[[Database, UUID, str], Coroutine[None, None, None]], service_dsn: str, company: UUID, other: UUID
) -> None:
    async with small_database(service_dsn) as database:
        # Opening connections is not what is tried here.
        await asyncio.gather(*(ask(database, company_id, "SELECT 1") for company_id in (company, other)))
        flood = [asyncio.create_task(ask(database, company, SLEEP)) for _ in range(12)]
        await asyncio.sleep(0.1)
        await ask(database, other, "SELECT 1")
        answered = sum(task.done() for task in flood)
        await asyncio.gather(*flood)

    assert answered == 0


async def test_alone_a_company_uses_all_connections_but_the_reserve(service_dsn: str, company: UUID) -> None:
    async with small_database(service_dsn) as database:
        flood = [asyncio.create_task(read(database, company, SLEEP)) for _ in range(8)]
        await asyncio.sleep(0.3)
        in_use, waiting = database.pools()["transactions"][1:]
        await asyncio.gather(*flood)

    assert (in_use, waiting) == (4, 4)


async def test_searches_of_one_company_leave_connections_to_its_other_plans(service_dsn: str, company: UUID) -> None:
    async with small_database(service_dsn) as database:
        flood = [asyncio.create_task(search(database, company, SLEEP)) for _ in range(6)]
        await asyncio.sleep(0.3)
        in_use, waiting = database.pools()["plans"][1:]
        await plan(database, company, "SELECT 1")
        answered = sum(task.done() for task in flood)
        await asyncio.gather(*flood)

    assert (in_use, waiting, answered) == (1, 5, 0)


async def test_whoever_waits_longer_than_the_limit_is_told_so_and_nothing_is_left(
    service_dsn: str, company: UUID
) -> None:
    async with small_database(service_dsn, pool_timeout_seconds=0.1) as database:
        flood = [asyncio.create_task(read(database, company, SLEEP)) for _ in range(8)]
        endings = await asyncio.gather(*flood, return_exceptions=True)

        assert [type(ending) for ending in endings].count(TooBusy) == 4
        assert database.pools()["transactions"] == (5, 0, 0)
        await read(database, company, "SELECT 1")
