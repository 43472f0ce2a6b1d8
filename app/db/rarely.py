"""Log lines that tell of a state rather than of an event: the first at once, then one in ten seconds."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

PERIOD_SECONDS = 10.0


class Rarely:
    """Writes the first line of each kind at once, and of those that follow within the period the last one in its end."""

    def __init__(self, write: Callable[[dict[str, Any], int], None], period_seconds: float = PERIOD_SECONDS) -> None:
        self._write = write
        self._period_seconds = period_seconds
        self._written: dict[str, float] = {}
        self._left_out: dict[str, int] = {}
        self._last: dict[str, dict[str, Any]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def tell(self, kind: str, **fields: Any) -> None:
        """Write a line with these fields, now or later; what it is written with is how many more there were."""
        until = self._written.get(kind, 0) + self._period_seconds
        now = time.monotonic()
        if kind in self._last:
            self._left_out[kind] += 1
            self._last[kind] = fields
        elif kind not in self._written or now >= until:
            self._written[kind] = now
            self._write(fields, 0)
        else:
            self._left_out[kind], self._last[kind] = 0, fields
            self._timers[kind] = asyncio.get_running_loop().call_later(until - now, partial(self._flush, kind))

    def flush(self) -> None:
        """Write what is still to be told."""
        for kind, timer in [*self._timers.items()]:
            timer.cancel()
            self._flush(kind)

    def _flush(self, kind: str) -> None:
        del self._timers[kind]
        self._written[kind] = time.monotonic()
        self._write(self._last.pop(kind), self._left_out.pop(kind))
