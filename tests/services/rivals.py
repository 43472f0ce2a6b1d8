"""Making use cases meet: all of them wait for one lock, then run at the same moment."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.lock_waits import lock_waits


async def meeting(engine: AsyncEngine, first: Executable, *rivals: Coroutine[Any, Any, Any]) -> list[Any]:
    """What the rivals answer or raise that must wait for what the owner does first, until the owner commits."""
    async with engine.begin() as owner:
        await owner.execute(first)
        running = [asyncio.create_task(rival) for rival in rivals]
        await lock_waits(engine, len(rivals))
    return await asyncio.gather(*running, return_exceptions=True)


async def in_turn(engine: AsyncEngine, first: Executable, *rivals: Coroutine[Any, Any, Any]) -> list[Any]:
    """As `meeting`, with the rivals in a queue: each begins to wait after the one before it."""
    running: list[asyncio.Task[Any]] = []
    async with engine.begin() as owner:
        await owner.execute(first)
        for rival in rivals:
            running.append(asyncio.create_task(rival))
            await lock_waits(engine, len(running))
    return await asyncio.gather(*running, return_exceptions=True)
