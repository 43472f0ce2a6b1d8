"""Background work of the application: it runs while the application is started, unless settings say otherwise."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from app.background import runner, sequencer
from app.db.database import Database
from app.settings import Settings
from app.web.application import create_app
from app.web.background import ServiceBackground, database_of
from app.web.development import DevelopmentKeys
from tests.support.feed import event, read_all, stamp_all, write
from tests.support.lifespan import lifespan_of
from tests.support.started import headers_of, settings_of, started
from tests.support.until import until
from tests.web.application import AWAY

_PATIENCE_SECONDS = 10
_LONGER_THAN_A_ROUND = 0.5
_LONG = 60
"""Seconds: ending would take too long if it waited for this time."""


async def has_positions(database: Database, company: UUID, number: int) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while len(await read_all(database, company)) < number:  # noqa: ASYNC110 - another connection changes it
            await asyncio.sleep(0.01)


async def test_a_started_application_gives_positions_to_the_events_of_any_process(
    service_dsn: str, database: Database, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path)
    async with started(settings_of(service_dsn, keys), headers_of(keys, company)):
        await write(database, company, event(), event())
        await has_positions(database, company, 2)


async def test_a_write_of_the_process_gets_its_position_at_once(
    service_dsn: str, company: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only a write ends its rests in time.
    monkeypatch.setattr(sequencer, "_IDLE_TIMES", 10**9)
    settings = Settings(database_url=service_dsn)
    database = database_of(settings)
    background = ServiceBackground(settings, database)
    background.start()
    try:
        for number in range(1, 21):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                head = asyncio.create_task(background.heads.wait(company, number - 1))
                await asyncio.sleep(0)
                await write(database, company, event())
                assert await head == number
            # Long enough for it to look once more, and to rest.
            await asyncio.sleep(0.08)
    finally:
        await background.stop()
        await database.dispose()


@pytest.mark.parametrize("metrics", [True, False])
async def test_without_background_work_no_statement_is_sent_for_it(
    service_dsn: str, database: Database, company: UUID, tmp_path: Path, *, metrics: bool
) -> None:
    settings = settings_of(service_dsn, DevelopmentKeys(tmp_path), background_work=False, metrics=metrics)
    made = database_of(Settings.model_validate(settings))
    background = ServiceBackground(Settings.model_validate(settings), made)
    await stamp_all(database)
    background.start()
    try:
        await write(database, company, event())
        await asyncio.sleep(_LONGER_THAN_A_ROUND)
    finally:
        await background.stop()
        await made.dispose()
    assert await read_all(database, company) == []
    # The metrics count what waits.
    assert made.feed.statements == (1 if metrics else 0)
    await stamp_all(database)


async def test_events_are_deleted_after_their_retention(
    service_dsn: str, database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    await write(database, company, event(), event())
    await stamp_all(database)
    async with owner_engine.begin() as connection:
        query = (
            "UPDATE outbox_events SET occurred_at = now() - interval '9 days' WHERE company_id = :id AND position = 1"
        )
        await connection.execute(text(query), {"id": company})
    settings = Settings(database_url=service_dsn, feed_retention_days=8)
    made = database_of(settings)
    background = ServiceBackground(settings, made)
    background.start()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(await read_all(database, company)) > 1:  # noqa: ASYNC110 - another connection changes it
                await asyncio.sleep(0.01)
    finally:
        await background.stop()
        await made.dispose()
    assert [row.position for row in await read_all(database, company)] == [2]


async def test_a_database_that_is_away_is_told_and_ends_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STOP_SECONDS", _LONG)
    database = database_of(settings := Settings(database_url=AWAY))
    background = ServiceBackground(settings, database)
    reason = "127.0.0.1:1: the connection was refused"
    expected = {("background_unavailable", job, "connect_failed", reason) for job in ("sequencer", "clean-up")}
    with capture_logs() as lines:
        background.start()
        await until(lambda: len(lines) >= len(expected))
        await asyncio.sleep(_LONGER_THAN_A_ROUND)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await background.stop()
            await database.dispose()
    told = {(line["event"], line["job"], line["cause"], line["reason"]) for line in lines}
    assert told == expected, lines


async def test_an_application_whose_database_is_away_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STOP_SECONDS", _LONG)
    app = create_app(Settings(database_url=AWAY))
    async with AsyncExitStack() as running:
        await running.enter_async_context(lifespan_of(app))
        await asyncio.sleep(_LONGER_THAN_A_ROUND)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await running.aclose()
