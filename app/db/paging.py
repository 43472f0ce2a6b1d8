"""Keyset pages: a page begins after a row, not after a count, so that a changing list repeats and loses nothing."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic

from sqlalchemy import ColumnElement, FromClause, Select, Text, and_, literal, literal_column, or_, tuple_

from app.db.conditions import Bind, Condition
from app.db.declarations import Entity, RowT, SortKey

Position = tuple[Any, ...]
"""A row's values of the order's columns."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The part of an ordered list that is asked for: `limit` rows after and before some positions, from either end."""

    order: tuple[SortKey, ...]
    limit: int
    backward: bool = False
    after: Position | None = None
    before: Position | None = None
    inclusive: bool = False
    """Whether the rows at `after` and `before` themselves are part of it."""


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Rows in the list's order, the position of each, and whether there are more in the direction of reading."""

    rows: list[RowT]
    positions: list[Position]
    has_more: bool


def statement(entity: Entity[Any], request: PageRequest, only: Condition | None) -> Select[Any]:
    """The rows of a page in the direction of reading, and one more; the positions follow the plain fields."""
    query = entity.select(*(key.column.label(f"position_{place}") for place, key in enumerate(request.order)))
    return query.where(*conditions(request, only, entity.table)).limit(request.limit + 1)


def conditions(
    request: PageRequest, only: Condition | None, row: FromClause, bind: Bind = literal
) -> list[ColumnElement[bool]]:
    """What the rows of a page fulfill, the bound on their number aside."""
    found = [] if only is None else [only.sql(row, bind)]
    if request.after is not None:
        found.append(beyond(request.order, request.after, row, bind, inclusive=request.inclusive))
    if request.before is not None:
        found.append(beyond(reverse(request.order), request.before, row, bind, inclusive=request.inclusive))
    return found


def reading_order(request: PageRequest) -> tuple[SortKey, ...]:
    """The order that the rows are read in: from the end for the last ones."""
    return reverse(request.order) if request.backward else request.order


def reverse(order: Sequence[SortKey]) -> tuple[SortKey, ...]:
    """The same order from the other end."""
    return tuple(SortKey(key.column, descending=not key.descending) for key in order)


def clause(order: Sequence[SortKey], row: FromClause, only: Condition | None = None) -> list[ColumnElement[Any]]:
    """An order as the columns of ORDER BY, as it is best for rows that meet a condition."""
    columns = [row.c[key.column.name] for key in order]
    if only is not None and only.narrowed_column == order[0].column.name:
        # Such rows lie together in the order, which the planner doesn't know: it would walk the list from its start to
        # reach them. An expression has no index, so it finds the rows by the condition and sorts those.
        columns[0] = columns[0].concat(literal_column("''", Text()))
    return [column.desc() if key.descending else column.asc() for key, column in zip(order, columns, strict=True)]


def page(entity: Entity[RowT], request: PageRequest, rows: Sequence[Sequence[Any]]) -> Page[RowT]:
    """What the statement's rows say."""
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
    """The request whose page tells whether rows lie on the side that reading came from; None if none can.

    Those are the rows up to the cursor that reading began at, the row at the cursor included.
    """
    probe = replace(request, limit=0, backward=not request.backward, inclusive=True)
    if request.backward:
        return None if request.before is None else replace(probe, after=request.before, before=None)
    return None if request.after is None else replace(probe, after=None, before=request.after)


def beyond(
    order: Sequence[SortKey], position: Position, row: FromClause, bind: Bind, *, inclusive: bool
) -> ColumnElement[bool]:
    """The rows after a position. One direction is one row comparison, which an index answers as a range."""
    columns = [row.c[key.column.name] for key in order]
    values = [bind(value, column.type) for value, column in zip(position, columns, strict=True)]
    if len({key.descending for key in order}) == 1:
        compare = _COMPARISONS[order[0].descending, inclusive]
        return compare(tuple_(*columns), tuple_(*values))
    # Mixed directions: equal in the first columns and beyond in the next. The first comparison alone bounds the range.
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
