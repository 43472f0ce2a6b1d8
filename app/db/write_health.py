"""Whether the server accepts writes, known from the writes of this process. No test writes are made."""

import time

from app.db.unavailable import Cause, DatabaseUnavailable

REMEMBERED_SECONDS = 60.0
"""Time in seconds after which a failed write is forgotten if no other write follows."""
SETTLED_SECONDS = 5.0
"""Time in seconds without failures before a success counts, because small writes can succeed on a full disk."""

_REFUSING = {Cause.DISK_FULL, Cause.READ_ONLY}


class WriteHealth:
    """Remembers the last write that failed because of the server's state."""

    def __init__(self) -> None:
        self._cause: Cause | None = None
        self._failed = 0.0

    def failing(self) -> Cause | None:
        """Return why writes fail; None if none failed recently."""
        if self._cause is not None and time.monotonic() - self._failed > REMEMBERED_SECONDS:
            self._cause = None
        return self._cause

    def failed(self, error: DatabaseUnavailable) -> None:
        """Record a failed write."""
        if error.cause in _REFUSING:
            self._cause, self._failed = error.cause, time.monotonic()

    def succeeded(self) -> None:
        """Record a committed write."""
        if self._cause is not None and time.monotonic() - self._failed > SETTLED_SECONDS:
            self._cause = None
