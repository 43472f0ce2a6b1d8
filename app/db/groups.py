"""Reading customer groups."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import graph
from app.db.database import ReadSession
from app.db.rows import CustomerGroupRow
from app.db.tables import customer_group_metadata, customer_groups


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Conditions on groups that all must hold; None is no condition."""

    ids: tuple[UUID, ...] | None = None
    number: str | None = None
    pairs: tuple[bytes, ...] = ()


async def listed(session: ReadSession, only: GroupFilter, *, limit: int) -> list[CustomerGroupRow]:
    """The first groups in the natural order of their numbers."""
    query = graph.customer_group.select().order_by(customer_groups.c.number_key, customer_groups.c.id).limit(limit)
    if only.ids is not None:
        query = query.where(customer_groups.c.id == any_(literal(list(only.ids), ARRAY(Uuid()))))
    if only.number is not None:
        query = query.where(customer_groups.c.number == only.number)
    for pair in only.pairs:
        entry = customer_group_metadata.alias()
        query = query.where(
            select(literal(1))
            .where(
                entry.c.company_id == customer_groups.c.company_id,
                entry.c.pair == pair,
                entry.c.customer_group_id == customer_groups.c.id,
            )
            .exists()
        )
    return [CustomerGroupRow._make(row) for row in await session.rows(query, {})]
