"""Sessions that fail: a full pool, a slow statement, a server that is away, a task that is canceled."""

import asyncio
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import QueuePool, text

from app.db.database import Database
from app.db.embedded import EmbeddedServer
from app.db.read_session import ReadSession
from app.db.revisions import current_revision
from app.unavailable import DatabaseRefused, DatabaseUnavailable, StatementTimeout
from tests.support.databases import as_role, execute, probe

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"
ONE = text("SELECT 1")
SLEEP = text("SELECT pg_sleep(20)")


@pytest.fixture(scope="module")
def server() -> Generator[EmbeddedServer]:
    """A server of this module's own, to be stopped and started again."""
    with (
        TemporaryDirectory(prefix="customer-gateway-") as folder,
        EmbeddedServer(Path(folder) / "data", durable=False) as server,
    ):
        yield server


@asynccontextmanager
async def database(dsn: str, *, pool_size: int = 2, statement_timeout_seconds: float = 30) -> AsyncGenerator[Database]:
    """A database whose pool must be whole in the end."""
    opened = Database(
        dsn, pool_size=pool_size, pool_timeout_seconds=0.3, statement_timeout_seconds=statement_timeout_seconds
    )
    yield opened
    pool = opened.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0
    await opened.dispose()


async def one(session: ReadSession) -> int:
    """The answer of a statement that any database can answer."""
    return (await session.rows(ONE, {}))[0][0]


async def ask(opened: Database) -> int:
    """The answer in a session of its own."""
    async with opened.read(uuid4()) as session:
        return await one(session)


async def test_a_session_holds_no_connection_before_its_first_statement(server: EmbeddedServer) -> None:
    async with database(server.dsn(), pool_size=1) as opened, opened.read(uuid4()):
        assert await ask(opened) == 1


async def test_a_full_pool_refuses_after_its_timeout_and_serves_again_after_that(server: EmbeddedServer) -> None:
    async with database(server.dsn(), pool_size=1) as opened:
        async with opened.read(uuid4()) as session:
            assert await one(session) == 1
            started = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await ask(opened)
            assert 0.2 < time.monotonic() - started < 5
        assert await ask(opened) == 1


async def test_a_slow_statement_is_ended_and_says_so(server: EmbeddedServer) -> None:
    async with database(server.dsn(), pool_size=1, statement_timeout_seconds=0.2) as opened:
        async with opened.read(uuid4()) as session:
            with pytest.raises(StatementTimeout):
                await session.rows(SLEEP, {})
        assert await ask(opened) == 1


async def test_a_session_can_not_write(server: EmbeddedServer) -> None:
    async with database(server.dsn()) as opened, opened.read(uuid4()) as session:
        with pytest.raises(Exception, match="read-only transaction"):
            await session.rows(text("CREATE TABLE written ()"), {})


async def test_concurrent_statements_of_one_session_share_one_connection(server: EmbeddedServer) -> None:
    async with database(server.dsn(), pool_size=1) as opened, opened.read(uuid4()) as session:
        assert await asyncio.gather(*(one(session) for _ in range(20))) == [1] * 20
        assert session.statements == 20


async def test_a_session_plans_for_values_from_the_first_statement_that_wants_it(server: EmbeddedServer) -> None:
    mode, company = (text(f"SELECT current_setting('{name}')") for name in ("plan_cache_mode", "app.company_id"))
    company_id = uuid4()
    async with database(server.dsn(), pool_size=1) as opened:
        async with opened.read(company_id) as session:
            assert (await session.rows(mode, {}))[0][0] == "force_generic_plan"
            assert (await session.rows(mode, {}, plan_for_values=True))[0][0] == "force_custom_plan"
            assert (await session.rows(mode, {}))[0][0] == "force_custom_plan"
            assert (await session.rows(company, {}))[0][0] == str(company_id)
        async with opened.read(company_id) as session:
            assert (await session.rows(mode, {}, plan_for_values=True))[0][0] == "force_custom_plan"
        async with opened.read(company_id) as session:
            assert (await session.rows(mode, {}))[0][0] == "force_generic_plan"


@pytest.mark.parametrize("dsn", [AWAY, "postgresql://nobody@/nothing?host=/nowhere"])
async def test_no_server_is_a_database_that_is_unavailable(dsn: str) -> None:
    async with database(dsn) as opened:
        for attempt in (ask(opened), probe(opened), current_revision(opened.engine)):
            with pytest.raises(DatabaseUnavailable) as refused:
                await attempt
            assert "nothing" not in str(refused.value)


async def _setting(server: EmbeddedServer, name: str) -> str:
    async with database(server.dsn()) as opened, opened.read(uuid4()) as session:
        return (await session.rows(text("SELECT current_setting(:name)"), {"name": name}))[0][0]


def _put_first(file: Path, line: str) -> None:
    file.write_text(f"{line}\n{file.read_text()}")


async def test_a_wrong_password_is_a_problem_of_the_settings_and_not_of_the_moment(server: EmbeddedServer) -> None:
    await execute(server.dsn(), "CREATE ROLE guarded LOGIN PASSWORD 'right'")
    _put_first(Path(await _setting(server, "hba_file")), "local all guarded scram-sha-256")
    await execute(server.dsn(), "SELECT pg_reload_conf()")

    async with database(as_role(server.dsn(), "guarded", "right")) as opened:
        assert await ask(opened) == 1
    async with database(as_role(server.dsn(), "guarded", "wrong")) as opened:
        with pytest.raises(DatabaseRefused):
            await ask(opened)


async def test_a_server_that_stops_between_statements_is_unavailable_and_heals(server: EmbeddedServer) -> None:
    async with database(server.dsn()) as opened:
        async with opened.read(uuid4()) as session:
            assert await one(session) == 1
            await asyncio.to_thread(server.stop)
            try:
                with pytest.raises(DatabaseUnavailable):
                    await one(session)
                with pytest.raises(DatabaseUnavailable):
                    await ask(opened)
            finally:
                await asyncio.to_thread(server.start)
            # Its snapshot is gone: what it would read now could contradict what it read before.
            with pytest.raises(DatabaseUnavailable):
                await one(session)
        assert await ask(opened) == 1


async def test_a_session_that_has_read_everything_ends_well_without_its_server(server: EmbeddedServer) -> None:
    async with database(server.dsn()) as opened:
        try:
            async with opened.read(uuid4()) as session:
                assert await one(session) == 1
                await asyncio.to_thread(server.stop)
        finally:
            await asyncio.to_thread(server.start)
        assert await ask(opened) == 1


async def test_connections_that_a_restart_left_dead_are_replaced_without_an_error(server: EmbeddedServer) -> None:
    async with database(server.dsn(), pool_size=3) as opened:
        async with opened.read(uuid4()) as first, opened.read(uuid4()) as second, opened.read(uuid4()) as third:
            assert [await one(session) for session in (first, second, third)] == [1, 1, 1]
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)

        assert await asyncio.gather(*(ask(opened) for _ in range(12))) == [1] * 12


async def test_a_connection_that_the_server_ended_is_replaced_without_an_error(server: EmbeddedServer) -> None:
    async with database(server.dsn(), pool_size=1) as opened:
        assert await ask(opened) == 1
        await execute(
            server.dsn(),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'customer-gateway' AND pid <> pg_backend_pid()",
        )
        await asyncio.sleep(0.1)
        assert await ask(opened) == 1


async def sleep_in(opened: Database) -> Any:
    """A statement that runs until it is canceled."""
    async with opened.read(uuid4()) as session:
        return await session.rows(SLEEP, {})


@pytest.mark.parametrize("delay", [0, 0.001, 0.01, 0.2])
async def test_a_task_that_is_cancelled_leaves_the_pool_usable(server: EmbeddedServer, delay: float) -> None:
    async with database(server.dsn(), pool_size=1) as opened:
        for _ in range(3):
            task = asyncio.create_task(sleep_in(opened))
            await asyncio.sleep(delay)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await ask(opened) == 1


async def test_a_timeout_ends_the_statement_on_the_server_as_well(server: EmbeddedServer) -> None:
    async with database(server.dsn(), pool_size=1) as opened:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await sleep_in(opened)
        running = text(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        )
        deadline = time.monotonic() + 5
        while True:
            async with opened.read(uuid4()) as session:
                left = (await session.rows(running, {}))[0][0]
            if not left or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.05)
        assert left == 0
