"""Close the driver's connections in the background, within a limited time."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from app.scheduling.time_limits import TimeLimit

_END_SECONDS = 1.0
"""How long shutdown waits for connections to close."""


class Closing:
    """The connections that are being closed.

    `silent` is called with a connection that doesn't answer a cancellation, and the time that it was waited for.
    """

    def __init__(self, grace_seconds: float, *, silent: Callable[[Any, float], None]) -> None:
        self._grace_seconds = grace_seconds
        self._silent = silent
        self._tasks: dict[asyncio.Task[None], Any] = {}

    def close(self, driver: Any) -> None:
        """Close a connection in the background. Its statement is canceled; if that fails, the connection is aborted."""
        if driver.is_closed():
            driver.terminate()
            return
        try:
            task = asyncio.get_running_loop().create_task(self._close(driver))
        except RuntimeError:
            # The garbage collector may close a connection when no event loop is running.
            driver.terminate()
            return
        self._tasks[task] = driver
        task.add_done_callback(self._closed)

    async def end(self) -> None:
        """Wait until all connections are closed, for a limited time; abort the others."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=min(_END_SECONDS, self._grace_seconds))
        for task in [*self._tasks]:
            task.cancel()
        for driver in self._tasks.values():
            driver.terminate()

    async def _close(self, driver: Any) -> None:
        begun = time.monotonic()
        try:
            async with TimeLimit(self._grace_seconds):
                await driver.close()
        except TimeoutError:
            self._silent(driver, time.monotonic() - begun)
        except Exception:  # noqa: BLE001 - the connection is aborted in any case
            driver.terminate()

    def _closed(self, task: asyncio.Task[None]) -> None:
        driver = self._tasks.pop(task)
        if task.cancelled():
            driver.terminate()
