"""Read customer groups."""

from app.db import graph
from app.db.conditions import Condition
from app.db.declarations import SortKey
from app.db.paging import clause
from app.db.read_session import ReadSession
from app.db.rows import CustomerGroupRow
from app.db.tables import customer_groups

GROUPS_BY_NUMBER = (SortKey(customer_groups.c.number_key), SortKey(customer_groups.c.id))


async def find(session: ReadSession, condition: Condition) -> CustomerGroupRow | None:
    """Return the group that a condition on a unique key finds, or None."""
    rows = await session.rows(graph.customer_group.select().where(condition.sql(customer_groups)), {})
    return CustomerGroupRow._make(rows[0]) if rows else None


async def first_groups(session: ReadSession, only: Condition | None, *, limit: int) -> list[CustomerGroupRow]:
    """Return the first groups in the natural order of numbers."""
    query = graph.customer_group.select().order_by(*clause(GROUPS_BY_NUMBER, customer_groups)).limit(limit)
    if only is not None:
        query = query.where(only.sql(customer_groups))
    return [CustomerGroupRow._make(row) for row in await session.rows(query, {})]
