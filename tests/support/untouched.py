"""All rows of a company, to assert that a rejected mutation changed none."""

from uuid import UUID

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import companies, metadata


def _rows(table: Table) -> str:
    company, keys = "id" if table is companies else "company_id", ", ".join(table.primary_key.columns.keys())
    found = f"SELECT row_to_json(t)::text FROM {table.name} t WHERE {company} = :company ORDER BY {keys}"  # noqa: S608 - names of our tables
    return f"ARRAY({found}) AS {table.name}"


# One statement, because hundreds of tests ask twice.
_EVERYTHING = text(f"SELECT {', '.join(map(_rows, metadata.sorted_tables))}")


async def everything_of(owner_engine: AsyncEngine, company_id: UUID) -> dict[str, list[str]]:
    """Return all rows of a company by table, in the order of their keys, as the owner sees them; each is JSON."""
    async with owner_engine.connect() as connection:
        (row,) = (await connection.execute(_EVERYTHING, {"company": company_id})).mappings()
    return dict(row)
