"""A database that doesn't answer over connections that stay open: every wait ends, and nothing is lost for good."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.unavailable import Cause, CommitUnknown, DatabaseUnavailable, TooBusy
from tests.support.databases import execute, probe
from tests.support.silent_network import SilentNetwork, silent_network
from tests.support.tcp_servers import TcpServer, plain_server

ONE = text("SELECT 1")
STATEMENT_SECONDS = 1
GRACE_SECONDS = 0.5
LOOK_UP, SLOW_LOOK_UP = (
    f"CREATE OR REPLACE FUNCTION authenticate_api_key(bytea) RETURNS SETOF api_key LANGUAGE plpgsql AS '{body}'"
    for body in ("BEGIN END", "BEGIN PERFORM pg_sleep(1.4); END")
)
END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'anybody'"


@pytest.fixture(scope="module")
def server() -> Generator[TcpServer]:
    """A server that is reached over TCP, with a table and what a look-up of API keys asks."""
    with TemporaryDirectory(prefix="customer-gateway-") as folder, plain_server(Path(folder)) as server:
        statements = (
            "CREATE TABLE numbers (number int PRIMARY KEY)",
            "INSERT INTO numbers VALUES (1)",
            "GRANT ALL ON numbers TO anybody",
            "CREATE TYPE api_key AS (company_id uuid, id uuid, name text, scopes text[], expires_at timestamptz)",
            LOOK_UP,
        )
        asyncio.run(execute(server.superuser_url, *statements))
        yield server


@asynccontextmanager
async def connected(
    server: TcpServer,
    *,
    pool_size: int = 4,
    statement_seconds: float = STATEMENT_SECONDS,
    grace_seconds: float = GRACE_SECONDS,
) -> AsyncGenerator[tuple[Database, SilentNetwork]]:
    """A database behind a network, with connections of every kind open; it must be disposed of in time in the end."""
    async with silent_network(server.port) as network:
        database = Database(
            server.url(port=network.port, host="127.0.0.1"),
            pool_size=pool_size,
            plan_connections=pool_size,
            pool_timeout_seconds=1,
            statement_timeout_seconds=statement_seconds,
            grace_seconds=grace_seconds,
        )
        await asyncio.gather(*(plan(database, "SELECT 1 FROM pg_sleep(0.1)") for _ in range(pool_size)))
        await asyncio.gather(*(read(database, "SELECT pg_sleep(0.1)") for _ in range(pool_size)))
        await probe(database)
        await look_up(database)
        try:
            yield database, network
        finally:
            begun = time.monotonic()
            await database.dispose()
            assert time.monotonic() - begun < 3
            assert database.pools()["transactions"].in_use == 0


async def read(database: Database, sql: str = "SELECT 1") -> object:
    async with database.read(uuid4()) as session:
        return (await session.rows(text(sql), {}))[0][0]


async def plan(database: Database, sql: str = "SELECT 1") -> object:
    return (await database.row(sql, [], uuid4(), plan_for_values=False))[0]


async def look_up(database: Database) -> object:
    return 1 if await database.keys.find(b"unknown") is None else None


async def ready(database: Database) -> object:
    await probe(database)
    return 1


async def write(database: Database) -> object:
    async def work(session: WriteSession) -> object:
        return (await session.rows(text("UPDATE numbers SET number = number RETURNING number")))[0][0]

    return await UnitOfWork(database, uuid4()).run(work)


WAYS = [read, plan, look_up, write, ready]


async def test_over_connections_that_fell_silent_everything_is_answered_by_new_ones(server: TcpServer) -> None:
    async with connected(server, statement_seconds=20) as (database, network):
        network.freeze_open()
        begun = time.monotonic()
        assert await asyncio.gather(*(way(database) for way in WAYS)) == [1] * 5
        assert time.monotonic() - begun < 5
        begun = time.monotonic()
        assert await asyncio.gather(*(way(database) for way in WAYS for _ in range(4))) == [1] * 20
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("passes_ends", [False, True])
async def test_after_the_server_has_ended_connections_new_ones_answer_everything(
    server: TcpServer, *, passes_ends: bool
) -> None:
    async with connected(server, statement_seconds=20) as (database, network):
        # The server's last message comes before the end of the connection, and something may be sent in between.
        network.passes_ends = passes_ends
        await execute(server.superuser_url, END_ALL)
        await asyncio.sleep(0.1)
        assert await asyncio.gather(*(way(database) for way in WAYS for _ in range(4))) == [1] * 20


async def test_a_statement_whose_connection_the_server_ends_fails_in_the_servers_words(server: TcpServer) -> None:
    async with connected(server, statement_seconds=20) as (database, _):
        asked = [asyncio.create_task(way(database, "SELECT pg_sleep(10)::text")) for way in (read, plan)]
        # A plan that was lost within a second is sent again.
        await asyncio.sleep(1.2)
        await execute(server.superuser_url, END_ALL)
        for lost in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(lost, DatabaseUnavailable)
            assert lost.cause is Cause.CONNECTION_LOST
            assert "terminating connection due to administrator command" in str(lost.__cause__)
        assert await asyncio.gather(*(way(database) for way in WAYS)) == [1] * 5


async def test_a_look_up_that_met_a_silent_connection_begins_anew(server: TcpServer) -> None:
    async with connected(server, statement_seconds=20) as (database, network):
        await execute(server.superuser_url, SLOW_LOOK_UP)
        network.freeze_open()
        begun = time.monotonic()
        assert await look_up(database) == 1
        # More than a look-up has, if it began when the silence was found.
        assert 2 < time.monotonic() - begun < 4
    await execute(server.superuser_url, LOOK_UP)


async def test_a_look_up_that_is_not_answered_says_so(server: TcpServer) -> None:
    async with connected(server, statement_seconds=20) as (database, network):
        network.freeze()
        with pytest.raises(DatabaseUnavailable) as unavailable:
            await look_up(database)
        assert unavailable.value.cause is Cause.NO_ANSWER_IN_TIME
        assert unavailable.value.waited_seconds == pytest.approx(2, abs=0.5)
        assert str(unavailable.value.__cause__) == "The look-up of an API key was not answered within 2 s"
        network.thaw()


async def test_probes_and_credentials_wait_two_seconds_for_a_wholly_silent_database(
    server: TcpServer,
) -> None:
    async with connected(server) as (database, network):
        network.freeze()
        begun = time.monotonic()
        asked = (way(database) for way in (look_up, ready) for _ in range(12))
        results = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(result) for result in results} == {DatabaseUnavailable}
        # Two seconds, and what a busy machine takes; waiting one after another would take 48.
        assert time.monotonic() - begun < 10
        network.thaw()
        begun = time.monotonic()
        assert await asyncio.gather(*(way(database) for way in WAYS)) == [1] * 5
        assert time.monotonic() - begun < 2


async def test_a_turn_that_does_not_come_says_whether_the_database_is_silent_or_busy(server: TcpServer) -> None:
    async def refused(database: Database, way: Any) -> str:
        with pytest.raises(TooBusy) as busy:
            await way(database)
        assert (busy.value.cause, busy.value.waited_seconds) == (Cause.POOL_EXHAUSTED, 1)
        return str(busy.value.__cause__)

    async with connected(server, pool_size=1, statement_seconds=20) as (database, network):
        running = [asyncio.create_task(way(database, "SELECT pg_sleep(2)::text")) for way in (read, plan)]
        await asyncio.sleep(0.3)
        for reason in await asyncio.gather(*(refused(database, way) for way in (read, plan))):
            assert re.fullmatch(
                r"1 of 1 connections are in use; the longest wait for the database's answer has lasted 1\.\d s", reason
            )
        await asyncio.gather(*running)
        network.freeze()
        running = [asyncio.create_task(way(database)) for way in (read, plan)]
        # After half a second the server is asked about them, for two seconds.
        await asyncio.sleep(2.5)
        for reason in await asyncio.gather(*(refused(database, way) for way in (read, plan))):
            assert "the database does not answer over some connections: a larger pool would not help" in reason
        network.thaw()
        await asyncio.gather(*running)


async def test_a_statement_waits_little_longer_than_the_server_may_run_it(server: TcpServer) -> None:
    async with connected(server) as (database, network):
        network.freeze()
        begun = time.monotonic()
        ways = (read, plan, write)
        with capture_logs() as logged:
            results = await asyncio.gather(*(way(database) for way in ways), return_exceptions=True)
        assert {type(result) for result in results} == {DatabaseUnavailable}
        # The limit, the grace, and one attempt to connect anew.
        assert time.monotonic() - begun < STATEMENT_SECONDS + GRACE_SECONDS + 1 + 1
        assert [line["event"] for line in logged] == ["connection_silent"]
        network.thaw()
        assert await asyncio.gather(*(way(database) for way in ways)) == [1] * 3


async def test_a_statement_that_the_server_works_on_is_left_to_it(server: TcpServer) -> None:
    async with connected(server, statement_seconds=20) as (database, _):
        with capture_logs() as logged:
            assert await asyncio.gather(
                read(database, "SELECT 1 FROM pg_sleep(3.5)"), plan(database, "SELECT 1 FROM pg_sleep(3.5)")
            ) == [1, 1]
        assert logged == []


async def test_of_a_transaction_that_nobody_hears_of_any_more_the_locks_are_released(server: TcpServer) -> None:
    async with connected(server, statement_seconds=20) as (database, network):

        async def work(session: WriteSession) -> None:
            await session.rows(text("UPDATE numbers SET number = number"))
            network.freeze_open()
            await session.rows(ONE)

        with pytest.raises(DatabaseUnavailable) as lost:
            await UnitOfWork(database, uuid4()).run(work)
        assert lost.value.cause is Cause.SILENT
        begun = time.monotonic()
        assert await write(database) == 1
        assert time.monotonic() - begun < 2


async def test_a_commit_that_is_not_answered_has_an_unknown_outcome_and_is_not_repeated(server: TcpServer) -> None:
    async with connected(server, statement_seconds=20) as (database, network):
        attempts: list[int] = []

        async def work(session: WriteSession) -> None:
            attempts.append(1)
            await session.rows(ONE)
            network.freeze_open()

        with pytest.raises(CommitUnknown):
            await UnitOfWork(database, uuid4()).run(work)
        assert attempts == [1]


async def test_tasks_canceled_over_silent_connections_end_at_once_and_free_their_places(
    server: TcpServer,
) -> None:
    async with connected(server, statement_seconds=20, grace_seconds=1.5) as (database, network):
        network.freeze_open()
        tasks = [asyncio.create_task(way(database)) for way in (read, read, plan, plan)]
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert time.monotonic() - begun < 1
        begun = time.monotonic()
        assert await asyncio.gather(*(way(database) for way in WAYS)) == [1] * 5
        assert time.monotonic() - begun < 4


async def test_connections_that_replaced_silent_ones_are_kept_when_those_are_given_up(server: TcpServer) -> None:
    async with connected(server, pool_size=1, statement_seconds=20) as (database, network):

        async def pids() -> list[object]:
            return [await way(database, "SELECT pg_backend_pid()") for way in (read, plan)]

        before = await pids()
        network.freeze_open()
        after = await pids()
        # Silent connections are cut off after the grace.
        await asyncio.sleep(GRACE_SECONDS + 0.3)
        assert await pids() == after
        assert not {*before} & {*after}
