"""Senders of webhooks that are killed at any moment: every event arrives, at least once and in order."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import pytest_asyncio

from app.db.database import Database
from tests.support.commands import Process, running, wait_for_text
from tests.support.databases import same_database
from tests.support.feed import event, write
from tests.support.receiver import Receiver, answering, receiving
from tests.support.records import new_company
from tests.support.webhook_endpoints import Endpoints

EVENTS = int(os.environ.get("WEBHOOK_EVENTS", "200"))
_RECEIVERS = 3
_SENDERS = 2
_KILLS = 4
_MOMENT_SECONDS = 0.06


class Accepting:
    """A receiver that takes a moment to accept an event, and doesn't if its sender dies meanwhile."""

    def __init__(self, receiver: Receiver) -> None:
        self.port = receiver.port
        self.versions: list[int] = []
        """The versions that were accepted."""
        self._receiver = receiver
        receiver.behavior = self._accept

    async def until(self, version: int) -> None:
        """Wait until an event has been sent."""
        requests = self._receiver.requests
        await self._receiver.until_true(lambda: bool(requests) and requests[-1].json()["version"] >= version, 120)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        version = self._receiver.requests[-1].json()["version"]
        with suppress(TimeoutError):
            async with asyncio.timeout(_MOMENT_SECONDS):
                await reader.read()
            return
        self.versions.append(version)
        await answering()(reader, writer)


@pytest_asyncio.fixture(loop_scope="session")
async def receivers() -> AsyncGenerator[Sequence[Accepting]]:
    """Receivers."""
    async with AsyncExitStack() as stack:
        yield [Accepting(await stack.enter_async_context(receiving())) for _ in range(_RECEIVERS)]


@pytest_asyncio.fixture(loop_scope="session")
async def databases(service_dsn: str, migrated_dsn: str) -> AsyncGenerator[Sequence[Database]]:
    """A database for this test alone, with the role that serves and with the tables' owner."""
    opened = [
        Database(dsn, pool_size=5, pool_timeout_seconds=60, statement_timeout_seconds=60)
        for dsn in (same_database(service_dsn, migrated_dsn), migrated_dsn)
    ]
    yield opened
    for database in opened:
        await database.dispose()


class Senders:
    """Processes that send webhooks."""

    def __init__(self, stack: ExitStack, dsn: str, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._environment = {
            "DATABASE_URL": dsn,
            "WEBHOOKS_ALLOW_HTTP": "true",
            "WEBHOOKS_ALLOW_PRIVATE": "true",
            "WEBHOOK_TIMEOUT_SECONDS": "1",
        }
        self._started = 0
        self.running: list[Process] = []

    async def start(self) -> None:
        """Start one, and wait until it works."""
        self._started += 1
        output = self._folder / f"sender-{self._started}"
        process = self._stack.enter_context(running("work", output=output, **self._environment))
        await asyncio.to_thread(wait_for_text, process, output, '"working"')
        self.running.append(process)

    async def kill(self, chance: Random, count: int) -> None:
        """Kill some of them, and start others."""
        for _ in range(count):
            self.running.pop(chance.randrange(len(self.running))).send_signal(signal.SIGKILL)
        for _ in range(count):
            await self.start()


async def write_events(database: Database, company_id: UUID, chance: Random) -> None:
    """Write events that are numbered by their version, some of them together."""
    written = 0
    while written < EVENTS:
        together = min(chance.randint(1, 4), EVENTS - written)
        await write(database, company_id, *(event(version=written + number) for number in range(1, together + 1)))
        written += together
        await asyncio.sleep(0.02)


def assert_in_order(versions: Sequence[int]) -> None:
    """Assert that each event was accepted, none before the one before it, and that few were accepted again."""
    assert [*dict.fromkeys(versions)] == [*range(1, EVENTS + 1)]
    highest = 0
    for version in versions:
        assert highest <= version <= highest + 1, versions
        highest = version
    assert len(versions) <= EVENTS + _KILLS


@pytest.mark.slow
async def test_no_event_is_lost_or_overtaken_when_senders_are_killed(
    databases: Sequence[Database],
    service_dsn: str,
    migrated_dsn: str,
    receivers: Sequence[Accepting],
    tmp_path: Path,
    chance: Random,
) -> None:
    service, owner = databases
    company_id = await new_company(owner.engine)
    endpoints = Endpoints(owner.engine, company_id)
    for receiver in receivers:
        await endpoints.add(f"http://127.0.0.1:{receiver.port}/")
    with ExitStack() as stack:
        senders = Senders(stack, same_database(service_dsn, migrated_dsn), tmp_path)
        for _ in range(_SENDERS):
            await senders.start()
        writing = asyncio.create_task(write_events(service, company_id, chance))
        for number in range(1, _KILLS + 1):
            await asyncio.gather(*(receiver.until(number * EVENTS // (2 * _KILLS)) for receiver in receivers))
            # One, whose endpoints the other one takes over, or both, one of which is sending.
            await senders.kill(chance, 1 + number % _SENDERS)
        await writing
        await asyncio.gather(*(receiver.until(EVENTS) for receiver in receivers))
        await asyncio.sleep(2 * _MOMENT_SECONDS)

    for receiver in receivers:
        assert_in_order(receiver.versions)
