"""Connections that answer plans: whose rows they show, what is sent over them, and what happens to them after
failures."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import graph
from app.db.arguments import CountArguments, PageArguments
from app.db.paging import PageRequest
from app.db.plans.slots import values_of
from app.db.plans.statement import statement
from app.db.plans.tree import Connection, TotalCount
from app.unavailable import TooBusy
from tests.db.watched import watched
from tests.support.databases import execute
from tests.support.records import Records, new_company

COUNT = "SELECT count(*) FROM customers"
"""Row-level security is all that narrows it."""
PID = "SELECT pg_backend_pid()"
SLEEP = "SELECT pg_sleep(20)::text"
RUNNING = "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.05) WHERE state = 'active' AND query = $1"
RENAME = "UPDATE customers SET name = 'Written' RETURNING name"


@pytest_asyncio.fixture(loop_scope="session")
async def other(owner_engine: AsyncEngine) -> UUID:
    """A company with three customers; the test's own has as many as the test writes."""
    company_id = await new_company(owner_engine)
    records = Records(owner_engine, company_id)
    for _ in range(3):
        await records.customer()
    return company_id


async def test_the_first_column_of_the_one_row_comes_back_and_none_for_no_row(service_dsn: str, company: UUID) -> None:
    async with watched(service_dsn) as connections:
        assert await connections.ask(company, "SELECT $1::int + 1, 'more'", 41) == 42
        assert await connections.ask(company, "SELECT $1::bytea", b"\xc3\x85") == b"\xc3\x85"
        assert await connections.ask(company, "SELECT 1 WHERE false") is None


async def test_companies_in_turn_on_one_connection_each_see_their_own_rows(
    service_dsn: str, records: Records, other: UUID
) -> None:
    await records.customer()

    async with watched(service_dsn) as connections:
        asked = [records.company_id, other, other, records.company_id] * 5
        assert await asyncio.gather(*(connections.ask(company_id, COUNT) for company_id in asked)) == [1, 3, 3, 1] * 5
        assert len(connections.drivers) == 1


async def test_a_connection_is_set_only_when_what_it_is_set_to_changes(
    service_dsn: str, company: UUID, other: UUID
) -> None:
    mode = "SELECT current_setting('app.company_id') || ' ' || current_setting('plan_cache_mode')"
    asked = [(company, False), (company, False), (other, False), (other, True), (other, True), (company, True)]

    async with watched(service_dsn) as connections:
        found = [
            (await connections.ask(of, mode, plan_for_values=plan_for_values), await connections.settings())
            for of, plan_for_values in asked
        ]

    modes = {False: "force_generic_plan", True: "force_custom_plan"}
    assert found == [
        (f"{of} {modes[plan_for_values]}", times)
        for (of, plan_for_values), times in zip(asked, [1, 0, 1, 1, 0, 1], strict=True)
    ]


async def test_of_several_connections_each_company_gets_the_one_that_is_set_to_it(
    service_dsn: str, company: UUID, other: UUID
) -> None:
    async with watched(service_dsn, size=2) as connections:
        asked = [
            connections.ask(company_id, "SELECT pg_backend_pid() FROM pg_sleep(0.1)") for company_id in (company, other)
        ]
        pids = await asyncio.gather(*asked)
        assert await connections.settings() == 2

        assert [await connections.ask(company_id, PID) for company_id in (company, other, other, company)] == [
            *pids,
            *reversed(pids),
        ]
        assert await connections.settings() == 0


async def test_nothing_is_written_although_the_role_may_write(
    service_dsn: str, service_engine: AsyncEngine, records: Records
) -> None:
    await records.customer(name="As it was")

    async with watched(service_dsn) as connections:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connections.ask(records.company_id, RENAME)
        assert await connections.ask(records.company_id, "SELECT name FROM customers") == "As it was"

    async with service_engine.connect() as connection:
        await connection.execute(
            text("SELECT set_config('app.company_id', :id, true)"), {"id": str(records.company_id)}
        )
        assert (await connection.execute(text(RENAME))).scalar_one() == "Written"


@pytest.mark.parametrize("sql", ["SELECT 1 / 0", "SELECT nothing FROM nowhere", "SELECT 'x'::int"])
async def test_a_statement_that_fails_leaves_its_connection_usable(service_dsn: str, company: UUID, sql: str) -> None:
    async with watched(service_dsn) as connections:
        for _ in range(2):
            with pytest.raises(asyncpg.PostgresError):
                await connections.ask(company, sql)
            assert await connections.ask(company, COUNT) == 0
        assert len(connections.drivers) == 1
        assert await connections.settings() == 1


@pytest.mark.parametrize("delay", [0, 0.001, 0.01, 0.2])
async def test_a_statement_that_is_canceled_ends_its_connection_and_the_next_one_works(
    service_dsn: str, company: UUID, delay: float
) -> None:
    async with watched(service_dsn) as connections:
        for _ in range(3):
            task = asyncio.create_task(connections.ask(company, SLEEP))
            await asyncio.sleep(delay)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await connections.ask(company, COUNT) == 0
        assert sum(not driver.is_closed() for driver in connections.drivers) == 1
        # The server looks for its client once a second.
        async with asyncio.timeout(10):
            while await connections.ask(company, RUNNING, SLEEP):
                pass


async def test_there_are_no_more_connections_than_allowed_and_who_waits_too_long_is_told(
    service_dsn: str, company: UUID
) -> None:
    async with watched(service_dsn, size=2, timeout_seconds=0.2) as connections:
        sleepers = [asyncio.create_task(connections.ask(company, "SELECT 1 FROM pg_sleep(1)")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await connections.ask(company, COUNT)

        assert await asyncio.gather(*sleepers) == [1, 1]
        assert await asyncio.gather(*(connections.ask(company, COUNT) for _ in range(10))) == [0] * 10
        assert len(connections.drivers) == 2


async def test_plan_connections_leave_the_engines_pool_to_others(service_dsn: str, company: UUID) -> None:
    async with watched(service_dsn, size=3) as connections:
        await asyncio.gather(*(connections.ask(company, "SELECT 1 FROM pg_sleep(0.1)") for _ in range(3)))
        assert len(connections.drivers) == 3

        async with connections.database.engine.connect() as connection:
            # And it is as it was made: nobody's company, and free to write.
            assert (await connection.execute(text("SELECT current_setting('app.company_id', true)"))).scalar() is None
            assert (await connection.execute(text("SHOW transaction_read_only"))).scalar() == "off"


async def test_an_idle_connection_that_the_server_ended_is_replaced_without_an_error(
    service_dsn: str, owner_dsn: str, company: UUID
) -> None:
    async with watched(service_dsn) as connections:
        pid, ended = await connections.ask(company, PID), asyncio.Event()

        def end(_driver: object) -> None:
            ended.set()

        connections.drivers[0].add_termination_listener(end)
        await execute(owner_dsn, f"SELECT pg_terminate_backend({pid})")
        await asyncio.wait_for(ended.wait(), 10)

        assert await connections.ask(company, COUNT) == 0
        assert len(connections.drivers) == 2


async def test_a_connection_that_ends_under_a_long_statement_fails_that_statement_alone(
    service_dsn: str, owner_dsn: str, company: UUID
) -> None:
    async with watched(service_dsn) as connections:
        pid = await connections.ask(company, PID)
        task = asyncio.create_task(connections.ask(company, SLEEP))
        await asyncio.sleep(1.1)
        await execute(owner_dsn, f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await task

        assert await connections.ask(company, COUNT) == 0


async def test_a_statement_whose_connection_is_lost_at_once_is_sent_again_over_a_new_one(
    service_dsn: str, owner_dsn: str, company: UUID
) -> None:
    async with watched(service_dsn) as connections:
        pid = await connections.ask(company, PID)
        task = asyncio.create_task(connections.ask(company, "SELECT 42 FROM pg_sleep(0.5)"))
        await asyncio.sleep(0.1)
        await execute(owner_dsn, f"SELECT pg_terminate_backend({pid})")

        assert await task == 42
        assert len(connections.drivers) == 2


async def test_a_plan_answers_nothing_after_its_setting_changed_until_it_is_set_again(
    service_dsn: str, records: Records, other: UUID
) -> None:
    await records.customer()
    page = PageArguments(PageRequest(graph.CUSTOMERS_BY_NUMBER, 50), None, b"", plan_for_values=False)
    arguments = page, CountArguments(100)
    counted = Connection(graph.customer, (("totalCount", TotalCount(1)),), 0)
    asked = statement((("customers", counted),), arguments, ())
    parameters, count = asked.parameters(records.company_id, values_of(arguments)), b"1"

    async with watched(service_dsn) as connections:
        answers: list[bytes | None] = []
        for change_before in (False, True, False, False):
            if change_before:
                await connections.drivers[0].fetch("SELECT set_config('app.company_id', $1, false)", str(other))
                await connections.settings()
            answers.append(await connections.ask(records.company_id, asked.sql, *parameters))

        assert answers == [count, None, count, count]
        assert await connections.settings() == 1
