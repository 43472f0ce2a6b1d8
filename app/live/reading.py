"""The newest events of a company, read once for all of its groups."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from app.db.direct_reads import DirectReads
from app.db.feed import read_events
from app.db.rows import EventRow
from app.db.stored_json import StoredJson
from app.graphql.feed import Followed

BATCH = 100
"""Maximum number of events that are read together, and executed with one snapshot."""
_KEPT = 500
"""Maximum number of events that are kept in memory, for groups that are a little behind."""
_KEPT_BYTES = 1_000_000
"""Maximum size of what these say and have changed, in characters, beside those that were read last."""
_ALL = Followed(None, None)


class EventsMissing(Exception):
    """Events after a position are no longer kept, or the feed is behind it, as after restoring a backup."""


class Read(NamedTuple):
    """Events that a follower gets, and the position up to which they were read."""

    events: Sequence[EventRow]
    position: int


class Reading:
    """Reads the events of one company. What groups read at the same time is read once."""

    def __init__(self, reads: DirectReads, position: int) -> None:
        self._reads = reads
        self._newest: deque[EventRow] = deque()
        self._bytes = 0
        """Size of what the kept events say and have changed."""
        self._begins = self._ends = position
        """The positions after which, and up to which, events are kept."""
        self._lock = asyncio.Lock()

    async def after(self, position: int, until: int, followed: Followed) -> Read:
        """Return the next events after a position; raise EventsMissing if there are gaps."""
        if any(only is not None and not only for only in followed):
            # An empty list matches nothing.
            return Read((), until)
        if position >= self._ends:
            async with self._lock:
                # Another group may have read them meanwhile.
                if position >= self._ends:
                    await self._go_on(until)
        if position < self._begins:
            return await self._read(position, until, followed)
        # Positions are dense.
        found = [*islice(self._newest, position - self._begins, position - self._begins + BATCH)]
        return Read([event for event in found if followed.includes(event)], found[-1].position if found else self._ends)

    async def _go_on(self, until: int) -> None:
        read = await self._read(self._ends, until, _ALL)
        self._newest.extend(read.events)
        self._bytes += sum(map(_size, read.events))
        self._ends = read.position
        # What was just read stays, however large it is: all groups need it now.
        while len(self._newest) > _KEPT or (self._bytes > _KEPT_BYTES and len(self._newest) > len(read.events)):
            forgotten = self._newest.popleft()
            self._bytes -= _size(forgotten)
            self._begins = forgotten.position

    async def _read(self, position: int, until: int, followed: Followed) -> Read:
        found = await read_events(
            self._reads,
            position,
            until=until,
            types=followed.types,
            customer_ids=followed.customer_ids,
            limit=BATCH,
        )
        if not found.head.expired_position <= position <= found.head.position:
            raise EventsMissing
        return Read(found.rows, found.position)


def _size(event: EventRow) -> int:
    said = len(event.data.text) if isinstance(event.data, StoredJson) else 0
    return said + sum(len(text) for change in event.changes for text in change)
