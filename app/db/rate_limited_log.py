"""Log states, such as an unreachable server, at most once in ten seconds."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

PERIOD_SECONDS = 10.0


class RateLimitedLog:
    """Writes the first line of each kind immediately, and the last line of each following period at its end."""

    def __init__(self, write: Callable[[dict[str, Any], int], None], period_seconds: float = PERIOD_SECONDS) -> None:
        self._write = write
        self._period_seconds = period_seconds
        self._until: dict[str, float] = {}
        self._left_out: dict[str, tuple[dict[str, Any], int]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def tell(self, kind: str, **fields: Any) -> None:
        """Write a line with these fields, or keep it until the period ends, unless a later line replaces it.

        The line that is written at the end includes the number of lines that were left out.
        """
        now = time.monotonic()
        until = self._until.get(kind, 0)
        if now < until:
            left_out = self._left_out[kind][1] + 1 if kind in self._left_out else 0
            self._left_out[kind] = fields, left_out
            if not left_out:
                self._start_timer(kind, until - now)
            return
        # A line that is still kept had no timer, because no event loop was running. Write it first, as it is older.
        self._tell_left_out(kind)
        self._until[kind] = now + self._period_seconds
        self._write(fields, 0)

    def flush(self) -> None:
        """Write the kept line of each kind, with the number of lines that were left out."""
        for kind in [*self._left_out]:
            self._tell_left_out(kind)

    def _start_timer(self, kind: str, seconds: float) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._timers[kind] = loop.call_later(seconds, self._period_ended, kind)

    def _period_ended(self, kind: str) -> None:
        self._until[kind] = time.monotonic() + self._period_seconds
        self._tell_left_out(kind)

    def _tell_left_out(self, kind: str) -> None:
        if (timer := self._timers.pop(kind, None)) is not None:
            timer.cancel()
        if kind in self._left_out:
            self._write(*self._left_out.pop(kind))
