"""A company with groups of many customers."""

from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from tests.support.records import Records, new_company


async def crowd_of(owner_engine: AsyncEngine, customers: int, groups: int = 1) -> tuple[UUID, UUID]:
    """Write a company with this number of customers, spread over groups; return its id, and the id of one of them."""
    records = Records(owner_engine, await new_company(owner_engine))
    group_ids, ids = [await records.group() for _ in range(groups)], [uuid4() for _ in range(customers)]
    rows = [
        {
            "id": id_,
            "company_id": records.company_id,
            "customer_number": f"C{place}",
            "name": "Customer",
            "vat_zone": "DOMESTIC",
            "customer_group_id": group_ids[place % groups],
            "country_code": "DK",
            "default_currency": "DKK",
        }
        for place, id_ in enumerate(ids)
    ]
    async with owner_engine.begin() as connection:
        await connection.execute(insert(tables.customers), rows)
    return records.company_id, ids[0]
