"""Convert the arguments of fields that read customers, groups or ledger accounts to those of their statements.

Resolvers and plans both use these functions. Each raises one GraphQLError with all problems of a field's arguments. An
argument that was left out may be UNSET.
"""

from typing import Any
from uuid import UUID

from app.db import customers, paging
from app.db.arguments import Key, ListArguments
from app.db.conditions import Equals
from app.db.declarations import ToMany
from app.db.paging import PageRequest
from app.graphql.arguments import Problems, given
from app.graphql.conditions import condition_of, key_of, list_condition_of, sorts_of, status_condition
from app.graphql.cursors import Cursors
from app.graphql.planning.reading import DEFAULT_LIST, RequestedPage, check_list_size, read_page_size
from app.graphql.types.customer_filter import CustomerFilter, CustomerOrder
from app.graphql.types.enums import SubscriptionStatus
from app.graphql.types.group_filter import CustomerGroupFilter
from app.graphql.types.ledger_account_filter import LedgerAccountFilter
from app.graphql.types.lookups import CustomerGroupLookup, CustomerLookup


def read_key(by: CustomerLookup | CustomerGroupLookup) -> Key:
    """Return the one unique key that is given."""
    return Key(Equals(*key_of(by, Problems())))


def read_customers_page(
    company_id: UUID,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    where: CustomerFilter | None = None,
    order_by: list[CustomerOrder] | None = None,
) -> RequestedPage:
    """Return a page of the company's customers."""
    problems = Problems()
    limit, backward = read_page_size(problems, first, last)
    only = condition_of(given(where), problems)
    order = customers.order_by(*sorts_of(given(order_by), problems))
    cursors = Cursors(order, "customers", company_id, only)
    at_after = cursors.decode(given(after), ("after",), problems)
    at_before = cursors.decode(given(before), ("before",), problems)
    problems.reject_if_any()
    request = PageRequest(order, limit, backward, at_after, at_before)
    return RequestedPage(request, only, cursors, plan_for_values=paging.depends_on_values(request, only))


def read_edge_page(
    company_id: UUID,
    edge: ToMany[Any],
    *,
    first: int | None = None,
    after: str | None = None,
    where: CustomerFilter | None = None,
    order_by: list[CustomerOrder] | None = None,
) -> RequestedPage:
    """Return a page of an edge; `where` and `order_by` are for edges that lead to customers."""
    problems = Problems()
    limit, _ = read_page_size(problems, first)
    only = condition_of(given(where), problems)
    sorts = given(order_by)
    order = customers.order_by(*sorts_of(sorts, problems)) if sorts else edge.order
    # Not bound to the source: the same cursor is an argument of every source that the document reaches.
    cursors = Cursors(order, edge.source.name, edge.name, company_id, only)
    request = PageRequest(order, limit, after=cursors.decode(given(after), ("after",), problems))
    problems.reject_if_any()
    return RequestedPage(request, only, cursors, plan_for_values=only is not None)


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
