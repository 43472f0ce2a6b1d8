"""A session that ends while a statement is under way: nothing of it stays on the connection that others get next."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, GraphQLResolveInfo, build_schema
from sqlalchemy import QueuePool, text

from app.db import read_session
from app.db.database import Database
from app.db.read_session import ReadSession, SessionEnded
from app.domain.identity import Principal, Scope
from app.engine.execution import Engine
from app.graphql.context import Context
from app.services.recent_lists import RecentLists
from tests.support.toy import LIMITS

SLOW = text("SELECT 'slow' FROM pg_sleep(0.5)")
ENDLESS = text("SELECT pg_sleep(20)")
COMPANY = text("SELECT current_setting('app.company_id', true)")
STATE = text("SELECT current_setting('transaction_isolation') || ' ' || current_setting('transaction_read_only')")
SDL = "type Query { slow: String fails: String! later: String laterFails: String! }"


@asynccontextmanager
async def pool_of(size: int, dsn: str) -> AsyncGenerator[Database]:
    """A database whose pool must be whole in the end."""
    opened = Database(dsn, pool_size=size, pool_timeout_seconds=5, statement_timeout_seconds=30)
    yield opened
    pool = opened.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0
    await opened.dispose()


async def assert_clean(opened: Database, size: int) -> None:
    """All connections of the pool answer, each for the company that asks, and none is in a transaction of before."""
    async with opened.engine.connect() as connection:
        assert (await connection.execute(STATE)).scalar_one() == "read committed off"
        assert (await connection.execute(COMPANY)).scalar_one() in {None, ""}

    async def ask(company_id: UUID) -> Any:
        async with opened.read(company_id) as session:
            rows = await session.rows(COMPANY, {})
            return rows[0][0]

    companies = [uuid4() for _ in range(3 * size)]
    assert await asyncio.gather(*(ask(company_id) for company_id in companies)) == [
        str(company_id) for company_id in companies
    ]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a session wait until its statement has ended, however busy the machine is."""
    monkeypatch.setattr(read_session, "_REMAINDER_SECONDS", 20)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("size", [1, 2])
async def test_a_session_ends_after_the_statement_that_is_under_way(service_dsn: str, size: int) -> None:
    async with pool_of(size, service_dsn) as opened:
        async with opened.read(uuid4()) as session:
            statement = asyncio.create_task(session.rows(SLOW, {}))
            await asyncio.sleep(0.1)
        assert statement.done()
        assert (await statement)[0][0] == "slow"

        await assert_clean(opened, size)


@pytest.mark.parametrize("size", [1, 2])
async def test_a_statement_that_goes_on_after_the_end_is_canceled(service_dsn: str, size: int) -> None:
    async with pool_of(size, service_dsn) as opened:
        async with opened.read(uuid4()) as session:
            statement = asyncio.create_task(session.rows(ENDLESS, {}))
            await asyncio.sleep(0.1)
        assert statement.cancelled()

        await assert_clean(opened, size)


@pytest.mark.usefixtures("patient")
async def test_a_statement_after_the_end_is_rejected_and_reaches_no_connection(service_dsn: str) -> None:
    async with pool_of(1, service_dsn) as opened:
        async with opened.read(uuid4()) as session:
            await session.rows(COMPANY, {})
            waiting = [asyncio.create_task(session.rows(SLOW, {})) for _ in range(3)]
            await asyncio.sleep(0.1)

        # The first had begun; the others waited for it, and then for nobody.
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results[1:]] == [SessionEnded, SessionEnded]
        assert not isinstance(results[0], BaseException)
        with pytest.raises(SessionEnded):
            await session.rows(COMPANY, {})
        assert session.statements == 2

        await assert_clean(opened, 1)


async def test_a_session_without_a_statement_is_over_too(service_dsn: str) -> None:
    async with pool_of(1, service_dsn) as opened:
        async with opened.read(uuid4()) as session:
            pass
        with pytest.raises(SessionEnded):
            await session.rows(COMPANY, {})

        await assert_clean(opened, 1)


def engine_over(session: ReadSession, statements: dict[str, asyncio.Task[Any]]) -> Engine:
    """An engine with two fields that run statements, one at once and one later, and one that fails in between."""

    async def run(delay: float) -> Any:
        await asyncio.sleep(delay)
        return (await session.rows(SLOW, {}))[0][0]

    async def reads(_root: object, info: GraphQLResolveInfo[Any]) -> Any:
        # In a task of its own, as loaders do it: that the field is canceled does not end it.
        task = asyncio.create_task(run(0 if info.field_name == "slow" else 0.3))
        statements[info.field_name] = task
        return await asyncio.shield(task)

    async def fails(_root: object, _info: GraphQLResolveInfo[Any]) -> str:
        await asyncio.sleep(0.1)
        msg = "It fails."
        raise GraphQLError(msg)

    schema = build_schema("type Query { slow: String fails: String! later: String }")
    query = schema.query_type
    assert isinstance(query, GraphQLObjectType)
    for name, resolve in {"slow": reads, "later": reads, "fails": fails}.items():
        query.fields[name].resolve = resolve
    return Engine(schema, LIMITS, cache_size=1)


@pytest.mark.usefixtures("patient")
async def test_a_field_that_fails_at_once_leaves_nothing_of_its_siblings_on_a_connection(service_dsn: str) -> None:
    statements: dict[str, asyncio.Task[Any]] = {}
    async with pool_of(1, service_dsn) as opened:
        async with opened.read(uuid4()) as session:
            engine = engine_over(session, statements)
            outcome = await engine.run(engine.prepare("{slow fails later}").select(None), {}, None)
            assert not statements["slow"].done()
        assert isinstance(outcome.answer, ExecutionResult)
        assert outcome.answer.data is None

        await assert_clean(opened, 1)
        assert await statements["slow"] == "slow"
        with pytest.raises(SessionEnded):
            await statements["later"]


async def test_an_operation_that_has_read_nothing_when_it_ends_reads_nothing_after_it(service_dsn: str) -> None:
    async with pool_of(1, service_dsn) as opened:
        principal = Principal(uuid4(), "tester", frozenset(Scope), None)
        async with Context(opened, RecentLists(seconds=0, size=0), principal) as context:
            pass
        # What a task that outlives its operation would do.
        with pytest.raises(SessionEnded):
            await context.session.rows(COMPANY, {})

        await assert_clean(opened, 1)
