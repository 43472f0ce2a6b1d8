"""The sequencer: gives committed events their positions, in any number of processes, one at a time."""

import time
from collections.abc import Callable, Collection
from uuid import UUID

from typing_extensions import override

from app.background.job import Job
from app.db.feed_work import FeedWork, Stamped

_PAUSE_SECONDS = 0.1
"""Time between two statements: under load, the events of that time share one, and what followers do for them. After a
longer rest, a write of this process is noticed at once."""
_IDLE_TIMES = 4
"""How many times as long as a statement that found nothing the rest is at least: with an old open transaction in the
database, a look takes longer, because PostgreSQL must keep what was stamped since."""


class Sequencer(Job):
    """Gives committed events their positions, and tells the new heads.

    It also asks where the feeds of followed companies stand, which other processes may have advanced.
    """

    name = "sequencer"
    pause_seconds = _PAUSE_SECONDS

    def __init__(
        self, feed: FeedWork, tell: Callable[[Stamped], None], followed: Callable[[], Collection[UUID]] = tuple
    ) -> None:
        super().__init__()
        self._feed = feed
        self._tell = tell
        self._followed = followed
        self._was_woken = False
        """Whether this process has written since the last statement."""

    @override
    def wake(self) -> None:
        self._was_woken = True
        super().wake()

    async def run_once(self) -> float:
        """Give positions to a batch of events."""
        begun, was_woken, self._was_woken = time.monotonic(), self._was_woken, False
        stamped = await self._feed.stamp_and_look(self._followed())
        took = time.monotonic() - begun
        # Slow statements leave the database as much time as they took.
        self.pause_seconds = max(_PAUSE_SECONDS if stamped.heads or was_woken else 0.0, took)
        self._tell(stamped)
        return 0.0 if stamped.heads else max(_PAUSE_SECONDS, _IDLE_TIMES * took)
