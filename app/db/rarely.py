"""Log lines that tell of a state rather than of an event: the first at once, then at most one in ten seconds."""

import time
from collections.abc import Callable
from typing import Any

PERIOD_SECONDS = 10.0


class Rarely:
    """Writes the first line of each kind, and none within the period that follows; the next one tells how many those were."""

    def __init__(self, write: Callable[[dict[str, Any], int], None], period_seconds: float = PERIOD_SECONDS) -> None:
        self._write = write
        self._period_seconds = period_seconds
        self._until: dict[str, float] = {}
        self._left_out: dict[str, tuple[dict[str, Any], int]] = {}

    def tell(self, kind: str, **fields: Any) -> None:
        """Write a line with these fields and the number of those that were left out before it, or leave it out."""
        now = time.monotonic()
        if now < self._until.get(kind, 0):
            left_out = self._left_out[kind][1] + 1 if kind in self._left_out else 1
            self._left_out[kind] = fields, left_out
            return
        self._until[kind] = now + self._period_seconds
        _, left_out = self._left_out.pop(kind, (None, 0))
        self._write(fields, left_out)

    def flush(self) -> None:
        """Write the last line of each kind that was left out, with the number of the others."""
        for fields, left_out in self._left_out.values():
            self._write(fields, left_out - 1)
        self._left_out.clear()
