"""Measuring how long the event loop is held."""

import asyncio
import gc
import time


class Probe:
    """Measures the longest hold of the loop, in seconds of its thread's CPU time, which other programs don't take."""

    def __init__(self) -> None:
        # The objects of all tests before this one are none of the service's: collecting them takes 0.4 s.
        gc.freeze()
        self.longest = 0.0
        self._last = time.thread_time()
        self._task = asyncio.create_task(self._measure())

    async def stop(self) -> float:
        self._note()
        self._task.cancel()
        gc.unfreeze()
        return self.longest

    def _note(self) -> None:
        now = time.thread_time()
        self.longest, self._last = max(self.longest, now - self._last), now

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(0.001)
            self._note()
