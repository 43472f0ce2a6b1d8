"""Streams while the database fails: they go on afterwards, or end if what they follow is no longer there."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.dsn import parse
from app.graphql import feed_cursors
from app.live.ended import LiveCode
from tests.live.service import Service, Start
from tests.support.sse import Events, streaming

CHANGES = "subscription ($after: String) {changes(after: $after) {cursor version}}"


async def code_of(events: Events) -> str:
    """Return the code with which a stream ends."""
    *_, told, complete = await events.rest()
    assert complete.name == "complete"
    return told.result["errors"][0]["extensions"]["code"]


async def test_streams_survive_that_all_connections_to_the_database_are_lost(
    start: Start, service_dsn: str, owner_engine: AsyncEngine, company: UUID, customer_id: UUID
) -> None:
    role = parse(service_dsn).user
    async with start() as service, service.follow(company, CHANGES) as events:
        await service.rename(company, customer_id, "A")
        assert (await events.change())["version"] == 2
        async with owner_engine.begin() as connection:
            killed = await connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role"), {"role": role}
            )
            assert len(killed.all()) >= 2
        await service.rename(company, customer_id, "B")

        assert (await events.change())["version"] == 3


async def test_streams_end_if_positions_are_given_again(
    service: Service, owner_engine: AsyncEngine, company: UUID, customer_id: UUID
) -> None:
    async with service.follow(company, CHANGES) as events:
        await service.rename(company, customer_id, "A", "B", "C")
        for _ in range(3):
            await events.change()
        # As after restoring a backup.
        async with owner_engine.begin() as connection:
            named = {"company": company}
            await connection.execute(
                text("DELETE FROM outbox_events WHERE company_id = :company AND position > 1"), named
            )
            await connection.execute(text("UPDATE feed_heads SET position = 1 WHERE company_id = :company"), named)

        assert await code_of(events) == LiveCode.FEED_CURSOR_EXPIRED


@pytest.mark.parametrize("position", [0, 99])
async def test_a_stream_can_not_begin_where_events_are_missing(
    service: Service, owner_engine: AsyncEngine, company: UUID, customer_id: UUID, position: int
) -> None:
    async with service.follow(company, CHANGES) as events:
        await service.rename(company, customer_id, "A", "B")
        for _ in range(2):
            await events.change()
    async with owner_engine.begin() as connection:
        named = {"company": company}
        await connection.execute(text("DELETE FROM outbox_events WHERE company_id = :company AND position = 1"), named)
        await connection.execute(text("UPDATE feed_heads SET expired_position = 1 WHERE company_id = :company"), named)
    variables = {"after": feed_cursors.encode(company, position)}

    async with streaming(service.url, service.headers(company), CHANGES, variables) as events:
        assert await code_of(events) == LiveCode.FEED_CURSOR_EXPIRED
    async with service.follow(company, CHANGES, after=feed_cursors.encode(company, 1)) as events:
        assert (await events.change())["version"] == 3
