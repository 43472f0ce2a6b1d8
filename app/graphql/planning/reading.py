"""Functions that read the arguments of lists, for resolvers and plans.

Nothing here depends on an entity. app/graphql/field_arguments.py uses them for the fields of the schema.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db.arguments import Arguments, CountArguments, PageArguments
from app.db.conditions import Condition
from app.db.paging import PageRequest
from app.graphql.arguments import Problems, check_bounds, given
from app.graphql.cursors import Cursors

DEFAULT_PAGE = 50
"""Page size of a connection if neither `first` nor `last` is given."""
DEFAULT_LIST = 100
"""Length of a list if `first` is not given."""
DEFAULT_COUNT = 10_000
"""Default of `atMost`, the number at which the counting of a list's rows stops."""
MAX_COUNT = 1_000_000
"""Maximum of `atMost`; counting that many takes half a second."""
MAX_PAGE_SIZE = 500
"""Maximum number of rows of a page or list."""

ArgumentReader = Callable[[UUID, dict[str, Any]], Arguments]
"""Converts the company and the parameters of a field's resolver to the arguments of its statement."""


@dataclass(frozen=True, slots=True)
class RequestedPage:
    """A page of a list of rows that meet a condition."""

    request: PageRequest
    only: Condition | None
    cursors: Cursors
    plan_for_values: bool
    """Whether the statement needs a custom plan: its cost depends on the values of the condition."""

    @property
    def arguments(self) -> PageArguments:
        """The arguments of a plan's statement."""
        return PageArguments(self.request, self.only, self.cursors.identity, self.plan_for_values)


def read_page_size(problems: Problems, first: int | None, last: int | None = None) -> tuple[int, bool]:
    """Return the number of rows of a page, and whether they are counted from the end."""
    first, last = given(first), given(last)
    if first is not None and last is not None:
        problems.add(("last",), "can't be combined with `first`: a page is read from one end.")
    if first is not None:
        check_bounds(first, ("first",), problems, most=MAX_PAGE_SIZE)
    if last is not None:
        check_bounds(last, ("last",), problems, most=MAX_PAGE_SIZE)
    limit = first if first is not None else last if last is not None else DEFAULT_PAGE
    return limit, last is not None and first is None


def read_count(at_most: int = DEFAULT_COUNT) -> CountArguments:
    """Return the arguments of a connection's total count; raise GraphQLError if its maximum is out of bounds."""
    problems = Problems()
    check_bounds(at_most, ("atMost",), problems, most=MAX_COUNT, least=1)
    problems.reject_if_any()
    return CountArguments(at_most)


def check_list_size(problems: Problems, first: int) -> None:
    """Note a problem if `first` is out of range."""
    check_bounds(first, ("first",), problems, most=MAX_PAGE_SIZE)
