"""A time limit of many futures, with one timer for all of them: a timer for each takes longer than a short wait."""

import asyncio
from collections.abc import Callable

from app.scheduling.time_limits import stalls_of


class SharedTimeLimit:
    """Fails futures that are not done after a number of seconds, with the exception that `make_error` returns.

    The time in which the event loop was blocked doesn't count, as in `TimeLimit`.
    """

    def __init__(self, seconds: float, make_error: Callable[[], Exception]) -> None:
        self._seconds = seconds
        self._make_error = make_error
        self._begun: dict[asyncio.Future[None], tuple[float, float]] = {}
        """The pending futures, the earliest first: when each ends, and how long the loop had been blocked before."""
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, future: asyncio.Future[None], loop: asyncio.AbstractEventLoop) -> None:
        """Begin to count the time of a future."""
        if self._loop is not loop:
            # Tests use one limit on several loops.
            self._begun, self._timer, self._loop = {}, None, loop
        end = loop.time() + self._seconds
        stalls = stalls_of(loop)
        if self._timer is None:
            stalls.begin()
            self._timer = loop.call_at(end, self._expire, loop)
        self._begun[future] = end, stalls.seconds()

    def end(self, future: asyncio.Future[None]) -> None:
        """Forget a future that is done, or that is not awaited any more."""
        self._begun.pop(future, None)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        stalls = stalls_of(loop)
        now, stalled = loop.time(), stalls.seconds()
        for future, (end, stalled_before) in [*self._begun.items()]:
            end += stalled - stalled_before  # noqa: PLW2901 - the time that the loop was blocked doesn't count
            if end > now:
                self._timer = loop.call_at(end, self._expire, loop)
                return
            del self._begun[future]
            if not future.done():
                future.set_exception(self._make_error())
        self._timer = None
        stalls.end()
