"""Where the feeds of followed companies stand: known to all followers of a process for one statement at a time."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from uuid import UUID

from app.background.job import Job
from app.db.feed_work import FeedWork, Stamped

_POLL_SECONDS = 0.05
_KNOWN_SECONDS = 0.2
"""How long no question is necessary after the sequencer of this process has asked. While it works, it asks again before
that."""
_UNFOLLOWED_SECONDS = 3_600.0
"""The rest while no company is followed. The first follower ends it."""

Callback = Callable[[int], None]


class FeedHeads(Job):
    """Tells followers when the feed of their company advances.

    The sequencer of this process tells at once; those of other processes are noticed by asking for the heads of all
    followed companies, which the sequencer of this process does with its own statement. Without followers, there are no
    statements.
    """

    name = "heads"

    def __init__(self, feed: FeedWork) -> None:
        super().__init__()
        self._feed = feed
        self._callbacks: dict[UUID, dict[object, Callback]] = {}
        self._heads: dict[UUID, int] = {}
        """The highest head that is known of each followed company."""
        self._known_until = 0.0
        """The time until which no question is necessary."""

    @property
    def followed(self) -> int:
        """Number of companies with followers in this process."""
        return len(self._callbacks)

    def companies(self) -> Collection[UUID]:
        """Return the companies with followers in this process."""
        return self._callbacks

    def on_advance(self, company_id: UUID, callback: Callback) -> Callable[[], None]:
        """Call a function with the head now and whenever a company's feed advances; return what ends that.

        The first call comes at once if the head is known, and otherwise when it is. It may be one that the follower
        knows already.
        """
        if not self._callbacks:
            self.wake()
        key = object()
        self._callbacks.setdefault(company_id, {})[key] = callback
        if company_id in self._heads:
            callback(self._heads[company_id])
        return partial(self._forget, company_id, key)

    async def wait(self, company_id: UUID, beyond: int) -> int:
        """Return the head of a company's feed as soon as it is beyond a position."""
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def advance(head: int) -> None:
            if head > beyond and not found.done():
                found.set_result(head)

        forget = self.on_advance(company_id, advance)
        try:
            return await found
        finally:
            forget()

    def advance(self, heads: Mapping[UUID, int]) -> None:
        """Take note of heads, and tell the followers of those that are new."""
        for company_id, head in heads.items():
            callbacks = self._callbacks.get(company_id)
            if callbacks is None or head <= self._heads.get(company_id, 0):
                continue
            self._heads[company_id] = head
            for callback in [*callbacks.values()]:
                callback(head)

    def look(self, stamped: Stamped) -> None:
        """Take note of what the sequencer has found, and tell followers."""
        self._known_until = time.monotonic() + _KNOWN_SECONDS
        self._take(stamped.before | stamped.heads)

    async def run_once(self) -> float:
        """Ask for the heads of all followed companies, unless the sequencer has just done so."""
        if not self._callbacks:
            return _UNFOLLOWED_SECONDS
        if (known := self._known_until - time.monotonic()) > 0:
            return known
        self._take(await self._feed.positions(self._callbacks))
        return _POLL_SECONDS

    def _take(self, found: Mapping[UUID, int]) -> None:
        for company_id, head in found.items():
            if head < self._heads.get(company_id, 0):
                # A failover has lost commits, or a backup was restored: positions are given again.
                del self._heads[company_id]
        self.advance(found)

    def _forget(self, company_id: UUID, key: object) -> None:
        callbacks = self._callbacks.get(company_id, {})
        callbacks.pop(key, None)
        if not callbacks:
            self._callbacks.pop(company_id, None)
            self._heads.pop(company_id, None)
