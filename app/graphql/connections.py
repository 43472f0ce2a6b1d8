"""From the arguments of a connection to a page request, and from a page to what a connection shows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic
from uuid import UUID

from app.db import customers as stored
from app.db.conditions import Condition
from app.db.customers import CustomerSort
from app.db.declarations import RowT, ToMany
from app.db.paging import Page, PageRequest, other_side
from app.db.rows import CustomerRow
from app.graphql.arguments import Faults, bounded, given
from app.graphql.context import Context
from app.graphql.cursors import Cursors

DEFAULT_PAGE = 50
"""Rows of a connection where neither `first` nor `last` is given."""
DEFAULT_LIST = 100
"""Rows of a list where `first` is not given."""
MOST_ROWS = 500
"""Rows that one list may be asked for."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[RowT]):
    """A page of a list, and how to learn what is only asked sometimes: the total, and what lies before."""

    page: Page[RowT]
    request: PageRequest
    cursors: Cursors
    read: Callable[[PageRequest], Awaitable[Page[RowT]]]
    count: Callable[[], Awaitable[int]]


CustomerList = Listed[CustomerRow]


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The four arguments that choose a page, checked."""

    limit: int
    backward: bool
    after: str | None
    before: str | None

    def request(self, cursors: Cursors, faults: Faults) -> PageRequest:
        """The page of a list that these arguments choose."""
        after = cursors.decode(self.after, ("after",), faults)
        before = cursors.decode(self.before, ("before",), faults)
        return PageRequest(cursors.order, self.limit, self.backward, after, before)


def page_arguments(
    faults: Faults,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> PageArguments:
    """Check how many rows are asked for, and from which end; an argument that was left out may be UNSET."""
    first, last = given(first), given(last)
    if first is not None and last is not None:
        faults.add(("last",), "can't be combined with `first`: a page is read from one end.")
    if first is not None:
        bounded(first, ("first",), faults, most=MOST_ROWS)
    if last is not None:
        bounded(last, ("last",), faults, most=MOST_ROWS)
    limit = first if first is not None else last if last is not None else DEFAULT_PAGE
    return PageArguments(limit, last is not None and first is None, given(after), given(before))


def list_size(first: int) -> int:
    """The checked `first` of a list."""
    faults = Faults()
    bounded(first, ("first",), faults, most=MOST_ROWS)
    faults.refuse_if_any()
    return first


async def all_customers(
    context: Context,
    arguments: PageArguments,
    only: Condition | None,
    sorts: tuple[tuple[CustomerSort, bool], ...],
    faults: Faults,
) -> CustomerList:
    """A page of the company's customers. Without a condition it may be a few seconds old."""
    company_id = context.principal.company_id
    cursors = Cursors(stored.order_by(*sorts), "customers", company_id, only)
    request = arguments.request(cursors, faults)
    faults.refuse_if_any()

    async def read(asked: PageRequest) -> Page[CustomerRow]:
        return await stored.page(context.session, asked, only)

    async def count() -> int:
        return await stored.count(context.session, only)

    if only is not None:
        return Listed(await read(request), request, cursors, read, count)
    page = await context.recent.get(company_id, ("customers", sorts, arguments), lambda: read(request))
    return Listed(page, request, cursors, read, lambda: context.recent.get(company_id, "customers.count", count))


async def listed_of(
    context: Context,
    edge: ToMany[RowT],
    source_id: UUID,
    arguments: PageArguments,
    faults: Faults,
    only: Condition | None = None,
) -> Listed[RowT]:
    """A page of an edge; all sources of one level are read together."""
    # Not bound to the source: the same cursor is an argument of every source that the document reaches.
    cursors = Cursors(edge.order, edge.source.name, edge.name, context.principal.company_id, only)
    request = arguments.request(cursors, faults)
    faults.refuse_if_any()

    async def read(asked: PageRequest) -> Page[RowT]:
        return await context.loaders.page(edge, asked, only).load(source_id)

    async def count() -> int:
        return await context.loaders.count(edge, only).load(source_id)

    return Listed(await read(request), request, cursors, read, count)


async def has_other_side(listed: Listed[Any]) -> bool:
    """Whether rows lie on the side that reading came from; read only when asked for."""
    probe = other_side(listed.request)
    return probe is not None and (await listed.read(probe)).has_more
