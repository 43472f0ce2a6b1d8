"""A mutation that is canceled at any point after its commit has begun is answered with what it stored."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Generator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import AsyncClient
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import mutation_deadline, timed_executor
from app.web.development import DevelopmentKeys
from tests.support.every_mutation import MUTATIONS, TABLE, document, ids_of
from tests.support.records import Records
from tests.support.started import headers_of, settings_of, started
from tests.support.untouched import everything_of

_is_mutation = ContextVar("is_mutation", default=False)
"""Whether it is a mutation that runs. The tasks that it begins inherit it."""
LATER = 2
"""Points after the commit at which a mutation is canceled beyond those that it has."""


@dataclass
class Points:
    """Where a mutation waits for something after it has begun to commit, and at which of these points its time ends."""

    limit: asyncio.Timeout | None = None
    ends_at: int = 0
    seen: int | None = None
    """How many there were; None before the commit."""

    def begin(self, ends_at: int) -> None:
        """Start anew for the next mutation."""
        self.limit, self.ends_at, self.seen = None, ends_at, None

    def committing(self, _connection: object) -> None:
        """Count from here on, unless it is the background work that commits."""
        if _is_mutation.get():
            self.seen = 0

    def wait(self) -> None:
        """Count one point, and end the time there if it is the one."""
        if self.seen is None:
            return
        if self.seen == self.ends_at:
            assert self.limit is not None
            # The timer would fire half a minute later, in other tests.
            self.limit.reschedule(None)
            # Its callback, which cancels the task at what it waits for now.
            self.limit._on_timeout()  # type: ignore[attr-defined] # noqa: SLF001 - a timer could be late
        self.seen += 1


class Stepped:
    """An awaitable that reports each point at which another one waits."""

    def __init__(self, awaited: Awaitable[Any], points: Points) -> None:
        self._awaited, self._points = awaited, points

    def __await__(self) -> Generator[Any, Any, Any]:
        _is_mutation.set(True)
        steps = self._awaited.__await__()
        thrown: BaseException | None = None
        while True:
            try:
                waited_for = next(steps) if thrown is None else cast("Generator[Any]", steps).throw(thrown)
            except StopIteration as end:
                return end.value
            self._points.wait()
            thrown = None
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001 - passed on
                thrown = error


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Generator[Points]:
    """Watch the root field of every mutation."""
    found = Points()
    timeout_at = asyncio.timeout_at

    def limited(when: float | None) -> asyncio.Timeout:
        limit = timeout_at(when)
        found.limit = found.limit or limit
        return limit

    class Timed(timed_executor.TimedExecutor):
        is_first = True

        async def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
            watched, self.is_first = (Stepped(awaitable, found) if self.is_first else awaitable), False
            return await super().with_abort_signal(watched)

    timed_executor.with_deadline.cache_clear()
    monkeypatch.setattr(mutation_deadline, "timeout_at", limited)
    monkeypatch.setattr(timed_executor, "TimedExecutor", Timed)
    event.listen(Engine, "commit", found.committing)
    yield found
    event.remove(Engine, "commit", found.committing)
    timed_executor.with_deadline.cache_clear()


@pytest_asyncio.fixture(loop_scope="session")
async def client(points: Points, service_dsn: str, company: UUID, tmp_path: Path) -> AsyncGenerator[AsyncClient]:
    points.begin(0)
    keys = DevelopmentKeys(tmp_path / "keys")
    # The sequencer would change what is stored.
    settings = settings_of(service_dsn, keys, background_work=False)
    async with started(settings, headers_of(keys, company)) as client:
        yield client


@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_mutation_whose_time_is_over_after_its_commit_is_answered(
    client: AsyncClient, points: Points, records: Records, company: UUID, owner_engine: AsyncEngine, name: str
) -> None:
    row = TABLE[name]
    ends_at, most = 0, 0
    while ends_at < most + LATER:
        given = json.loads(json.dumps(row.input(await ids_of(records))).replace('"New"', f'"New {ends_at}"'))
        before = await everything_of(owner_engine, company)
        points.begin(ends_at)

        response = await client.post(
            "/graphql", json={"query": document(name, row.payload), "variables": {"input": given}}
        )

        points.limit = None
        assert points.seen is not None
        most = max(most, points.seen)
        assert await everything_of(owner_engine, company) != before
        assert response.status_code == 200, (ends_at, response.text)
        assert "errors" not in response.json(), (ends_at, response.text)
        assert response.json()["data"][name]["errors"] == [], (ends_at, response.text)
        ends_at += 1
    # Without any, nothing would have been canceled.
    assert most > 1
