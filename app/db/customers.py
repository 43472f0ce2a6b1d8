"""Read customers: one by a unique key, a page, or a count."""

from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select

from app.db import graph, paging
from app.db.conditions import Condition
from app.db.declarations import SortKey, narrowed
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

    def query() -> Select[Any]:
        order = paging.clause(paging.reading_order(request), customers, only)
        return paging.statement(graph.customer, request, only).order_by(*order)

    rows = await session.rows(query, {}, plan_for_values=paging.depends_on_values(request, only))
    return paging.page(graph.customer, request, rows)


async def count(session: ReadSession, only: Condition | None, at_most: int) -> int:
    """Return the number of customers that meet a condition, or `at_most` if there are more."""

    def query() -> Select[Any]:
        counted = select(customers.c.id).where(narrowed(customers)).limit(at_most)
        if only is not None:
            counted = counted.where(only.sql(customers))
        order = paging.counting_order(graph.CUSTOMERS_BY_NUMBER, customers, only)
        return select(func.count()).select_from(counted.order_by(*order).subquery())

    rows = await session.rows(query, {}, plan_for_values=only is not None)
    return int(rows[0][0])
