"""Read the pages that connections show."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic
from uuid import UUID

from app.db import company_lists
from app.db import customers as stored
from app.db.declarations import Entity, RowT, ToMany
from app.db.paging import Page, PageRequest, other_side
from app.db.rows import CustomerRow
from app.graphql.context import Context, Info
from app.graphql.feed import recently
from app.graphql.planning.reading import RequestedPage


@dataclass(frozen=True, slots=True)
class Listed(Generic[RowT]):
    """A page of a list, with functions for what is read only if selected: the total, and whether rows come before."""

    page: Page[RowT]
    asked: RequestedPage
    read: Callable[[PageRequest], Awaitable[Page[RowT]]]
    count: Callable[[int], Awaitable[int]]
    """Counts the rows of the whole list, up to a maximum."""


CustomerList = Listed[CustomerRow]


async def all_customers(info: Info, asked: RequestedPage) -> CustomerList:
    """Return a page of the company's customers. Without a condition it may be a few seconds old."""
    context, only = info.context, asked.only

    async def read(request: PageRequest) -> Page[CustomerRow]:
        return await stored.page(context.session, request, only)

    async def count(at_most: int) -> int:
        return await stored.count(context.session, only, at_most)

    if only is not None:
        # Small pages too: `totalCount` is read while the session holds a connection, and few may wait with one.
        context.session.become_heavy()
        return Listed(await read(asked.request), asked, read, count)
    page = await recently(info, ("customers", asked.request), lambda: read(asked.request))

    async def recent_count(at_most: int) -> int:
        return await recently(info, ("customers.count", at_most), lambda: count(at_most))

    return Listed(page, asked, read, recent_count)


async def rows_of_company(context: Context, entity: Entity[RowT], asked: RequestedPage) -> Listed[RowT]:
    """Return a page of all rows that the company has of an entity, which is always fresh."""
    if asked.plan_for_values:
        context.session.become_heavy()

    async def read(request: PageRequest) -> Page[RowT]:
        return await company_lists.page(context.session, entity, request, asked.only)

    async def count(at_most: int) -> int:
        return await company_lists.count(context.session, entity, asked.request.order, asked.only, at_most)

    return Listed(await read(asked.request), asked, read, count)


async def listed_of(context: Context, edge: ToMany[RowT], source_id: UUID, asked: RequestedPage) -> Listed[RowT]:
    """Return a page of an edge; all sources of one level are read together."""
    if asked.plan_for_values:
        context.session.become_heavy()

    async def read(request: PageRequest) -> Page[RowT]:
        return await context.loaders.page(edge, request, asked.only).load(source_id)

    async def count(at_most: int) -> int:
        return await context.loaders.count(edge, asked.only, at_most).load(source_id)

    return Listed(await read(asked.request), asked, read, count)


async def has_other_side(listed: Listed[Any]) -> bool:
    """Return whether there are rows on the other side of the page; read only if selected."""
    probe = other_side(listed.asked.request)
    return probe is not None and (await listed.read(probe)).has_more
