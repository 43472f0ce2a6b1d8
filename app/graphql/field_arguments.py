"""Convert the arguments of fields that read customers, groups or ledger accounts to those of their statements.

Resolvers and plans both use these functions. Each raises one GraphQLError with all problems of a field's arguments. An
argument that was left out may be UNSET.
"""

from typing import Any, TypedDict, Unpack
from uuid import UUID

from app.db import customers, paging
from app.db.arguments import Key, ListArguments
from app.db.conditions import Condition, Equals
from app.db.declarations import Entity, SortKey, ToMany
from app.db.paging import PageRequest
from app.graphql.arguments import Problems, given
from app.graphql.conditions import condition_of, list_condition_of, lookup_key, sorts_of, status_condition
from app.graphql.cursors import Cursors
from app.graphql.planning.reading import DEFAULT_LIST, RequestedPage, check_list_size, read_page_size
from app.graphql.types.customer_filter import CustomerFilter, CustomerOrder
from app.graphql.types.enums import SubscriptionStatus
from app.graphql.types.group_filter import CustomerGroupFilter
from app.graphql.types.ledger_account_filter import LedgerAccountFilter
from app.graphql.types.lookups import CustomerGroupLookup, CustomerLookup


class PageGiven(TypedDict, total=False):
    """The arguments of every connection."""

    first: int | None
    after: str | None
    last: int | None
    before: str | None


def read_key(by: CustomerLookup | CustomerGroupLookup) -> Key:
    """Return the one unique key that is given."""
    return Key(Equals(*lookup_key(by, Problems())))


def read_customers_page(
    company_id: UUID,
    *,
    where: CustomerFilter | None = None,
    order_by: list[CustomerOrder] | None = None,
    **page: Unpack[PageGiven],
) -> RequestedPage:
    """Return a page of the company's customers."""
    reading = _Page(page)
    only = condition_of(given(where), reading.problems)
    order = customers.order_by(*sorts_of(given(order_by), reading.problems))
    return reading.requested(order, only, ("customers", company_id, only))


def read_rows_page(
    company_id: UUID,
    entity: Entity[Any],
    order: tuple[SortKey, ...],
    *,
    where: CustomerGroupFilter | LedgerAccountFilter | None = None,
    **page: Unpack[PageGiven],
) -> RequestedPage:
    """Return a page of the company's customer groups or ledger accounts."""
    reading = _Page(page)
    only = list_condition_of(given(where), reading.problems)
    return reading.requested(order, only, (entity.name, company_id, only))


def read_edge_page(
    company_id: UUID,
    edge: ToMany[Any],
    *,
    where: CustomerFilter | None = None,
    order_by: list[CustomerOrder] | None = None,
    status: list[SubscriptionStatus] | None = None,
    **page: Unpack[PageGiven],
) -> RequestedPage:
    """Return a page of an edge; `where` and `order_by` are for edges to customers, `status` for subscriptions."""
    reading = _Page(page)
    only = condition_of(given(where), reading.problems) or status_condition(given(status))
    sorts = given(order_by)
    order = customers.order_by(*sorts_of(sorts, reading.problems)) if sorts else edge.order
    # Not bound to the source: the same cursor is an argument of every source that the document reaches.
    identity = (edge.source.name, edge.name, company_id, only)
    # An index serves each status.
    return reading.requested(order, only, identity, plan_for_values=only is not None and not given(status))


class _Page:
    """Reads the arguments of a connection, and notes all of their problems."""

    def __init__(self, page: PageGiven) -> None:
        self.problems = Problems()
        self._given = page
        self._size = read_page_size(self.problems, page.get("first"), page.get("last"))

    def requested(
        self,
        order: tuple[SortKey, ...],
        only: Condition | None,
        identity: tuple[object, ...],
        *,
        plan_for_values: bool | None = None,
    ) -> RequestedPage:
        """Return the page, with cursors bound to its order and `identity`. Raise the problems, if there are any."""
        limit, backward = self._size
        cursors = Cursors(order, *identity)
        after = cursors.decode(given(self._given.get("after")), ("after",), self.problems)
        before = cursors.decode(given(self._given.get("before")), ("before",), self.problems)
        self.problems.reject_if_any()
        request = PageRequest(order, limit, backward, after, before)
        if plan_for_values is None:
            plan_for_values = paging.depends_on_values(request, only)
        return RequestedPage(request, only, cursors, plan_for_values)


def read_list(*, first: int = DEFAULT_LIST, status: list[SubscriptionStatus] | None = None) -> ListArguments:
    """Return the arguments of the first rows of an edge; `status` is for edges that lead to subscriptions."""
    problems = Problems()
    check_list_size(problems, first)
    problems.reject_if_any()
    return ListArguments(first, status_condition(given(status)))


def read_filtered_list(
    *, where: CustomerGroupFilter | LedgerAccountFilter | None = None, first: int = DEFAULT_LIST
) -> ListArguments:
    """Return the arguments of the first of the company's customer groups or ledger accounts."""
    problems = Problems()
    check_list_size(problems, first)
    only = list_condition_of(given(where), problems)
    problems.reject_if_any()
    return ListArguments(first, only)
