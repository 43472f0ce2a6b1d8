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
        async with asyncio.timeout(10), engine.connect() as observer:
            while (await observer.execute(_WAITING)).scalar_one() < len(rivals):
                await observer.rollback()
                await asyncio.sleep(0.01)
    return await asyncio.gather(*running, return_exceptions=True)
