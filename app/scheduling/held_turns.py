"""Turns that are held while clients receive what was read, and how they come back sooner while others wait."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

PATIENCE_SECONDS = 0.5
"""How long a client may keep its turn waiting in all, in seconds, on top of the time for what it was sent."""
MIN_RATE = 20_000_000
"""Rate of a client that isn't slow, in bytes per second."""


class Holder:
    """Who holds a turn, and how long the client kept it waiting. The time for reading the database doesn't count."""

    def __init__(self, company_id: UUID) -> None:
        self.company_id = company_id
        self.hurries = False
        """Whether the rest is to be read before the client takes it, so that the turn comes back."""
        self.sent_bytes = 0
        self._waited_seconds = 0.0
        self._waits_since: float | None = None

    def hurry(self) -> None:
        """Read the rest as soon as possible."""
        self.hurries = True

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Wait for the client."""
        self._waits_since = time.monotonic()
        try:
            yield
        finally:
            self._waited_seconds += time.monotonic() - self._waits_since
            self._waits_since = None

    def waited_seconds(self, now: float) -> float:
        """Return how long the client was waited for."""
        return self._waited_seconds + (0.0 if self._waits_since is None else now - self._waits_since)

    def is_slow(self, now: float) -> bool:
        """Return whether the client has taken too long for what it was sent."""
        return self.waited_seconds(now) >= PATIENCE_SECONDS + self.sent_bytes / MIN_RATE


class Holders:
    """The holders of turns."""

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

    def hurry_slow(self) -> None:
        """Let those with slow clients hurry, because somebody waits for a turn."""
        now = time.monotonic()
        for holder in self._holders:
            if holder.is_slow(now):
                holder.hurry()
