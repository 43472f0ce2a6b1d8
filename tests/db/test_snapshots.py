"""Snapshots that several operations read: they see one moment, and keep at most a third of the connections."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import QueuePool, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.pooling import Pooling
from app.db.read_session import SessionEnded
from app.scheduling.held_turns import Holder
from app.unavailable import Cause, DatabaseUnavailable, TooBusy
from tests.support.records import Records, new_company

COUNT = "SELECT count(*) FROM customers WHERE company_id = $1"
STATE = "SELECT current_setting('transaction_isolation') || ' ' || current_setting('transaction_read_only')"
PID = "SELECT pg_backend_pid()"
END = text("SELECT pg_terminate_backend(:pid, 10000)")


@asynccontextmanager
async def database_of(size: int, dsn: str, pooling: Pooling = Pooling.SESSION) -> AsyncGenerator[Database]:
    """A database whose connections must all be given back in the end."""
    opened = Database(dsn, pool_size=size, pool_timeout_seconds=0.3, statement_timeout_seconds=30, pooling=pooling)
    try:
        yield opened
        pool = opened.engine.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedout() == 0
        assert [opened.pools()[name].in_use for name in ("transactions", "snapshots")] == [0, 0]
    finally:
        await opened.dispose()


async def test_statements_of_a_snapshot_see_one_moment(database: Database, records: Records) -> None:
    await records.customer()
    async with database.snapshot(Holder(records.company_id)) as snapshot:
        before = await snapshot.row(COUNT, [records.company_id], plan_for_values=False)
        await records.customer()
        after = await snapshot.row(COUNT, [records.company_id], plan_for_values=False)
        state = await snapshot.row(STATE, [], plan_for_values=True)
    assert (before, after, state) == ((1,), (1,), ("repeatable read on",))
    assert snapshot.statements == 3


async def test_a_snapshot_is_one_moment_behind_a_transaction_pooler(service_dsn: str, records: Records) -> None:
    async with (
        database_of(3, service_dsn, Pooling.TRANSACTION) as opened,
        opened.snapshot(Holder(records.company_id)) as snapshot,
    ):
        for _ in range(3):
            assert await snapshot.row(COUNT, [records.company_id], plan_for_values=False) == (0,)
            await records.customer()


async def test_a_snapshot_shows_the_rows_of_its_company_only(
    database: Database, records: Records, owner_engine: AsyncEngine
) -> None:
    await records.customer()
    async with database.snapshot(Holder(await new_company(owner_engine))) as snapshot:
        assert await snapshot.row(COUNT, [records.company_id], plan_for_values=False) == (0,)


async def test_a_snapshot_outlasts_a_failed_statement(database: Database, records: Records) -> None:
    async with database.snapshot(Holder(records.company_id)) as snapshot:
        assert await snapshot.row(COUNT, [records.company_id], plan_for_values=False) == (0,)
        await records.customer()
        with pytest.raises(Exception, match="division by zero"):
            await snapshot.row("SELECT 1 / 0", [], plan_for_values=False)
        assert await snapshot.row(COUNT, [records.company_id], plan_for_values=False) == (0,)


async def test_a_snapshot_that_lost_its_connection_fails(service_dsn: str, owner_engine: AsyncEngine) -> None:
    async with database_of(3, service_dsn) as opened:
        async with opened.snapshot(Holder(uuid4())) as snapshot:
            row = await snapshot.row(PID, [], plan_for_values=False)
            assert row is not None
            async with owner_engine.connect() as owner:
                await owner.execute(END, {"pid": row[0]})
            with pytest.raises(DatabaseUnavailable) as failed:
                await snapshot.row(PID, [], plan_for_values=False)
        assert failed.value.cause is Cause.CONNECTION_LOST
        async with opened.snapshot(Holder(uuid4())) as snapshot:
            assert await snapshot.row(PID, [], plan_for_values=False) is not None


async def test_a_statement_is_canceled_with_the_reader_of_its_snapshot(service_dsn: str) -> None:
    async with database_of(3, service_dsn) as opened:
        begun = asyncio.Event()

        async def read() -> None:
            async with opened.snapshot(Holder(uuid4())) as snapshot:
                begun.set()
                await snapshot.row("SELECT pg_sleep(20)", [], plan_for_values=False)

        reading = asyncio.create_task(read())
        await begun.wait()
        await asyncio.sleep(0.1)
        reading.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await reading


async def test_nothing_reads_a_snapshot_after_its_end(database: Database) -> None:
    async with database.snapshot(Holder(uuid4())) as snapshot:
        pass
    with pytest.raises(SessionEnded):
        await snapshot.row(PID, [], plan_for_values=False)


@pytest.mark.parametrize(("size", "of_one", "of_all"), [(1, 1, 1), (2, 1, 1), (6, 1, 2), (10, 2, 3)])
async def test_snapshots_keep_a_third_of_the_connections(size: int, of_one: int, of_all: int, service_dsn: str) -> None:
    company, others = uuid4(), [uuid4() for _ in range(of_all)]

    async def opened_by(companies: list[UUID]) -> int:
        """Return how many snapshots of these companies are open at once, with their connections."""
        async with AsyncExitStack() as stack:
            for number, company_id in enumerate(companies):
                try:
                    snapshot = await stack.enter_async_context(opened.snapshot(Holder(company_id)))
                    await snapshot.row(PID, [], plan_for_values=False)
                except TooBusy:
                    return number
        return len(companies)

    async with database_of(size, service_dsn) as opened:
        assert await opened_by([company] * size) == of_one
        assert await opened_by([company] * of_one + others) == of_all


async def test_a_snapshot_waits_for_the_end_of_another(service_dsn: str) -> None:
    async with database_of(1, service_dsn) as opened:
        company = uuid4()

        async def read() -> bool:
            async with opened.snapshot(Holder(company)) as snapshot:
                return await snapshot.row(PID, [], plan_for_values=False) is not None

        async with opened.snapshot(Holder(company)):
            waiting = asyncio.create_task(read())
            await asyncio.sleep(0.05)
            assert opened.pools()["snapshots"] == (1, 1, 1)
        assert await waiting
