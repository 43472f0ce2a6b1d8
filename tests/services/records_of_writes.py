"""The history and the events that writes leave."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables

Entry = tuple[UUID, int, str, str, dict[str, Any]]
Told = tuple[UUID, str, str, dict[str, Any]]


async def entries_of(engine: AsyncEngine, company_id: UUID) -> list[Entry]:
    """The history of a company in the order of writing."""
    kept = tables.history
    query = select(kept.c.subject_id, kept.c.version, kept.c.operation, kept.c.actor, kept.c.changes)
    async with engine.connect() as connection:
        found = await connection.execute(query.where(kept.c.company_id == company_id).order_by(kept.c.occurred_at))
        return [(row[0], row[1], row[2], row[3], row[4]) for row in found]


async def events_of(engine: AsyncEngine, company_id: UUID) -> list[Told]:
    """The events of a company in their order."""
    kept = tables.outbox_events
    query = select(kept.c.subject_id, kept.c.type, kept.c.actor, kept.c.data)
    async with engine.connect() as connection:
        found = await connection.execute(query.where(kept.c.company_id == company_id).order_by(kept.c.sequence))
        return [(row[0], row[1], row[2], row[3]) for row in found]
