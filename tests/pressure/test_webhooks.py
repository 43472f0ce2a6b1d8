"""Senders of webhooks that are killed at any moment: every event arrives, at least once and in order."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import pytest_asyncio

from app.db.database import Database
from tests.support.commands import Process, running, wait_for_text
from tests.support.databases import same_database
from tests.support.feed import event, write
from tests.support.receiver import Receiver, receiving, silent
from tests.support.records import new_company
from tests.support.webhook_endpoints import Endpoints

EVENTS = int(os.environ.get("WEBHOOK_EVENTS", "300"))
_RECEIVERS = 3
_SENDERS = 2
_KILLS = 4


@pytest_asyncio.fixture(loop_scope="session")
async def receivers() -> AsyncGenerator[Sequence[Receiver]]:
    """Receivers that take a moment to answer."""
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(receiving()) for _ in range(_RECEIVERS)]
        for receiver in started:
            receiver.behavior = silent(0.01)
        yield started


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

    def kill(self, chance: Random) -> None:
        """Kill one of them."""
        self.running.pop(chance.randrange(len(self.running))).send_signal(signal.SIGKILL)


async def write_events(database: Database, company_id: UUID, chance: Random) -> None:
    """Write events that are numbered by their version, some of them together."""
    written = 0
    while written < EVENTS:
        together = min(chance.randint(1, 4), EVENTS - written)
        await write(database, company_id, *(event(version=written + number) for number in range(1, together + 1)))
        written += together
        await asyncio.sleep(0.02)


async def arrival(receiver: Receiver, version: int) -> None:
    """Wait until an event has arrived."""
    await receiver.until_true(
        lambda: bool(receiver.requests) and receiver.requests[-1].json()["version"] >= version, seconds=120
    )


def assert_in_order(receiver: Receiver) -> None:
    """Assert that each event arrived, none before the one before it, and that few arrived again."""
    versions = [request.json()["version"] for request in receiver.requests]
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
    receivers: Sequence[Receiver],
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
            await asyncio.gather(*(arrival(receiver, number * EVENTS // (2 * _KILLS)) for receiver in receivers))
            senders.kill(chance)
            await senders.start()
        await writing
        await asyncio.gather(*(arrival(receiver, EVENTS) for receiver in receivers))

    for receiver in receivers:
        assert_in_order(receiver)
