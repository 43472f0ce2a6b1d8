"""Read customers: one by a unique key, a page, or a count."""

from enum import StrEnum
from functools import lru_cache

from app.db import company_lists, graph
from app.db.conditions import Condition
from app.db.declarations import SortKey
from app.db.paging import Page, PageRequest
from app.db.read_session import ReadSession
from app.db.rows import CustomerRow
from app.db.tables import customers


class CustomerSort(StrEnum):
    """Columns that customers can be sorted by.

    Each has indexes for the company, a parent and a group, for both directions.
    """

    NUMBER = "NUMBER"
    NAME = "NAME"
    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"


_COLUMNS = {
    CustomerSort.NUMBER: customers.c.number_key,
    CustomerSort.NAME: customers.c.name_key,
    CustomerSort.CREATED_AT: customers.c.created_at,
    CustomerSort.UPDATED_AT: customers.c.updated_at,
}


@lru_cache(maxsize=128)
def order_by(*sorts: tuple[CustomerSort, bool]) -> tuple[SortKey, ...]:
    """Return the order by columns, each with whether it descends. Ties are ordered by id, in the last direction.

    Cached, so that equal arguments return the same object, which caches of plans use as a key.
    """
    keys = [SortKey(_COLUMNS[sort], descending=descending) for sort, descending in sorts]
    return (*keys, SortKey(customers.c.id, descending=keys[-1].descending))


async def find(session: ReadSession, condition: Condition) -> CustomerRow | None:
    """Return the customer that a condition on a unique key finds, or None."""
    rows = await session.rows(graph.customer.select().where(condition.sql(customers)), {})
    return CustomerRow._make(rows[0]) if rows else None


async def page(session: ReadSession, request: PageRequest, only: Condition | None) -> Page[CustomerRow]:
    """Return a page of the company's customers."""
    return await company_lists.page(session, graph.customer, request, only)


async def count(session: ReadSession, only: Condition | None, at_most: int) -> int:
    """Return the number of customers that meet a condition, or `at_most` if there are more."""
    return await company_lists.count(session, graph.customer, graph.CUSTOMERS_BY_NUMBER, only, at_most)
