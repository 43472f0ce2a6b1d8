"""Whether the server accepts writes, known from the writes of this service. No test writes are made."""

import time
from threading import Lock
from typing import NamedTuple

from app.unavailable import Cause, DatabaseUnavailable

REMEMBERED_SECONDS = 60.0
"""Time in seconds after which a failed write is forgotten if no other write follows."""
SETTLED_SECONDS = 5.0
"""Time in seconds without failures before a success counts, because small writes can succeed on a full disk."""

_REFUSING = {Cause.DISK_FULL, Cause.READ_ONLY}
_NEVER = float("-inf")


class WritesSeen(NamedTuple):
    """What a process knows about writes. Times are those of the monotonic clock, which all processes share."""

    failed_at: float = _NEVER
    """When a write last failed."""
    cause: Cause | None = None
    """Why it failed."""
    recovered_at: float = _NEVER
    """When a write succeeded that proves that writes work again."""

    def merge(self, other: "WritesSeen") -> "WritesSeen":
        """Return what two processes know together."""
        failed_at, cause = max(self[:2], other[:2], key=lambda failure: failure[0])
        return WritesSeen(failed_at, cause, max(self.recovered_at, other.recovered_at))


class WriteHealth:
    """Remembers the last write that failed because of the server's state."""

    def __init__(self) -> None:
        self.seen = WritesSeen()
        self._lock = Lock()

    def failing(self) -> Cause | None:
        """Return why writes fail; None if none failed recently."""
        is_over = self.seen.recovered_at > self.seen.failed_at or (
            time.monotonic() - self.seen.failed_at > REMEMBERED_SECONDS
        )
        return None if is_over else self.seen.cause

    def failed(self, error: DatabaseUnavailable) -> None:
        """Record a failed write."""
        if error.cause in _REFUSING:
            self.learn(WritesSeen(time.monotonic(), error.cause))

    def succeeded(self) -> None:
        """Record a committed write."""
        if self.failing() is not None and time.monotonic() - self.seen.failed_at > SETTLED_SECONDS:
            self.learn(WritesSeen(recovered_at=time.monotonic()))

    def learn(self, seen: WritesSeen) -> None:
        """Record what this process or, called by a thread, another one knows."""
        with self._lock:
            self.seen = self.seen.merge(seen)


shared = WriteHealth()
"""What this process and the other workers of the service know: app.cli.workers passes it on."""
