"""All rows of a company, to assert that a rejected mutation changed none."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import companies, metadata


async def everything_of(owner_engine: AsyncEngine, company_id: UUID) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of a company by table, in the order of their keys, as the owner sees them."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    async with owner_engine.connect() as connection:
        for table in metadata.sorted_tables:
            company = table.c.id if table is companies else table.c.company_id
            query = select(table).where(company == company_id).order_by(*table.primary_key.columns)
            found[table.name] = [tuple(row) for row in await connection.execute(query)]
    return found
