"""Measuring how long the event loop is held."""

import asyncio
import time


class Probe:
    """Measures for how long the event loop's thread works without a turn for others, in seconds of its CPU time."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._measure())

    async def stop(self) -> float:
        await asyncio.sleep(0)
        self._task.cancel()
        return self.longest

    async def _measure(self) -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0.001)
            now = time.thread_time()
            self.longest, last = max(self.longest, now - last), now
