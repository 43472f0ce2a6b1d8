"""Keyset pagination: a page begins after a row, not at an offset, so that changes don't repeat or skip rows."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, literal, literal_column, or_, tuple_

from app.db.conditions import Bind, Condition
from app.db.declarations import Entity, RowT, SortKey

Position = tuple[Any, ...]
"""A row's values in the columns of the order."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A requested page: `limit` rows between `after` and `before`, from the start or from the end (`backward`)."""

    order: tuple[SortKey, ...]
    limit: int
    backward: bool = False
    after: Position | None = None
    before: Position | None = None
    inclusive: bool = False
    """Whether the rows at `after` and `before` are included."""


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Rows in the list's order, their positions, and whether there are more rows in the direction of reading."""

    rows: list[RowT]
    positions: list[Position]
    has_more: bool


def page_statement(entity: Entity[Any], request: PageRequest, only: Condition | None) -> Select[Any]:
    """Return a statement for a page's rows in the direction of reading, plus one row.

    Positions follow the plain fields.
    """
    query = entity.select(*(key.column.label(f"position_{place}") for place, key in enumerate(request.order)))
    return query.where(*conditions(request, only, entity.table)).limit(request.limit + 1)


def conditions(
    request: PageRequest,
    only: Condition | None,
    row: FromClause,
    bind: Bind = literal,
    bind_positions: Bind = literal,
) -> list[ColumnElement[bool]]:
    """Return the conditions on the rows of a page; `bind_positions` binds the values of `after` and `before`."""
    ends = ((request.order, request.after), (reverse(request.order), request.before))
    bounds = [
        (order, [bind_positions(value, key.column.type) for value, key in zip(position, order, strict=True)])
        for order, position in ends
        if position is not None
    ]

    def within(*columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        return [_beyond(order, columns, values, inclusive=request.inclusive) for order, values in bounds]

    def nothing(*_columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        return []

    is_by_number = [key.column.name for key in request.order] == ["number_key", "id"]
    found = [] if only is None else [only.sql_within(row, bind, within if is_by_number else nothing)]
    return [*found, *within(*(row.c[key.column.name] for key in request.order))]


def depends_on_values(request: PageRequest, only: Condition | None) -> bool:
    """Return whether the cost of a page of a company's list depends on the condition's values.

    Otherwise an index finds the page's rows in their order, whatever the values.
    """
    return only is not None and not (only.finds_in_order and request.order[0].column.name == "number_key")


def reading_order(request: PageRequest) -> tuple[SortKey, ...]:
    """Return the order in which rows are read: reversed for a backward page."""
    return reverse(request.order) if request.backward else request.order


def reverse(order: Sequence[SortKey]) -> tuple[SortKey, ...]:
    """Return the reversed order."""
    return tuple(SortKey(key.column, descending=not key.descending) for key in order)


def clause(order: Sequence[SortKey], row: FromClause, only: Condition | None = None) -> list[ColumnElement[Any]]:
    """Return the columns of ORDER BY, adapted to a condition so that PostgreSQL chooses the right index."""
    columns = [row.c[key.column.name] for key in order]
    if only is not None and only.narrowed_column == order[0].column.name:
        # Matching rows are adjacent in this order, but the planner doesn't know that and would scan the list from its
        # start. An expression can't use that index, so PostgreSQL finds the rows by the condition and sorts them.
        columns[0] = columns[0].concat(literal_column("''", Text()))
    return [column.desc() if key.descending else column.asc() for key, column in zip(order, columns, strict=True)]


def counting_order(order: Sequence[SortKey], row: FromClause, only: Condition | None) -> list[ColumnElement[Any]]:
    """Return the columns of ORDER BY for a count that ends at a maximum; empty if no index would find rows in an order.

    Without it PostgreSQL may scan the table, and read the rows of other companies first.
    """
    if only is not None and not only.finds_in_order:
        return []
    return [row.c.number_key, row.c.id] if "number_key" in row.c else clause(order, row)


def page_of_rows(entity: Entity[RowT], request: PageRequest, rows: Sequence[Sequence[Any]]) -> Page[RowT]:
    """Return the page that the rows of `statement` make up."""
    width = len(entity.fields)
    shown = list(rows[: request.limit])
    if request.backward:
        shown.reverse()
    return Page(
        rows=[entity.row._make(row[:width]) for row in shown],
        positions=[tuple(row[width:]) for row in shown],
        has_more=len(rows) > request.limit,
    )


def other_side(request: PageRequest) -> PageRequest | None:
    """Return a request for the rows before the page, in the direction of reading; None if there can't be any.

    These are the rows up to the cursor at which the page begins, including the row at the cursor.
    """
    probe = replace(request, limit=0, backward=not request.backward, inclusive=True)
    if request.backward:
        return None if request.before is None else replace(probe, after=request.before, before=None)
    return None if request.after is None else replace(probe, after=None, before=request.after)


def beyond(
    order: Sequence[SortKey], position: Position, row: FromClause, bind: Bind, *, inclusive: bool
) -> ColumnElement[bool]:
    """Return the condition for rows after a position."""
    columns = [row.c[key.column.name] for key in order]
    values = [bind(value, column.type) for value, column in zip(position, columns, strict=True)]
    return _beyond(order, columns, values, inclusive=inclusive)


def _beyond(
    order: Sequence[SortKey],
    columns: Sequence[ColumnElement[Any]],
    values: Sequence[ColumnElement[Any]],
    *,
    inclusive: bool,
) -> ColumnElement[bool]:
    """Return the condition as SQL. If all columns share a direction, one row comparison uses an index range."""
    if len({key.descending for key in order}) == 1:
        compare = _COMPARISONS[order[0].descending, inclusive]
        return compare(tuple_(*columns), tuple_(*values))
    # Mixed directions: equal in the first columns and beyond in the next one. Only the first comparison limits the
    # range.
    steps = [
        and_(
            *(column == value for column, value in zip(columns[:place], values[:place], strict=True)),
            _COMPARISONS[key.descending, inclusive and place == len(order) - 1](columns[place], values[place]),
        )
        for place, key in enumerate(order)
    ]
    return and_(_COMPARISONS[order[0].descending, True](columns[0], values[0]), or_(*steps))


_COMPARISONS = {
    (False, False): operator.gt,
    (False, True): operator.ge,
    (True, False): operator.lt,
    (True, True): operator.le,
}
