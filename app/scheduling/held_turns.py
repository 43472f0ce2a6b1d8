"""Who holds a turn while a client receives what was read, and whose client is too slow while others wait."""

import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from uuid import UUID

PATIENCE_SECONDS = 2.0
"""How long a client may keep a turn waiting in all, in seconds, on top of the time for what it was sent."""
MIN_RATE = 5_000_000
"""Rate of a client that isn't slow, in bytes per second."""


class Holder:
    """A turn, and how long its client has kept it waiting. The time in which the database is read doesn't count."""

    def __init__(self, company_id: UUID, end: Callable[[], None]) -> None:
        """`end`: ends what the turn is for, so that it is given back."""
        self.company_id = company_id
        self.end = end
        self.ends_for: UUID | None = None
        """The company for which it was ended; None unless it was."""
        self._sent_bytes = 0
        self._waited_seconds = 0.0
        self._waits_since: float | None = None

    @contextmanager
    def sending(self, size: int) -> Generator[None]:
        """Wait for the client, to which this number of bytes is sent."""
        self._sent_bytes += size
        self._waits_since = time.monotonic()
        try:
            yield
        finally:
            self._waited_seconds += time.monotonic() - self._waits_since
            self._waits_since = None

    def waited_seconds(self, now: float) -> float:
        """Return how long the client has kept the turn waiting."""
        return self._waited_seconds + (0.0 if self._waits_since is None else now - self._waits_since)

    def is_slow(self, now: float) -> bool:
        """Return whether the client has taken too long for what it was sent."""
        return self.waited_seconds(now) >= PATIENCE_SECONDS + self._sent_bytes / MIN_RATE


class Holders:
    """The holders of turns. For a company that has none, one with a slow client can be ended."""

    def __init__(self) -> None:
        self._holders: set[Holder] = set()

    @contextmanager
    def holding(self, holder: Holder) -> Generator[None]:
        """Count a holder while it has its turn."""
        self._holders.add(holder)
        try:
            yield
        finally:
            self._holders.discard(holder)

    def end_slowest_for(self, company_id: UUID) -> None:
        """End a holder for a company that waits and has no turn.

        At most one ends for a company at a time. Of those with slow clients, it is one of a company with several turns
        if there is one, and of these the one that has waited longest for its client.
        """
        staying = [holder for holder in self._holders if holder.ends_for is None]
        counts = Counter(holder.company_id for holder in staying)
        now = time.monotonic()
        slow = [holder for holder in staying if holder.is_slow(now)]
        if not slow or any(holder.ends_for == company_id for holder in self._holders):
            return
        chosen = max(slow, key=lambda holder: (counts[holder.company_id] > 1, holder.waited_seconds(now)))
        chosen.ends_for = company_id
        chosen.end()
