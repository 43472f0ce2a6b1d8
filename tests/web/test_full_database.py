"""A database that is there but can't work: a full disk, no writes, no temporary space, statements past their time."""

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from httpx import AsyncClient
from sqlalchemy import insert, text
from structlog.testing import capture_logs

from app.db import write_health
from app.db.connecting import short_lived_engine
from app.db.database import Database
from app.db.migrate import upgrade
from app.db.roles import make_login_role
from app.db.server_user import make_owner_of
from app.db.tables import ledger_accounts
from app.web.development import DevelopmentKeys
from tests.support.databases import as_role, execute
from tests.support.records import Records, new_company
from tests.support.served import Served, served
from tests.support.started import headers_of, settings_of, started
from tests.support.tcp_servers import TcpServer, plain_server

PLANNED = "{ customers(first: 1) { totalCount nodes { name } } }"
CREATE = """mutation($number: String!, $account: ID!, $name: String!) {
  createCustomerGroup(input: {number: $number, name: $name, accountId: $account}) { errors { code } }
}"""
FULL_DISK = (
    """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.name = 'Nordic' THEN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END IF; RETURN NEW; END $$""",
    "CREATE TRIGGER full_disk BEFORE INSERT ON customer_groups FOR EACH ROW EXECUTE FUNCTION fail()",
)
"""Has the server refuse groups of one name as it does with a full disk."""
VIEW = """CREATE VIEW alembic_version AS SELECT version_num FROM kept
WHERE (SELECT count(*) FROM (SELECT g FROM generate_series(1, 300000) AS g ORDER BY random()) AS sorted) > 0"""
"""Its sort needs some megabytes for a moment."""


class World:
    """A service over a server of its own."""

    def __init__(self, server: TcpServer, client: AsyncClient, account: str, settings: dict[str, Any]) -> None:
        self.server = server
        self.client = client
        self.account = account
        self.settings = settings

    async def owner(self, *statements: str) -> None:
        """Run statements as the superuser."""
        await execute(self.server.superuser_url, *statements)

    async def create(self, name: str = "Nordic") -> tuple[int, Any]:
        """Write something; return the status and the answer."""
        variables = {"number": str(uuid4().int % 10**9), "account": self.account, "name": name}
        response = await self.client.post("/graphql", json={"query": CREATE, "variables": variables})
        return response.status_code, response.json()

    async def read(self) -> tuple[int, Any]:
        """Read by a plan."""
        response = await self.client.post("/graphql", json={"query": PLANNED})
        return response.status_code, response.json()

    async def readyz(self) -> tuple[int, Any]:
        """Ask whether the service is ready."""
        response = await self.client.get("/readyz")
        return response.status_code, response.json()


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def world() -> AsyncGenerator[World]:
    with TemporaryDirectory(prefix="customer-gateway-") as folder, plain_server_in_thread(Path(folder)) as starting:
        server = await asyncio.to_thread(starting)
        await asyncio.to_thread(upgrade, server.superuser_url)
        await make_login_role(server.superuser_url, "serving", None)
        owner = Database(server.superuser_url, pool_size=1, pool_timeout_seconds=5, statement_timeout_seconds=30)
        company, account = await new_company(owner.engine), uuid4()
        row = {"company_id": company, "id": account, "number": "1010", "name": "Sales"}
        async with owner.engine.begin() as connection:
            await connection.execute(insert(ledger_accounts).values(row))
        await Records(owner.engine, company).customer()
        await owner.dispose()
        keys = DevelopmentKeys(Path(folder) / "keys")
        settings = settings_of(as_role(server.superuser_url, "serving"), keys)
        async with started(settings, headers_of(keys, company)) as client:
            yield World(server, client, str(account), settings)


@contextmanager
def plain_server_in_thread(folder: Path) -> Generator[Any]:
    """A server that is started by calling what is yielded, outside the loop."""
    serving = plain_server(folder)
    yield serving.__enter__
    serving.__exit__(None, None, None)


@pytest.fixture
def tiny_disk() -> Generator[Path]:
    """A file system of four megabytes, for the server."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    with TemporaryDirectory(prefix="customer-gateway-tiny-") as folder:
        path = Path(folder) / "disk"
        path.mkdir()
        Path(folder).chmod(0o755)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path], check=False)
        if mounted.returncode != 0:
            pytest.skip("no file system can be mounted here")
        try:
            make_owner_of(path)
            yield path
        finally:
            subprocess.run(["umount", "--lazy", path], check=True)


def _is_unavailable(answer: tuple[int, Any]) -> bool:
    status, body = answer
    return status == 503 and body["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set how long after a failure a write proves that writes work: never before a test sets it, however busy the
    machine is."""

    def set_to(seconds: float) -> None:
        monkeypatch.setattr(write_health, "SETTLED_SECONDS", seconds)

    set_to(3_600)
    return set_to


def is_degraded(answer: tuple[int, Any], cause: str) -> bool:
    status, body = answer
    return (status, body["status"], body.get("cause")) == (200, "degraded", cause)


async def until_ready(world: World) -> None:
    """Write until the service finds that writes work again."""
    async with asyncio.timeout(60):
        while await world.readyz() != (200, {"status": "ok"}):
            assert (await world.create())[0] in {200, 503}
            await asyncio.sleep(0.1)


async def test_a_full_disk_is_unavailable_and_heals(
    world: World, tiny_disk: Path, settled: Callable[[float], None]
) -> None:
    assert await world.readyz() == (200, {"status": "ok"})
    assert (await world.create())[0] == 200
    await world.owner(
        f"CREATE TABLESPACE tiny LOCATION '{tiny_disk}'", "GRANT CREATE ON TABLESPACE tiny TO serving",
        "ALTER TABLE customer_groups SET TABLESPACE tiny", "CREATE TABLE filling (filled text) TABLESPACE tiny",
    )  # fmt: skip
    with pytest.raises(Exception, match="No space left"):
        await world.owner("INSERT INTO filling SELECT repeat('x', 1000) FROM generate_series(1, 10000)")
    answers = [await world.create() for _ in range(80)]
    assert any(map(_is_unavailable, answers)), answers
    assert {status for status, _ in answers} <= {200, 503}
    # What needs no space works, so the service stays in rotation, and says what is wrong.
    assert (await world.read())[0] == 200
    assert is_degraded(await world.readyz(), "disk_full")
    assert "disk of the database's server is full" in (await world.readyz())[1]["reason"]

    # A sort that needs some, in the view that stands for the table which readiness asks.
    await world.owner(
        "ALTER ROLE serving SET temp_tablespaces = tiny",
        "ALTER TABLE alembic_version RENAME TO kept",
        VIEW,
        "GRANT SELECT ON alembic_version TO serving",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'serving'",
    )
    try:
        assert await world.readyz() == (
            503,
            {"status": "unavailable", "reason": "The disk of the database's server is full.", "cause": "disk_full"},
        )
    finally:
        await world.owner(
            "DROP VIEW alembic_version",
            "ALTER TABLE kept RENAME TO alembic_version",
            "ALTER ROLE serving RESET temp_tablespaces",
            "DROP TABLE filling",
            "ALTER TABLE customer_groups SET TABLESPACE pg_default",
            "DROP TABLESPACE tiny",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'serving'",
        )
    settled(0.5)
    await until_ready(world)
    assert (await world.create())[0] == 200


async def test_a_full_disk_is_remembered_as_long_as_writes_fail_and_a_minute_beyond(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server's own error, where no file system can be mounted.
    await world.owner(*FULL_DISK)
    try:
        assert _is_unavailable(await world.create())
        # A small write may still find room, and proves nothing so soon.
        assert (await world.create("Small"))[0] == 200
        assert is_degraded(await world.readyz(), "disk_full")
        monkeypatch.setattr(write_health, "REMEMBERED_SECONDS", 0)
        assert await world.readyz() == (200, {"status": "ok"})
    finally:
        await world.owner("DROP FUNCTION fail CASCADE")


async def test_every_worker_tells_what_writes_of_one_have_met(world: World, tmp_path: Path) -> None:
    settings = {name.upper(): str(value) for name, value in world.settings.items()}
    await world.owner(*FULL_DISK)
    with served(tmp_path / "log", "--workers", "2", **settings) as service:
        async with AsyncClient(base_url=service.url, headers=world.client.headers) as client:
            serving = World(world.server, client, world.account, world.settings)
            try:
                assert await told_by_all(service) == {"ok"}
                assert _is_unavailable(await serving.create())
                await until_all_tell(service, "degraded")
            finally:
                await world.owner("DROP FUNCTION fail CASCADE")


async def told_by_all(service: Served) -> set[str]:
    """Return the states of 20 answers, each over a new connection, so that every worker gives some."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with AsyncClient(base_url=service.url, limits=limits) as client:
        return {(await client.get("/readyz")).json()["status"] for _ in range(20)}


async def until_all_tell(service: Served, state: str) -> None:
    """Wait until all workers are in a state, which takes as long as the parent process needs to pass it on."""
    async with asyncio.timeout(60):
        while await told_by_all(service) != {state}:  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.1)


async def test_a_server_that_takes_no_writes_is_unavailable_for_them_alone(
    world: World, settled: Callable[[float], None]
) -> None:
    await world.owner("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        async with asyncio.timeout(60):
            while not _is_unavailable(answer := await world.create()):
                assert answer[0] == 200
        assert (await world.read())[0] == 200
        assert is_degraded(await world.readyz(), "read_only")
    finally:
        await world.owner(
            "ALTER SYSTEM RESET default_transaction_read_only",
            "SELECT pg_reload_conf()",
        )
    settled(0.5)
    await until_ready(world)
    assert (await world.create())[0] == 200


async def test_a_lock_that_is_not_free_in_the_servers_time_is_unavailable_with_its_cause(world: World) -> None:
    engine = short_lived_engine(world.server.superuser_url)
    await world.owner("ALTER ROLE serving SET lock_timeout = '100ms'")
    try:
        # Its own connections: the setting applies to new ones.
        async with started({**world.settings, "log_format": "console"}, dict(world.client.headers)) as client:
            limited = World(world.server, client, world.account, world.settings)
            async with engine.begin() as connection:
                await connection.execute(text("LOCK TABLE customers, customer_groups IN ACCESS EXCLUSIVE MODE"))
                with capture_logs() as lines:
                    answers = [await limited.create(), await limited.read()]
            assert (await limited.create())[0] == 200
    finally:
        await world.owner("ALTER ROLE serving RESET lock_timeout")
    assert all(map(_is_unavailable, answers)), answers
    assert {line["cause"] for line in lines if line["event"] == "unavailable"} == {"lock_timeout"}
    assert not [line for line in lines if line["event"] == "failure"]


async def test_a_plan_that_is_stopped_by_its_time_limit_is_not_run_again_field_by_field(world: World) -> None:
    settings = {**world.settings, "statement_timeout_seconds": 0.5, "log_format": "console"}
    engine = short_lived_engine(world.server.superuser_url)
    async with started(settings, dict(world.client.headers)) as client, engine.begin() as connection:
        await connection.execute(text("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE"))
        with capture_logs() as lines:
            response = await client.post("/graphql", json={"query": PLANNED})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (504, "TIMEOUT")
    assert [line["statements"] for line in lines if line["event"] == "operation"] == [1]
    assert (await world.read())[0] == 200
