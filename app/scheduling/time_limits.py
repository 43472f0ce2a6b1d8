"""Time limits that don't count the time in which the event loop was blocked.

A process that was suspended, or computed for seconds, has not read the answers that have arrived meanwhile. With
`asyncio.timeout`, its waits would be over before it reads them: look-ups would be answered with 503, and connections
would be taken for silent.
"""

import asyncio
import time
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

_TICK_SECONDS = 0.25


class Stalls:
    """Measures how long an event loop was blocked. It ticks only while a wait is limited."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waits = 0
        self._seconds = self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> float:
        """Begin a wait; return the number of seconds so far."""
        if not self._waits:
            self._start()
        self._waits += 1
        return self.seconds()

    def end(self) -> None:
        """End a wait."""
        self._waits -= 1
        if not self._waits and self._timer is not None:
            self._timer.cancel()

    def seconds(self) -> float:
        """Return how many seconds the loop was blocked, by differences between calls during one wait."""
        return self._seconds + self._late()

    def _late(self) -> float:
        return max(0.0, time.monotonic() - self._due)

    def _start(self) -> None:
        self._due = time.monotonic() + _TICK_SECONDS
        self._timer = self._loop.call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._seconds += self._late()
        self._start()


_stalls = WeakKeyDictionary[asyncio.AbstractEventLoop, Stalls]()


def stalls_of(loop: asyncio.AbstractEventLoop) -> Stalls:
    """Return what measures how long a loop was blocked."""
    stalls = _stalls.get(loop)
    if stalls is None:
        stalls = _stalls[loop] = Stalls(loop)
    return stalls


class TimeLimit:
    """Asynchronous context manager like `asyncio.timeout`: cancel what runs inside after this time.

    It raises TimeoutError. The time in which the event loop was blocked doesn't count.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._timeout = asyncio.timeout(None)
        await self._timeout.__aenter__()
        self._stalls = stalls_of(self._loop)
        self._stalled = self._stalls.begin()
        self._timer = self._loop.call_later(self._seconds, self._look)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._timer.cancel()
        self._stalls.end()
        return await self._timeout.__aexit__(kind, error, trace)

    def restart(self, seconds: float) -> None:
        """Let the time begin anew."""
        self._timer.cancel()
        self._stalled = self._stalls.seconds()
        self._timer = self._loop.call_later(seconds, self._look)

    def expired(self) -> bool:
        """Return whether the time was over."""
        return self._timeout.expired()

    def _look(self) -> None:
        stalled = self._stalls.seconds()
        if stalled > self._stalled:
            self._timer = self._loop.call_later(stalled - self._stalled, self._look)
            self._stalled = stalled
        else:
            self._timeout.reschedule(self._loop.time())
