"""The feed under failures: whatever happens to the service, its sequencers and the database, followers miss nothing.

`FEED_EVENTS` says how many events: 1,000 take a minute or two, 10,000 ten times as long. Clients write all the while,
followers pull, and processes are killed and restarted at random.
"""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.pressure.fault_injection import Deployment
from tests.pressure.ledger import Ledger, Told
from tests.pressure.writing import Writer, served_company
from tests.support.commands import ROOT
from tests.support.records import Records

pytestmark = pytest.mark.slow

EVENTS = int(os.environ.get("FEED_EVENTS", "1000"))
WRITERS, FOLLOWERS, WORKERS = 6, 4, 2
_REST_SECONDS = 0.02
_BETWEEN = (10, 90)
"""How many writes are stored between two failures, at least and at most, unless that takes `_PATIENCE_SECONDS`."""
_PATIENCE_SECONDS = 10
_CALM_SECONDS = 120
"""How long the feed may take to become complete after the last failure."""
START = "{ feedCursor }"
FOLLOW = """query ($after: String!, $first: Int!) {
  changes(after: $after, first: $first) { events { id cursor subjectId version } endCursor hasNextPage }
}"""


@dataclass
class Follower:
    """Pulls the feed with a cursor that it keeps, and comes back whenever it got no answer."""

    url: str
    headers: dict[str, str]
    chance: Random
    cursor: str
    events: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    failures: int = 0

    async def run(self, over: asyncio.Event) -> None:
        """Follow until it is over and nothing is left to read."""
        page: dict[str, Any] | None = None
        while True:
            was_over = over.is_set()
            async with httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=40) as client:
                # A new connection now and then, as of a client that is restarted.
                for _ in range(self.chance.randint(1, 50)):
                    page = await self._pull(client)
                    if page is None or not page["events"]:
                        break
            if was_over and page is not None and not page["events"]:
                return
            await asyncio.sleep(self.chance.uniform(0, 0.3))

    async def _pull(self, client: httpx.AsyncClient) -> dict[str, Any] | None:
        variables = {"after": self.cursor, "first": self.chance.randint(1, 60)}
        try:
            answer = await client.post("/graphql", json={"query": FOLLOW, "variables": variables})
            content: dict[str, Any] = answer.json()
        except (httpx.TransportError, ValueError):
            content = {}
        data: dict[str, Any] = content.get("data") or {}
        page: dict[str, Any] | None = data.get("changes")
        if page is None:
            self.failures += 1
            return None
        self.events += [(event["id"], event["subjectId"], event["version"]) for event in page["events"]]
        self.cursor = page["endCursor"]
        return page


class WorkProcesses:
    """Processes of `work`, which are killed and started again."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._processes: list[subprocess.Popen[bytes]] = []

    async def start(self) -> None:
        """Start one more."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        with self._log.open("ab") as log:
            process = await asyncio.to_thread(
                subprocess.Popen,
                [sys.executable, "-m", "app", "work"],
                env=kept | self._environment,
                cwd=ROOT,
                stderr=log,
                stdout=log,
            )
        self._processes.append(process)

    async def kill_one(self) -> None:
        """Kill the oldest, and start another one."""
        await self._end(self._processes.pop(0), signal.SIGKILL)
        await self.start()

    async def stop(self) -> None:
        """End all as an operator does."""
        for process in self._processes:
            await self._end(process, signal.SIGTERM)

    async def _end(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        process.send_signal(number)
        await asyncio.to_thread(process.wait, 30)


@asynccontextmanager
async def work_processes(built: Deployment) -> AsyncGenerator[WorkProcesses]:
    """Some processes of `work` beside the service."""
    working = WorkProcesses(built.environment, built.log)
    for _ in range(WORKERS):
        await working.start()
    try:
        yield working
    finally:
        await working.stop()


async def inject_faults(built: Deployment, working: WorkProcesses, ledger: Ledger, chance: Random) -> int:
    """Let processes fail at random until enough is written; return the number of failures."""
    faults = [working.kill_one, built.kill_worker, built.kill_service, built.kill_database, built.restart_database]
    faults += [built.end_connections, built.restart_service]
    happened = 0

    def stored() -> int:
        return [*ledger.creations.values(), *ledger.changes.values()].count(Told.STORED)

    while (before := stored()) < EVENTS:
        goal = before + chance.randint(*_BETWEEN)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while stored() < goal:  # noqa: ASYNC110 - clients of a service that may be down make it true
                    await asyncio.sleep(0.05)
        # The sequencers most often, and each other one in turn.
        fault = working.kill_one if happened % 2 else faults[1 + happened // 2 % (len(faults) - 1)]
        await fault()
        happened += 1
        await built.is_ready()
    return happened


async def truth(engine: AsyncEngine, company_id: UUID) -> list[tuple[str, str, int]]:
    """All events in the order of their positions, once each has one."""
    query = text(
        "SELECT id, subject_id, position, data FROM outbox_events WHERE company_id = :company ORDER BY position"
    )
    async with asyncio.timeout(_CALM_SECONDS):
        while True:
            async with engine.connect() as connection:
                rows = (await connection.execute(query, {"company": company_id})).all()
            if all(row.position is not None for row in rows):
                assert [row.position for row in rows] == [*range(1, len(rows) + 1)]
                return [(str(row.id), str(row.subject_id), row.data["version"]) for row in rows]
            await asyncio.sleep(0.2)


async def test_every_follower_sees_every_event_once_and_in_order(chance: Random) -> None:
    ledger, written, over = Ledger(), asyncio.Event(), asyncio.Event()
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        async with served_company(Path(folder)) as (built, engine, company_id, headers), work_processes(built) as work:
            group_id = await Records(engine, company_id).group()
            url = f"http://127.0.0.1:{built.port}"
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=40) as client:
                start = (await client.post("/graphql", json={"query": START})).json()["data"]["feedCursor"]
                followers = [Follower(url, headers, chance, start) for _ in range(FOLLOWERS)]
                writers = [
                    Writer(number, client, group_id, ledger, rest_seconds=_REST_SECONDS) for number in range(WRITERS)
                ]
                async with asyncio.TaskGroup() as tasks:
                    for follower in followers:
                        tasks.create_task(follower.run(over))
                    writing = [tasks.create_task(writer.run(written)) for writer in writers]
                    happened = await inject_faults(built, work, ledger, chance)
                    written.set()
                    await asyncio.wait(writing)
                    events = await truth(engine, company_id)
                    over.set()
            await ledger.assert_true(engine, company_id)
            late = Follower(url, headers, chance, start)
            await late.run(over)
            log = built.log.read_text()

    told = f"{len(events)} events, {happened} failures; {[follower.failures for follower in followers]} tries without"
    logging.getLogger(__name__).info("%s; %s", told, ledger.told())
    for follower in (*followers, late):
        assert follower.events == events, told
    versions: dict[str, int] = {}
    for _, subject, version in events:
        assert version == versions.get(subject, 0) + 1, told
        versions[subject] = version
    assert len(events) >= EVENTS
    assert happened >= EVENTS / _BETWEEN[1], told
    assert "Traceback" not in log, told
    assert '"background_failed"' not in log, told
    assert any(json.loads(line)["event"] == "working" for line in log.splitlines() if line.startswith("{")), told
