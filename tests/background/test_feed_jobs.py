"""The jobs of the feed on a real database: positions, heads and clean-up."""

import asyncio
import time
from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.background.clean_up import CleanUp
from app.background.heads import FeedHeads
from app.background.lag import FeedLag
from app.background.sequencer import Sequencer
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork, WriteSession
from tests.support.background import background
from tests.support.feed import event, read_all, stamp_all, write
from tests.support.records import new_company
from tests.support.until import until

_PATIENCE_SECONDS = 10


async def test_followers_are_told_by_the_sequencer_of_their_process(database: Database, company: UUID) -> None:
    heads = FeedHeads(database.feed)
    sequencer = Sequencer(database.feed, heads.look, heads.companies)
    async with background(sequencer), asyncio.timeout(_PATIENCE_SECONDS):
        waiting = asyncio.create_task(heads.wait(company, 0))
        await write(database, company, event(), event())
        assert await waiting == 2
        waiting = asyncio.create_task(heads.wait(company, 2))
        await write(database, company, event())
        assert await waiting == 3
    assert [row.position for row in await read_all(database, company)] == [1, 2, 3]


async def test_followers_are_told_of_what_other_processes_stamp(database: Database, company: UUID) -> None:
    heads = FeedHeads(database.feed)
    async with background(heads), asyncio.timeout(_PATIENCE_SECONDS):
        waiting = [asyncio.create_task(heads.wait(company, beyond)) for beyond in (0, 1)]
        await write(database, company, event())
        await stamp_all(database)
        assert await waiting[0] == 1
        assert not waiting[1].done()
        await write(database, company, event())
        await stamp_all(database)
        assert await waiting[1] == 2


async def test_a_sequencer_notices_what_other_processes_stamp(database: Database, company: UUID) -> None:
    heads = FeedHeads(database.feed)
    async with background(heads, Sequencer(database.feed, heads.look, heads.companies)):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for head in (1, 2):
                waiting = asyncio.create_task(heads.wait(company, head - 1))
                await write(database, company, event())
                await stamp_all(database)
                assert await waiting == head


async def test_one_statement_stamps_and_asks_for_heads(database: Database, company: UUID) -> None:
    heads, told = FeedHeads(database.feed), list[int]()
    sequencer = Sequencer(database.feed, heads.look, heads.companies)
    await write(database, company, event())
    await stamp_all(database)
    heads.on_advance(company, told.append)
    before = database.feed.statements
    # The statement that stamps has a snapshot from before that.
    await write(database, company, event(), event())
    assert await sequencer.run_once() == 0
    assert told == [3]
    await sequencer.run_once()
    assert await heads.run_once() > 0
    assert (told, database.feed.statements - before) == ([3], 2)


@pytest.mark.parametrize(
    ("has_written", "is_woken", "pauses"),
    [(False, False, False), (True, True, True), (True, False, True), (False, True, True)],
)
async def test_only_a_look_that_was_not_called_for_leaves_the_next_write_without_a_pause(
    database: Database, company: UUID, *, has_written: bool, is_woken: bool, pauses: bool
) -> None:
    sequencer = Sequencer(database.feed, lambda _: None)
    await stamp_all(database)
    if has_written:
        await write(database, company, event())
    if is_woken:
        sequencer.wake()
    begun = time.monotonic()
    await sequencer.run()
    took = time.monotonic() - begun

    assert sequencer.pause_seconds >= 0.1 if pauses else sequencer.pause_seconds <= took


async def test_heads_are_asked_for_when_the_sequencer_has_not_worked_lately(
    database: Database, company: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.background.heads._KNOWN_SECONDS", 0.05)
    heads, told = FeedHeads(database.feed), list[int]()
    heads.on_advance(company, told.append)
    await Sequencer(database.feed, heads.look, heads.companies).run_once()
    await write(database, company, event())
    await stamp_all(database)
    async with background(heads), asyncio.timeout(_PATIENCE_SECONDS):
        await heads.wait(company, 0)
    assert told == [1]


async def test_callbacks_are_called_with_each_new_head_until_they_end(database: Database, company: UUID) -> None:
    heads, first, second = FeedHeads(database.feed), list[int](), list[int]()
    end_first = heads.on_advance(company, first.append)
    heads.advance({company: 3})
    # The head is known, so a follower that comes later waits for nothing.
    end_second = heads.on_advance(company, second.append)
    heads.advance({company: 3})
    heads.advance({company: 2})
    heads.advance({company: 4})
    end_first()
    heads.advance({company: 5})
    assert (first, second) == ([3, 4], [3, 4, 5])
    assert heads.followed == 1
    end_second()
    end_second()
    heads.advance({company: 6})
    assert second == [3, 4, 5]
    assert heads.followed == 0


async def test_positions_that_are_given_again_after_a_failover_are_told(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    heads, told = FeedHeads(database.feed), list[int]()
    await write(database, company, event(), event(), event())
    await stamp_all(database)
    heads.on_advance(company, told.append)
    await heads.run_once()
    async with owner_engine.begin() as connection:
        for statement in (
            "DELETE FROM outbox_events WHERE company_id = :id AND position > 1",
            "UPDATE feed_heads SET position = 1 WHERE company_id = :id",
        ):
            await connection.execute(text(statement), {"id": company})
    await heads.run_once()
    await write(database, company, event())
    await stamp_all(database)
    await heads.run_once()

    assert told == [3, 1, 2]


async def test_companies_that_nobody_follows_cost_no_statement(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    heads, other = FeedHeads(database.feed), await new_company(owner_engine)
    async with background(heads):
        before = database.feed.statements
        await asyncio.sleep(0.2)
        assert database.feed.statements == before
        begun = time.monotonic()
        ends = [heads.on_advance(company_id, lambda _: None) for company_id in (company, other) for _ in range(100)]
        await until(lambda: database.feed.statements >= before + 4)
        # One for all of them, every 50 ms at most.
        assert database.feed.statements - before <= (time.monotonic() - begun) / 0.05 + 2
        for end in ends:
            end()
        await asyncio.sleep(0.06)
        before = database.feed.statements
        await asyncio.sleep(0.2)
        assert database.feed.statements == before


async def test_a_commit_wakes_the_sequencer_and_a_rollback_does_not(database: Database, company: UUID) -> None:
    woken: list[None] = []
    database.after_commit = lambda: woken.append(None)
    try:

        async def work(session: WriteSession) -> None:
            await session.rows(text("SELECT 1"))

        async def fail(_session: WriteSession) -> None:
            raise ZeroDivisionError

        await UnitOfWork(database, company).run(work)
        assert len(woken) == 1
        with suppress(ZeroDivisionError):
            await UnitOfWork(database, company).run(fail)
        assert len(woken) == 1
    finally:
        database.after_commit = lambda: None


async def test_the_clean_up_deletes_what_is_older_than_its_retention(
    database: Database, owner_engine: AsyncEngine, company: UUID
) -> None:
    await write(database, company, event(), event(), event())
    await stamp_all(database)
    async with owner_engine.begin() as connection:
        query = (
            "UPDATE outbox_events SET occurred_at = now() - interval '9 days' WHERE company_id = :id AND position < 3"
        )
        await connection.execute(text(query), {"id": company})

    assert await CleanUp(database.feed, retention_days=10).run_once() > 60
    assert [row.position for row in await read_all(database, company)] == [1, 2, 3]
    await CleanUp(database.feed, retention_days=8).run_once()
    assert [row.position for row in await read_all(database, company)] == [3]


async def test_the_lag_tells_what_waits_for_a_position(database: Database, company: UUID) -> None:
    lag = FeedLag(database.feed)
    await stamp_all(database)
    await lag.run_once()
    assert lag.unstamped == (0, 0)
    await write(database, company, event())
    await lag.run_once()
    assert lag.unstamped.events == 1
