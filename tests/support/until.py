"""Wait until something is so that nothing tells of."""

import asyncio
from collections.abc import Callable


async def until(happened: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until a condition is true; fail the test if that takes too long."""
    async with asyncio.timeout(seconds):
        while not happened():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
