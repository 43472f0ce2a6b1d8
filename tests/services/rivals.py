"""Making use cases meet: all of them wait for one lock, then run at the same moment."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from sqlalchemy import Executable, text
from sqlalchemy.ext.asyncio import AsyncEngine

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def meeting(engine: AsyncEngine, first: Executable, *rivals: Coroutine[Any, Any, Any]) -> list[Any]:
    """What the rivals answer or raise that must wait for what the owner does first, until the owner commits."""
    async with engine.begin() as owner:
        await owner.execute(first)
        running = [asyncio.create_task(rival) for rival in rivals]
        await _waiting(engine, len(rivals))
    return await asyncio.gather(*running, return_exceptions=True)


async def in_turn(engine: AsyncEngine, first: Executable, *rivals: Coroutine[Any, Any, Any]) -> list[Any]:
    """As `meeting`, with the rivals in a queue: each begins to wait after the one before it."""
    running: list[asyncio.Task[Any]] = []
    async with engine.begin() as owner:
        await owner.execute(first)
        for rival in rivals:
            running.append(asyncio.create_task(rival))
            await _waiting(engine, len(running))
    return await asyncio.gather(*running, return_exceptions=True)


async def _waiting(engine: AsyncEngine, rivals: int) -> None:
    """Return when so many wait for locks."""
    async with asyncio.timeout(10), engine.connect() as observer:
        while (await observer.execute(_WAITING)).scalar_one() < rivals:
            await observer.rollback()
            await asyncio.sleep(0.01)
