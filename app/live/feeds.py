"""A company's feed, and the groups that follow it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol
from uuid import UUID

from app.db.database import Database
from app.db.direct_reads import DirectReads
from app.graphql.feed import Followed
from app.live.backlog import Backlog
from app.live.groups import Group, Respond, Turns
from app.live.heads import HeadReading
from app.live.keys import Key
from app.live.pace import Pace
from app.live.reading import Reading
from app.unavailable import DatabaseUnavailable

_PAUSE_SECONDS = 0.5
"""Pause before another attempt to read the head while the database is unavailable, in seconds."""
_TURNS = 4
"""Maximum number of groups of a company that read new events at once."""
_TURNS_OF_OLD = 2
"""Maximum number of reads of events that clients of a company missed at once. They don't delay new events."""


class Heads(Protocol):
    """Tells when feeds advance."""

    def on_advance(self, company_id: UUID, callback: Callable[[int], None], /) -> Callable[[], None]:
        """Call a function with each new head of a company's feed; return what ends that."""
        ...


class Feed:
    """The feed of one company, while it has streams."""

    def __init__(self, database: Database, heads: Heads, backlog: Backlog, company_id: UUID) -> None:
        self.groups: dict[Key, Group] = {}
        self._head = 0
        """The highest position that is known."""
        self._reads = DirectReads(database, company_id)
        self.head = HeadReading(self._reads)
        """Reads where the feed stands."""
        self._turns = Turns(
            asyncio.Semaphore(_TURNS), asyncio.Semaphore(_TURNS_OF_OLD), partial(backlog.has_room, company_id)
        )
        self._reading: Reading | None = None
        self._checking: asyncio.Task[None] | None = None
        self._unfollow = heads.on_advance(company_id, self.advance)

    def advance(self, position: int) -> None:
        """Let all groups go on, up to a new head."""
        if position > self._head:
            self._head = position
            for group in self.groups.values():
                group.wake()
        elif position < self._head and self._checking is None and self._reading is not None:
            self._checking = asyncio.create_task(self._check())

    def open(self, key: Key, followed: Followed, respond: Respond, pace: Pace) -> Group:
        """Return a new group."""
        if self._reading is None:
            self._reading = Reading(self._reads, self._head)
        group = self.groups[key] = Group(
            followed, respond, reading=self._reading, head=lambda: self._head, turns=self._turns, pace=pace
        )
        return group

    async def aclose(self) -> None:
        """Stop reading."""
        self.close()
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
        for group in self.groups.values():
            await group.aclose()

    def close(self) -> None:
        """Follow the feed no longer."""
        self._unfollow()

    async def _check(self) -> None:
        """End all streams if positions are given again, because a failover has lost commits, or a backup was restored.

        The lower head may also have been read before the higher one, and arrived after it.
        """
        known, head = self._head, None
        while head is None:
            try:
                head = await self.head.read()
            except DatabaseUnavailable:
                await asyncio.sleep(_PAUSE_SECONDS)
        self._checking = None
        if head.position < known:
            for group in self.groups.values():
                group.end()
