"""Read lists of all rows that a company has of one entity: a page, or a count."""

from typing import Any

from sqlalchemy import Select, func, select

from app.db import paging
from app.db.conditions import Condition
from app.db.declarations import Entity, RowT, SortKey, narrowed
from app.db.paging import Page, PageRequest
from app.db.read_session import ReadSession


async def page(session: ReadSession, entity: Entity[RowT], request: PageRequest, only: Condition | None) -> Page[RowT]:
    """Return a page of the company's rows."""

    def query() -> Select[Any]:
        order = paging.clause(paging.reading_order(request), entity.table, only)
        return paging.page_statement(entity, request, only).order_by(*order)

    rows = await session.rows(query, {}, plan_for_values=paging.depends_on_values(request, only))
    return paging.page_of_rows(entity, request, rows)


async def count(
    session: ReadSession, entity: Entity[Any], order: tuple[SortKey, ...], only: Condition | None, at_most: int
) -> int:
    """Return the number of rows that meet a condition, or `at_most` if there are more."""

    def query() -> Select[Any]:
        table = entity.table
        counted = select(table.c.id).where(narrowed(table)).limit(at_most)
        if only is not None:
            counted = counted.where(only.sql(table))
        in_order = counted.order_by(*paging.counting_order(order, table, only))
        return select(func.count()).select_from(in_order.subquery())

    rows = await session.rows(query, {}, plan_for_values=only is not None)
    return int(rows[0][0])
