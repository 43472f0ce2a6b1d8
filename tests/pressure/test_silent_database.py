"""`serve` over a database that falls silent: stopped processes, connections that a failover left open, and everything
at once."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import insert

from app.db import api_keys
from app.db.database import Database
from app.db.migrate import upgrade
from app.db.roles import make_login_role
from app.db.tables import ledger_accounts
from app.domain.identity import Scope
from app.web.development import DevelopmentKeys
from tests.support.databases import as_role
from tests.support.records import Records, new_company
from tests.support.served import Served, served
from tests.support.silent_network import SilentNetwork, silent_network
from tests.support.started import settings_of
from tests.support.tcp_servers import TcpServer, plain_server
from tests.support.trust import TRUST

pytestmark = pytest.mark.slow

PLANNED = "{ customers(first: 5) { totalCount nodes { name } } }"
BY_FIELDS = "{ customers(first: 5) { nodes { name contacts { name } } } viewer { subject } }"
CREATE = """mutation($number: String!, $account: ID!) {
  createCustomerGroup(input: {number: $number, name: "Nordic", accountId: $account}) {
    customerGroup { number } errors { code }
  }
}"""
GRACE_SECONDS = 5
NUMBERS = itertools.count(1)


@dataclass
class World:
    """A migrated database with a company, and who may ask for it."""

    server: TcpServer
    keys: DevelopmentKeys
    token: dict[str, str]
    api_key: dict[str, str]
    account: str


@dataclass
class Trial:
    """A service behind a network that can fall silent."""

    world: World
    network: SilentNetwork
    running: Served
    client: httpx.AsyncClient
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])

    async def ask(self, kind: str) -> tuple[str, int, float]:
        """Send one request; return its status and the seconds that it took."""
        begun = time.monotonic()
        if kind == "ready":
            response = await self.client.get("/readyz")
        else:
            query = {"planned": PLANNED, "key": PLANNED, "fields": BY_FIELDS, "write": CREATE}[kind]
            variables = {"number": str(next(NUMBERS)), "account": self.world.account} if kind == "write" else {}
            response = await self.client.post(
                "/graphql",
                json={"query": query, "variables": variables},
                headers=self.world.api_key if kind == "key" else self.world.token,
            )
        assert response.headers["content-type"].startswith("application/"), response.text
        if response.status_code == 503 and kind != "ready":
            assert "retry-after" in response.headers
        self.statuses[kind, response.status_code] += 1
        return kind, response.status_code, time.monotonic() - begun

    async def all_kinds(self, times: int) -> list[tuple[str, int, float]]:
        """Send some requests of every kind at once."""
        kinds = ("planned", "fields", "key", "write", "ready")
        return await asyncio.gather(*(self.ask(kind) for kind in kinds for _ in range(times)))

    async def seconds_until_all_are_answered(self, patience: float) -> float:
        """Send requests of every kind until all are answered well."""
        begun = time.monotonic()
        while True:
            if {status for _, status, _ in await self.all_kinds(4)} == {200}:
                return time.monotonic() - begun
            assert time.monotonic() - begun < patience, self.statuses

    def lines(self, event: str) -> list[dict[str, Any]]:
        """What the service has logged so far."""
        lines = [json.loads(line) for line in self.running.log.read_text().splitlines()]
        return [line for line in lines if line["event"] == event]


@pytest.fixture(scope="module")
def world() -> Generator[World]:
    with TemporaryDirectory(prefix="customer-gateway-") as folder, plain_server(Path(folder)) as server:
        keys = DevelopmentKeys(Path(folder) / "keys")
        company, account, key = asyncio.run(_prepare(server))
        token = keys.mint(company, tuple(Scope), "tester", timedelta(hours=1))
        accepted = {"accept": "application/graphql-response+json"}
        yield World(
            server, keys, {"authorization": f"Bearer {token}", **accepted}, {"x-api-key": key, **accepted}, account
        )


async def _prepare(server: TcpServer) -> tuple[Any, str, str]:
    await asyncio.to_thread(upgrade, server.superuser_url)
    await make_login_role(server.superuser_url, "serving", "secret")
    owner = Database(server.superuser_url, pool_size=1, pool_timeout_seconds=5, statement_timeout_seconds=30)
    company, account = await new_company(owner.engine), uuid4()
    async with owner.engine.begin() as connection:
        await connection.execute(
            insert(ledger_accounts).values(company_id=company, id=account, number="1010", name="Sales")
        )
        _, key = await api_keys.create(connection, company, "ERP", tuple(Scope), None)
    records = Records(owner.engine, company)
    for _ in range(20):
        await records.contact(await records.customer())
    await owner.dispose()
    return company, str(account), key


@asynccontextmanager
async def trial(world: World, folder: Path, workers: int) -> AsyncGenerator[Trial]:
    """A service with connections of every kind open."""
    async with silent_network(world.server.port) as network:
        dsn = as_role(world.server.url(port=network.port, host="127.0.0.1"), "serving", "secret")
        settings = settings_of(
            dsn, world.keys, request_timeout_seconds=GRACE_SECONDS, statement_timeout_seconds=4, api_key_cache_seconds=0
        )
        environment = {name.upper(): str(value) for name, value in settings.items()}
        serving = served(folder / "log", "--workers", str(workers), **environment)
        # In a thread: the network needs this loop meanwhile.
        running = await asyncio.to_thread(serving.__enter__)
        try:
            async with httpx.AsyncClient(
                base_url=running.url, timeout=60, limits=httpx.Limits(), verify=TRUST
            ) as client:
                found = Trial(world, network, running, client)
                for _ in range(3):
                    await found.seconds_until_all_are_answered(30)
                yield found
        finally:
            await asyncio.to_thread(serving.__exit__, None, None, None)
        assert found.lines("failure") == []
        assert found.lines("plan_failed") == []
        assert found.lines("uncaught_exception") == found.lines("ignored_exception") == []
        assert "Traceback" not in running.log.read_text()


def _tell(figures: str) -> None:
    """Show figures with `-s`."""
    sys.stdout.write(f"\n{figures}\n")


@pytest.mark.parametrize("workers", [1, 2])
async def test_after_a_failover_that_leaves_connections_open_answers_come_within_seconds(
    world: World, tmp_path: Path, workers: int
) -> None:
    async with trial(world, tmp_path, workers) as found:
        # A busy machine delays the same requests without a failover as well.
        usual = max(seconds for *_, seconds in await found.all_kinds(4))
        found.network.freeze_open()
        begun = time.monotonic()
        answers = await found.all_kinds(4)
        assert {status for _, status, _ in answers} == {200}, found.statuses
        slowest = max(seconds for *_, seconds in answers)
        later = max(seconds for *_, seconds in await found.all_kinds(4))
        _tell(f"workers={workers}: usual {usual:.2f} s, slowest {slowest:.2f} s, then {later:.2f} s")
        assert slowest < 5 + usual
        await found.seconds_until_all_are_answered(5 + usual)
        assert time.monotonic() - begun < 5 + 3 * usual


@pytest.mark.parametrize("workers", [1, 2])
async def test_while_everything_is_silent_all_are_told_in_time_and_served_when_it_is_over(
    world: World, tmp_path: Path, workers: int
) -> None:
    async with trial(world, tmp_path, workers) as found:
        found.network.freeze()
        begun, slowest = time.monotonic(), defaultdict[str, float](float)
        while time.monotonic() - begun < 15:
            for kind, status, seconds in await found.all_kinds(4):
                assert status in ({503} if kind in {"ready", "key"} else {503, 504}), (kind, status)
                slowest[kind] = max(slowest[kind], seconds)
        assert max(slowest["ready"], slowest["key"]) < 3, slowest
        assert max(slowest.values()) < GRACE_SECONDS + 2, slowest
        found.network.thaw()
        recovered = await found.seconds_until_all_are_answered(5)
        _tell(f"workers={workers}: slowest {dict(slowest)}, recovered after {recovered:.2f} s")
        lines = found.lines("unavailable")
        assert {line["cause"] for line in lines} >= {"no_answer_in_time"}
        # Each cause once in ten seconds and process.
        assert max(Counter(line["cause"] for line in lines).values()) <= 3 * workers + 1


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("silence", ["open connections", "everything"])
async def test_a_service_ends_within_its_grace_while_the_database_is_silent(
    world: World, tmp_path: Path, workers: int, silence: str
) -> None:
    async with trial(world, tmp_path, workers) as found:
        (found.network.freeze if silence == "everything" else found.network.freeze_open)()
        asked = [asyncio.create_task(found.ask(kind)) for kind in ("planned", "fields", "write", "ready", "key")]
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        found.running.process.terminate()
        code = await asyncio.to_thread(found.running.process.wait, 60)
        seconds = time.monotonic() - begun
        _tell(f"workers={workers}, {silence}: ended after {seconds:.2f} s")
        assert code == 0
        assert seconds < GRACE_SECONDS + 4
        await asyncio.gather(*asked, return_exceptions=True)


@pytest.mark.parametrize("which", ["all processes", "the postmaster", "the processes of connections"])
async def test_of_a_server_whose_processes_are_stopped_all_are_told_in_time(
    world: World, tmp_path: Path, which: str
) -> None:
    async with trial(world, tmp_path, 2) as found:
        postmaster = int((world.server.socket_folder / "postmaster.pid").read_text().split()[0])
        backends = _backends_of(postmaster)
        assert backends
        stopped = {"all processes": [postmaster, *backends], "the postmaster": [postmaster]}.get(which, backends)
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            begun = time.monotonic()
            while time.monotonic() - begun < 8:
                for kind, status, seconds in await found.all_kinds(4):
                    assert seconds < GRACE_SECONDS + 2, (kind, status, seconds)
            last = await found.all_kinds(4)
            if which == "the processes of connections":
                assert {status for _, status, _ in last} == {200}, last
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        recovered = await found.seconds_until_all_are_answered(5)
        _tell(f"{which}: {dict(found.statuses)}, recovered after {recovered:.2f} s")


def _backends_of(postmaster: int) -> list[int]:
    """The server's processes behind the service's connections."""
    listed = subprocess.run(
        ["ps", "--ppid", str(postmaster), "-o", "pid=,args="], capture_output=True, text=True, check=True
    )
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if " serving " in line]
