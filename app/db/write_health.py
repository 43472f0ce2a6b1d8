"""Whether the server takes writes, as far as this process has met it: nothing is written to find out."""

import time

from app.db.unavailable import Cause, DatabaseUnavailable

REMEMBERED_SECONDS = 60.0
"""How long a write that failed is remembered if none follows."""
SETTLED_SECONDS = 5.0
"""How long no write must have failed before one that succeeds proves something: on a full disk small ones still do."""

_REFUSING = {Cause.DISK_FULL, Cause.READ_ONLY}


class WriteHealth:
    """Remembers why the last write failed if that was the state of the server."""

    def __init__(self) -> None:
        self._cause: Cause | None = None
        self._failed = 0.0

    def failing(self) -> Cause | None:
        """Return why writes fail; None if none failed lately."""
        if self._cause is not None and time.monotonic() - self._failed > REMEMBERED_SECONDS:
            self._cause = None
        return self._cause

    def failed(self, error: DatabaseUnavailable) -> None:
        """Note that a write failed."""
        if error.cause in _REFUSING:
            self._cause, self._failed = error.cause, time.monotonic()

    def succeeded(self) -> None:
        """Note that a write was committed."""
        if self._cause is not None and time.monotonic() - self._failed > SETTLED_SECONDS:
            self._cause = None
