"""From a field's arguments to what is asked of the database: all problems at once, for resolvers and plans alike."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import customers
from app.db.arguments import Key, ListArguments, PageArguments
from app.db.conditions import Condition, Equals
from app.db.declarations import ToMany
from app.db.paging import PageRequest
from app.graphql.arguments import Problems, bounded, given
from app.graphql.conditions import condition_of, key_of, list_condition_of, sorts_of, status_condition
from app.graphql.cursors import Cursors
from app.graphql.types.customer_filter import CustomerFilter, CustomerOrder
from app.graphql.types.enums import SubscriptionStatus
from app.graphql.types.group_filter import CustomerGroupFilter
from app.graphql.types.ledger_account_filter import LedgerAccountFilter
from app.graphql.types.lookups import CustomerGroupLookup, CustomerLookup

DEFAULT_PAGE = 50
"""Rows of a connection where neither `first` nor `last` is given."""
DEFAULT_LIST = 100
"""Rows of a list where `first` is not given."""
MOST_ROWS = 500
"""Rows that one list may be asked for."""


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A page of a list of rows that meet a condition."""

    request: PageRequest
    only: Condition | None
    cursors: Cursors
    plan_for_values: bool
    """Whether how many rows are read depends on the values of the condition."""

    @property
    def arguments(self) -> PageArguments:
        """The same, as a plan's statement takes it."""
        return PageArguments(self.request, self.only, self.cursors.identity, self.plan_for_values)


def asked_key(by: CustomerLookup | CustomerGroupLookup) -> Key:
    """The one unique key that is given."""
    return Key(Equals(*key_of(by, Problems())))


def asked_customers(
    company_id: UUID,
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    where: CustomerFilter | None = None,
    order_by: list[CustomerOrder] | None = None,
) -> AskedPage:
    """A page of the company's customers. For all these functions, an argument that was left out may be UNSET."""
    problems = Problems()
    limit, backward = _page_size(problems, given(first), given(last))
    only = condition_of(given(where), problems)
    order = customers.order_by(*sorts_of(given(order_by), problems))
    cursors = Cursors(order, "customers", company_id, only)
    at_after = cursors.decode(given(after), ("after",), problems)
    at_before = cursors.decode(given(before), ("before",), problems)
    problems.reject_if_any()
    is_in_order = only is not None and only.finds_in_order and order[0].column is customers.BY_NUMBER
    request = PageRequest(order, limit, backward, at_after, at_before)
    return AskedPage(request, only, cursors, plan_for_values=only is not None and not is_in_order)


def asked_edge(
    company_id: UUID,
    edge: ToMany[Any],
    *,
    first: int | None = None,
    after: str | None = None,
    where: CustomerFilter | None = None,
) -> AskedPage:
    """A page of an edge."""
    problems = Problems()
    limit, _ = _page_size(problems, given(first), None)
    only = condition_of(given(where), problems)
    # Not bound to the source: the same cursor is an argument of every source that the document reaches.
    cursors = Cursors(edge.order, edge.source.name, edge.name, company_id, only)
    request = PageRequest(edge.order, limit, after=cursors.decode(given(after), ("after",), problems))
    problems.reject_if_any()
    return AskedPage(request, only, cursors, plan_for_values=only is not None)


def asked_list(*, first: int = DEFAULT_LIST, status: list[SubscriptionStatus] | None = None) -> ListArguments:
    """The first rows of an edge, of some statuses where those are given."""
    problems = Problems()
    bounded(first, ("first",), problems, most=MOST_ROWS)
    problems.reject_if_any()
    return ListArguments(first, status_condition(given(status)))


def asked_rows(
    *, where: CustomerGroupFilter | LedgerAccountFilter | None = None, first: int = DEFAULT_LIST
) -> ListArguments:
    """Return what the first of the company's customer groups, or ledger accounts, are asked for with."""
    problems = Problems()
    bounded(first, ("first",), problems, most=MOST_ROWS)
    only = list_condition_of(given(where), problems)
    problems.reject_if_any()
    return ListArguments(first, only)


def _page_size(problems: Problems, first: int | None, last: int | None) -> tuple[int, bool]:
    """How many rows are asked for, and whether from the end."""
    if first is not None and last is not None:
        problems.add(("last",), "can't be combined with `first`: a page is read from one end.")
    if first is not None:
        bounded(first, ("first",), problems, most=MOST_ROWS)
    if last is not None:
        bounded(last, ("last",), problems, most=MOST_ROWS)
    limit = first if first is not None else last if last is not None else DEFAULT_PAGE
    return limit, last is not None and first is None
