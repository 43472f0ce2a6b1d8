"""Deadlocks, serialization failures and lost races: the work is done again a bounded number of times, then given up."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from app.db import customer_reads, customer_writes, tables
from app.db.database import Database
from app.db.unit_of_work import LostRace, UnitOfWork, WriteSession
from app.domain.identity import Principal, Scope
from app.engine.execution import Engine
from app.graphql.context import Context
from app.graphql.schema import executable, schema
from app.services.recent_lists import RecentLists
from app.services.update_customer import UpdateCustomerCommand, update_customer
from app.unavailable import Cause, DatabaseUnavailable
from tests.services.updates import rows_of
from tests.support.databases import execute
from tests.support.records import Records
from tests.support.toy import LIMITS
from tests.support.toy_app import client_of, toy_app
from tests.support.untouched import everything_of

ATTEMPTS = 5
# A sequence counts what transactions that were rolled back have drawn from it.
FAILING = """
CREATE FUNCTION fail_at_first() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF nextval('attempts') <= {times} THEN
        RAISE EXCEPTION 'made to fail' USING ERRCODE = '{state}';
    END IF;
    RETURN NEW;
END $$
"""
WATCHING = """
CREATE TRIGGER fail_at_first BEFORE UPDATE ON customers FOR EACH ROW
WHEN (NEW.company_id = '{company}') EXECUTE FUNCTION fail_at_first()
"""
Attempts = Callable[[], Awaitable[int]]


@asynccontextmanager
async def failing(dsn: str, engine: AsyncEngine, company: UUID, state: str, times: int) -> AsyncGenerator[Attempts]:
    """The company's first updates of customers fail, so many of them; yields what tells how many there were."""

    async def attempts() -> int:
        async with engine.connect() as connection:
            return (await connection.execute(text("SELECT last_value FROM attempts"))).scalar_one()

    failure, watch = FAILING.format(state=state, times=times), WATCHING.format(company=company)
    await execute(dsn, "CREATE SEQUENCE attempts", failure, watch)
    try:
        yield attempts
    finally:
        await execute(dsn, "DROP FUNCTION fail_at_first CASCADE", "DROP SEQUENCE attempts")


@pytest_asyncio.fixture(loop_scope="session")
async def serializable(service_dsn: str) -> AsyncGenerator[Database]:
    """The database in the isolation in which concurrent writers of one row fail rather than wait and go on."""
    database = Database(service_dsn, pool_size=5, pool_timeout_seconds=5, statement_timeout_seconds=30)
    database.engine = database.engine.execution_options(isolation_level="SERIALIZABLE")
    yield database
    await database.dispose()


async def test_of_two_that_lock_in_opposite_order_one_is_done_again_and_both_succeed(
    database: Database, records: Records, company: UUID
) -> None:
    one, other = await records.customer(), await records.customer()
    both_hold_one = asyncio.Barrier(2)
    begun: list[UUID] = []

    async def lock(first: UUID, second: UUID) -> str:
        async def work(session: WriteSession) -> str:
            begun.append(first)
            await customer_reads.lock_customer(session, first)
            if len(begun) <= 2:
                await both_hold_one.wait()
            await customer_reads.lock_customer(session, second)
            return "done"

        return await UnitOfWork(database, company).run(work)

    async with asyncio.timeout(20):
        assert await asyncio.gather(lock(one, other), lock(other, one)) == ["done", "done"]

    assert len(begun) == 3


async def test_writers_that_can_t_be_serialized_are_done_again_until_each_has_written(
    serializable: Database, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer(payment_terms=0)
    all_have_read = asyncio.Barrier(3)
    begun: list[int] = []

    async def work(session: WriteSession) -> None:
        begun.append(1)
        row = (await customer_reads.customers_by_id(session, [customer]))[customer]
        if len(begun) <= 3:
            await all_have_read.wait()
        terms = (row.payment_terms or 0) + 1
        await customer_writes.write_customers(session, [], [{"id": customer, "payment_terms": terms}])

    async with asyncio.timeout(20):
        await asyncio.gather(*(UnitOfWork(serializable, company).run(work) for _ in range(3)))

    (row,) = await rows_of(owner_engine, tables.customers, company)
    assert (row["payment_terms"], row["version"]) == (3, 4)
    assert len(begun) > 3


@pytest.mark.parametrize("state", ["40001", "40P01"], ids=["serialization failure", "deadlock"])
async def test_an_update_is_written_once_however_often_it_was_begun(
    unit_of_work: UnitOfWork, records: Records, owner_dsn: str, owner_engine: AsyncEngine, company: UUID, state: str
) -> None:
    customer = await records.customer(name="Old")

    async with failing(owner_dsn, owner_engine, company, state, times=ATTEMPTS - 1) as attempts:
        outcome, replayed = await update_customer(
            unit_of_work, "tester", UpdateCustomerCommand(customer, {"name": "New"}), "key"
        )
        assert await attempts() == ATTEMPTS

    assert (outcome.customer.name, outcome.customer.version, replayed) == ("New", 2, False)
    stored = await everything_of(owner_engine, company)
    assert [len(stored[table]) for table in ("history", "outbox_events", "idempotency_keys")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("40001", Cause.CONFLICT),
        ("40P01", Cause.CONFLICT),
        ("55P03", Cause.LOCK_TIMEOUT),
        ("25P03", Cause.CONNECTION_LOST),
        ("25P04", Cause.CONNECTION_LOST),
    ],
)
async def test_what_fails_every_time_is_given_up_and_writes_nothing(
    unit_of_work: UnitOfWork,
    records: Records,
    owner_dsn: str,
    owner_engine: AsyncEngine,
    company: UUID,
    state: str,
    cause: Cause,
) -> None:
    customer = await records.customer(name="Old")
    before = await everything_of(owner_engine, company)

    async with failing(owner_dsn, owner_engine, company, state, times=1000) as attempts:
        with pytest.raises(DatabaseUnavailable) as caught:
            await update_customer(unit_of_work, "tester", UpdateCustomerCommand(customer, {"name": "New"}), None)
        assert await attempts() == (ATTEMPTS if cause is Cause.CONFLICT else 1)
    assert caught.value.cause is cause

    assert await everything_of(owner_engine, company) == before


async def test_another_problem_is_not_tried_again(
    unit_of_work: UnitOfWork, records: Records, owner_dsn: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer(name="Old")

    async with failing(owner_dsn, owner_engine, company, "P0001", times=1000) as attempts:
        with pytest.raises(DBAPIError, match="made to fail"):
            await update_customer(unit_of_work, "tester", UpdateCustomerCommand(customer, {"name": "New"}), None)
        assert await attempts() == 1


async def test_the_caller_of_what_was_given_up_is_told_to_try_again(
    database: Database, records: Records, owner_dsn: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    customer = await records.customer(name="Old")
    someone = Principal(company, "tester", frozenset(Scope), None)
    recent = RecentLists(seconds=5, size=0)

    def opener(_principal: Principal) -> AbstractAsyncContextManager[Any]:
        return Context(database, recent, someone)

    app = toy_app(opener=opener, engine=Engine(executable(schema), LIMITS, cache_size=1))
    body = {"query": f'mutation {{ updateCustomer(input: {{id: "{customer}", name: "New"}}) {{ customer {{ id }} }} }}'}

    with capture_logs() as logged:
        async with failing(owner_dsn, owner_engine, company, "40001", times=1000), client_of(app) as client:
            response = await client.post("/graphql", json=body)

    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert "retry-after" in response.headers
    assert "made to fail" not in error["message"]
    assert [line["cause"] for line in logged if line["event"] == "unavailable"] == ["conflict"]
    assert not any(line["log_level"] == "error" for line in logged)


@pytest.mark.parametrize("losses", [1, ATTEMPTS - 1])
async def test_a_lost_race_is_run_again(unit_of_work: UnitOfWork, losses: int) -> None:
    begun: list[int] = []

    async def work(_session: WriteSession) -> str:
        begun.append(1)
        if len(begun) <= losses:
            raise LostRace
        return "done"

    assert await unit_of_work.run(work) == "done"
    assert len(begun) == losses + 1


async def test_a_race_that_is_lost_every_time_is_given_up(unit_of_work: UnitOfWork) -> None:
    begun: list[int] = []

    async def work(_session: WriteSession) -> None:
        begun.append(1)
        raise LostRace

    with pytest.raises(DatabaseUnavailable) as caught:
        await unit_of_work.run(work)

    assert caught.value.cause is Cause.CONFLICT
    assert len(begun) == ATTEMPTS
