"""The sequencer: gives committed events their positions, in any number of processes, one at a time."""

import time
from collections.abc import Callable, Mapping
from uuid import UUID

from app.background.job import Job
from app.db.feed_work import FeedWork

_PAUSE_SECONDS = 0.05
"""Time between two statements: under load, the events of that time share one."""
_IDLE_SECONDS = 0.1
"""Time between two statements that found nothing. Writes of this process wake the sequencer earlier."""
_IDLE_TIMES = 4
"""How many times as long as a statement that found nothing the rest is at least: with an old open transaction in the
database, a look takes longer, because PostgreSQL must keep what was stamped since."""


class Sequencer(Job):
    """Gives committed events their positions, and tells the new heads."""

    name = "sequencer"
    pause_seconds = _PAUSE_SECONDS

    def __init__(self, feed: FeedWork, advanced: Callable[[Mapping[UUID, int]], None]) -> None:
        super().__init__()
        self._feed = feed
        self._advanced = advanced

    async def run_once(self) -> float:
        """Give positions to a batch of events."""
        begun = time.monotonic()
        heads = await self._feed.stamp()
        took = time.monotonic() - begun
        # Slow statements leave the database as much time as they took.
        self.pause_seconds = max(_PAUSE_SECONDS, took)
        if not heads:
            return max(_IDLE_SECONDS, _IDLE_TIMES * took)
        self._advanced(heads)
        return 0.0
