"""What was committed is known to the caller, whatever cancels it or fails while the connection is given back."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from structlog.testing import capture_logs

from app.db.database import Database
from app.db.giving_back import has_finished
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.unavailable import CommitUnknown

ONE = text("SELECT 1")


async def work(session: WriteSession) -> str:
    """Read something."""
    await session.rows(ONE)
    return "done"


def ending_with(monkeypatch: pytest.MonkeyPatch, database: Database, end: Callable[[], Any]) -> None:
    """Let each turn for a connection end with this, after the connection."""
    turn = database.turn

    @asynccontextmanager
    async def ended(company_id: UUID, **options: Any) -> AsyncGenerator[None]:
        async with turn(company_id, **options):
            try:
                yield
            finally:
                await end()

    monkeypatch.setattr(database, "turn", ended)


async def test_a_failure_while_a_connection_is_given_back_is_logged_and_hides_nothing(
    database: Database, company: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        msg = "not given back"
        raise RuntimeError(msg)

    ending_with(monkeypatch, database, fail)

    with capture_logs() as logged:
        assert await UnitOfWork(database, company).run(work) == "done"

    assert [line["event"] for line in logged] == ["connection_not_given_back"]
    assert str(logged[0]["exc_info"]) == "not given back"


async def test_an_unknown_outcome_stays_unknown_if_its_task_is_canceled_afterwards(
    database: Database, company: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[asyncio.Task[str]] = []

    async def cancel() -> None:
        running[0].cancel()
        await asyncio.sleep(0)

    def lose(connection: Any) -> None:
        connection.connection.driver_connection.terminate()

    ending_with(monkeypatch, database, cancel)
    event.listen(database.engine.sync_engine, "commit", lose)
    try:
        running.append(asyncio.ensure_future(UnitOfWork(database, company).run(work)))
        with pytest.raises(CommitUnknown):
            await running[0]
    finally:
        event.remove(database.engine.sync_engine, "commit", lose)


async def test_a_wait_that_is_canceled_again_and_again_goes_on_until_the_end() -> None:
    done = asyncio.Event()
    waited_for = asyncio.ensure_future(done.wait())
    waiting = asyncio.ensure_future(has_finished(waited_for, 60))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()

    done.set()

    assert await waiting


async def test_after_a_cancellation_a_wait_has_a_limit() -> None:
    endless = asyncio.ensure_future(asyncio.Event().wait())
    waiting = asyncio.ensure_future(has_finished(endless, 0.01))
    await asyncio.sleep(0.05)
    assert not waiting.done()

    waiting.cancel()

    assert not await waiting
    endless.cancel()
