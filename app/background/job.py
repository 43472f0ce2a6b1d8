"""A job: work that is done again and again, with a rest in between."""

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar


class Job(ABC):
    """Work in the background. `Background` runs it; the work itself decides how long it rests."""

    name: ClassVar[str]
    """Its name in log lines."""
    pause_seconds = 0.0
    """The shortest rest, in seconds, however often the job is woken."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    @abstractmethod
    async def run_once(self) -> float:
        """Work once, and return how long to rest unless the job is woken, in seconds.

        Exceptions are logged, and the job runs again after a pause.
        """

    async def aclose(self) -> None:  # noqa: B027 - most jobs have nothing to end
        """End what goes on beside `run_once`, within less than a second. Called after the last run."""

    def wake(self) -> None:
        """End the rest, or skip the next one if the job is working."""
        self._woken.set()

    async def run(self) -> float:
        """Work once. A wake from now on ends the rest that follows."""
        self._woken.clear()
        return await self.run_once()

    async def rest(self, seconds: float) -> None:
        """Rest for a time, or until the job is woken."""
        await asyncio.sleep(self.pause_seconds)
        if seconds <= self.pause_seconds or self._woken.is_set():
            return
        timer = asyncio.get_running_loop().call_later(seconds - self.pause_seconds, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            timer.cancel()
