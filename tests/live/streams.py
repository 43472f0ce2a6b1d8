"""Streams without a feed, for tests of what they do with updates."""

import asyncio
from uuid import UUID

from app.graphql import feed_cursors
from app.live.backlog import Backlog, LiveClient
from app.live.stream import LiveStream
from app.live.updates import Update, Updates

COMPANY = UUID("0198c2f0-0000-7000-8000-000000000001")


class Group:
    """A group that all streams have joined."""

    position = 0

    async def catch_up(self, stream: LiveStream) -> None:
        stream.is_member = True


def stream_of(
    backlog: Backlog | None = None,
    *,
    most: int = 3,
    position: int = 0,
    company_id: UUID = COMPANY,
    client: LiveClient | None = None,
    source: Group | None = None,
) -> LiveStream:
    """Return a stream that has joined its group."""
    closed: list[LiveStream] = []
    stream = LiveStream(
        company_id,
        position,
        source or Group(),
        backlog or Backlog(10**9),
        client=client or LiveClient(),
        most=most,
        on_close=closed.append,
    )
    stream.is_member = True
    return stream


def update_of(position: int, size: int = 2) -> Update:
    """Return the response to the event at a position."""
    return Update(b"x" * size, cursor(position), position)


def updates_of(position: int, size: int = 2) -> Updates:
    """Return the response to the event at a position, as it is pushed."""
    return Updates([update_of(position, size)], asyncio.get_running_loop().time())


def cursor(position: int) -> str:
    """Return the cursor of a position."""
    return feed_cursors.encode(COMPANY, position)
