"""Clients that send too much ahead, too slowly, or with made-up keys: others are served as before."""

import asyncio
import secrets
import statistics
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys
from app.web.development import DevelopmentKeys
from tests.pressure.settings import FILES, SMALL, settings_for
from tests.support.records import new_company
from tests.support.served import api_key_headers, post, served
from tests.support.started import headers_of

pytestmark = pytest.mark.slow

LIVE = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
_PIPELINED = 200_000
_GUESSERS = 400
_DRIPPERS = 1_000
WRITE = {"query": f'mutation {{updateCustomer(input: {{id: "{UUID(int=0)}"}}) {{errors {{code}}}}}}'}
"""Finds nothing to write, in a transaction."""


class Beside:
    """What another client sees: one request after the other."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self.statuses: Counter[int] = Counter()

    async def ask(self, port: int, headers: dict[str, str], body: dict[str, str], seconds: float) -> "Beside":
        """Send requests for some seconds; those that get no answer count as 0."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun, status = time.monotonic(), 0
            with suppress(TimeoutError, OSError, ValueError, IndexError):
                async with asyncio.timeout(30):
                    _, status, _ = await post(port, headers, body)
            self.took.append(time.monotonic() - begun)
            self.statuses[status] += 1
            await asyncio.sleep(0.02)
        return self

    def __str__(self) -> str:
        return f"median {statistics.median(self.took):.3f}, most {max(self.took):.3f} s, {dict(self.statuses)}"


@asynccontextmanager
async def flooding(
    clients: int, act: Callable[[], Coroutine[None, None, None]], seconds: float
) -> AsyncGenerator[None]:
    """As many clients that act again and again, for some seconds at most."""
    end = time.monotonic() + seconds

    async def client() -> None:
        while time.monotonic() < end:
            with suppress(TimeoutError, OSError, ValueError, IndexError):
                async with asyncio.timeout(30):
                    await act()

    tasks = [asyncio.create_task(client()) for _ in range(clients)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_requests_sent_ahead_take_little_memory_and_give_it_back(
    service_dsn: str, company: UUID, tmp_path: Path, workers: str
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    with served(tmp_path / "log", "--workers", workers, **settings_for(service_dsn, keys)) as service:
        headers = headers_of(keys, company)
        await Beside().ask(service.port, headers, SMALL, 1)
        quiet = service.memory_mb()
        writers: list[asyncio.StreamWriter] = []
        for _ in range(8 * int(workers)):
            # Its client reads no more than this.
            _, writer = await asyncio.open_connection("127.0.0.1", service.port, limit=1_024)
            writer.write(LIVE * _PIPELINED)
            writers.append(writer)
        beside = await Beside().ask(service.port, headers, SMALL, 6)
        full = service.memory_mb()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(2)
        left = service.memory_mb()
    print(f"quiet {quiet:.0f} MB, full {full:.0f}, left {left:.0f}; beside: {beside}")  # noqa: T201 - figures, for `-s`
    assert full - quiet < 40 * int(workers)
    assert left - quiet < 40 * int(workers)
    assert set(beside.statuses) == {200}
    assert max(beside.took) < 2


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_flood_of_made_up_keys_keeps_nobody_else_out(
    service_dsn: str, company: UUID, owner_engine: AsyncEngine, tmp_path: Path, workers: str
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    with served(tmp_path / "log", "--workers", workers, **settings_for(service_dsn, keys)) as service:
        by_token = headers_of(keys, company)
        by_key = await api_key_headers(owner_engine, await new_company(owner_engine))
        answers = Counter[int]()
        most = 0

        async def guess(make: Callable[[], str]) -> None:
            _, status, _ = await post(service.port, {"x-api-key": make()}, SMALL)
            answers[status] += 1

        async def count() -> None:
            nonlocal most
            counting = text("SELECT count(*) FROM pg_stat_activity WHERE usename = :role AND pid <> pg_backend_pid()")
            while True:
                # In one transaction the server would tell the same each time.
                async with owner_engine.connect() as connection:
                    found = await connection.execute(counting, {"role": make_url(service_dsn).username})
                most = max(most, found.scalar_one())
                await asyncio.sleep(0.05)

        seen: dict[str, tuple[Beside, Beside]] = {}
        floods = {
            "refused by their form": lambda: "wrong",
            "made up": lambda: api_keys.PREFIX + secrets.token_urlsafe(32),
        }
        counting = asyncio.create_task(count())
        for name, make in floods.items():
            async with flooding(_GUESSERS, lambda make=make: guess(make), 40):
                await asyncio.sleep(1)
                seen[name] = await asyncio.gather(
                    Beside().ask(service.port, by_key, SMALL, 8), Beside().ask(service.port, by_token, WRITE, 8)
                )
        counting.cancel()
    for name, (reads, writes) in seen.items():
        print(f"{name}: reads by key {reads}; writes by token {writes}")  # noqa: T201 - figures, for `-s`
    print(f"answers {dict(answers)}, connections {most}")  # noqa: T201 - figures, for `-s`
    assert set(answers) == {401}
    assert all(set(client.statuses) == {200} for pair in seen.values() for client in pair)
    assert most <= int(workers) * (10 + 10 + 3)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_thousand_bodies_that_drip_keep_nobody_else_out(
    service_dsn: str, company: UUID, owner_engine: AsyncEngine, tmp_path: Path, workers: str
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    options = ("--workers", workers)
    with served(tmp_path / "log", *options, files=FILES, **settings_for(service_dsn, keys)) as service:
        by_key = await api_key_headers(owner_engine, await new_company(owner_engine))
        named = {"host": "a", "content-type": "application/json", "content-length": "900000"}
        lines = (f"{name}: {value}" for name, value in {**named, **headers_of(keys, company)}.items())
        head = "\r\n".join(["POST /graphql HTTP/1.1", *lines, "", ""]).encode()

        async def drip() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            try:
                writer.write(head)
                for _ in range(15):
                    if reader.at_eof():
                        break
                    writer.write(b" ")
                    await asyncio.sleep(1)
            finally:
                writer.transport.abort()
            await asyncio.sleep(0.3)

        async with flooding(_DRIPPERS * int(workers), drip, 40):
            await asyncio.sleep(5)
            beside = await Beside().ask(service.port, by_key, SMALL, 10)
    print(f"beside: {beside}")  # noqa: T201 - figures, for `-s`
    assert set(beside.statuses) == {200}
    assert statistics.median(beside.took) < 1
