"""Locks that tests hold, and statements that wait for them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def lock_waits(engine: AsyncEngine, count: int = 1) -> None:
    """Return once this number of statements in the database wait for locks."""
    async with asyncio.timeout(20), engine.connect() as observer:
        while (await observer.execute(_WAITING)).scalar_one() < count:
            await observer.rollback()
            await asyncio.sleep(0.01)


@asynccontextmanager
async def held_statement(engine: AsyncEngine) -> AsyncGenerator[str]:
    """Yield a statement that ends only after the exit, however long that takes on a busy machine."""
    key = uuid4().int % 2**62
    async with engine.begin() as holder:
        await holder.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        yield f"SELECT pg_advisory_xact_lock_shared({key})"
