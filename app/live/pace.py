"""How many events of a subscription are executed together, and how, as it is learned from the last ones."""

from collections.abc import Sequence
from uuid import UUID

from cachetools import LRUCache

from app.db.plans.held import PAGE_BYTES
from app.live.keys import Key
from app.live.pages import fitting
from app.live.updates import Update

_KEPT = 1_000
"""Maximum number of subscriptions for which the number is kept."""
_QUICK_SECONDS = 1
"""Time of reading, in seconds, up to which twice as many events are tried."""


class Pace:
    """The number of events of one subscription that are executed together, and whether by its plan.

    A plan's statement writes a whole response before its size is known, in memory of a multiple of it. Executed field
    by field, events share the rows of large lists, and responses that are too long take less.
    """

    def __init__(self, most: int) -> None:
        """`most`: the maximum."""
        self._most = most
        self._fitting = most
        """Number of events whose responses are expected to fill a page."""
        self._in_time = most
        """Number of events that are expected to be read in time."""
        self.by_plan = True
        """Whether the plan is used: unless a response was as large as a page, or took too long alone."""

    @property
    def together(self) -> int:
        """Number of events to execute next."""
        return min(self._fitting, self._in_time)

    def was_late(self, events: int) -> bool:
        """Note that this many events took too long; return whether to try again: fewer, or without the plan."""
        self._in_time = max(1, events // 2)
        return events > 1 or self.was_too_long()

    def was_too_long(self) -> bool:
        """Note that one response was too long; return whether to try again without the plan."""
        tried, self.by_plan = self.by_plan, False
        return tried

    def was_read(self, updates: Sequence[Update], seconds: float) -> None:
        """Note responses, and how long they took to read."""
        self._fitting = fitting(updates, self._most)
        self.by_plan = max(len(update.body) for update in updates) < PAGE_BYTES
        if seconds <= _QUICK_SECONDS and len(updates) >= self._in_time:
            self._in_time = min(self._most, 2 * len(updates))


class Paces:
    """Keeps the pace of subscriptions that were followed lately, so that a client that resumes begins with it."""

    def __init__(self) -> None:
        self._kept = LRUCache[int, Pace](_KEPT)

    def of(self, company_id: UUID, key: Key, most: int) -> Pace:
        """Return the pace of a company's subscription."""
        # A document may be long, and what a collision costs is a few statements.
        digest = hash((company_id, key))
        pace = self._kept.get(digest)
        if pace is None:
            pace = self._kept[digest] = Pace(most)
        return pace
