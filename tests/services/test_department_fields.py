"""Departments: the database and the domain agree about what an EAN is."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.department_fields import ean


async def test_the_database_takes_the_same_eans_as_the_domain(owner_engine: AsyncEngine) -> None:
    numbers = [f"{place * 7919 % 10**12:012}{check}" for place in range(50) for check in range(10)]
    numbers += ["", "579000000000", "57900000000050", "579000000000x"]
    async with owner_engine.connect() as connection:
        query = text("SELECT ean FROM unnest(CAST(:numbers AS text[])) AS ean WHERE ean_is_valid(ean)")
        taken = (await connection.execute(query, {"numbers": numbers})).scalars().all()
    assert sorted(taken) == sorted(filter(ean, numbers))
    assert len(taken) == 50
