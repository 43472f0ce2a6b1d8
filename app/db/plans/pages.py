"""Connections in a plan's statement: nodes, edges, cursors, page info and total count."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    Text,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from app.db import paging
from app.db.arguments import CountArguments, PageArguments
from app.db.paging import PageRequest
from app.db.plans.cursors import cursor_of, position_of
from app.db.plans.rendering import NULL, Piece, constant, joined, json_object, merged, number
from app.db.plans.row import Row
from app.db.plans.slots import Slots
from app.db.plans.tree import Connection, Constant, Cursor, Edges, JsonMembers, Nodes, PageInfo, TotalCount

_NEXT, _PREVIOUS, _START, _END = "has_next_page", "has_previous_page", "start_cursor", "end_cursor"

Show = Callable[[JsonMembers, Row], list[Piece]]
Part = Nodes | Edges | PageInfo | TotalCount | Constant


def correlated(query: Select[Any], table: FromClause) -> ColumnElement[Any]:
    """Return a query as a scalar subquery, correlated with all tables except its own `table`."""
    return query.correlate_except(table).scalar_subquery()


def belonging(row: Row, key: Column[Any] | None, parent: Row | None) -> list[ColumnElement[bool]]:
    """Return the condition that a row belongs to its parent row; empty at the root."""
    return [] if key is None or parent is None else [row.table.c[key.name] == parent.table.c.id]


def page_of(node: Connection, parent: Row | None, slots: Slots, show: Show) -> list[Piece]:
    """Return JSON of a connection of a row, or of the root."""
    return _Page(node, parent, slots, show).pieces()


class _Page:
    """Builds one connection. Rows are read once, and every part aggregates one of their columns."""

    def __init__(self, node: Connection, parent: Row | None, slots: Slots, show: Show) -> None:
        self._node, self._parent, self._slots, self._show = node, parent, slots, show
        self._arguments = slots.arguments(node.slot, PageArguments)
        self._request = self._arguments.request
        self._row = slots.row(node.entity.table)
        self._table = self._row.table
        self._limit = slots.limit(node.slot, self._request.limit, self._arguments.places[-1])
        shown = {name for _, part in node.parts if isinstance(part, PageInfo) for _, name in part.members}
        self._reads_one_more = (_PREVIOUS if self._request.backward else _NEXT) in shown
        self._names_ends = bool(shown & {_START, _END})

    def pieces(self) -> list[Piece]:
        """Return the connection as a JSON object."""
        columns = self._columns()
        if not columns and not self._reads_one_more:
            return self._parts(self._table)
        page = self._rows(columns).correlate_except(self._table).subquery()
        if self._parent is not None:
            return [correlated(select(joined(self._parts(page))).select_from(page), page)]
        return self._apart(merged(self._parts(page)), page)

    def _apart(self, pieces: Sequence[Piece], page: FromClause) -> list[Piece]:
        """Return the pieces as columns of one row that is joined at the root, so that each can be returned as it is."""
        parts = [piece for piece in pieces if not isinstance(piece, str)]
        row = select(*(part.label(f"part_{place}") for place, part in enumerate(parts))).select_from(page).subquery()
        self._slots.root_rows.append(row)
        columns = iter(row.c)
        return [piece if isinstance(piece, str) else next(columns) for piece in pieces]

    def _parts(self, page: FromClause) -> list[Piece]:
        parts = enumerate(self._node.parts)
        return json_object((key, self._part(part, place, page)) for place, (key, part) in parts)

    def _columns(self) -> dict[str, ColumnElement[str]]:
        """Return the columns that the parts aggregate."""
        items: dict[int, list[Piece]] = {}
        for place, (_, part) in enumerate(self._node.parts):
            if isinstance(part, Nodes):
                items[place] = self._show(part.shown, self._row)
            elif isinstance(part, Edges):
                items[place] = json_object((name, self._of_edge(member)) for name, member in part.members)
        # Numbered, because PostgreSQL truncates long names and response keys can be long.
        columns = {f"shown_{place}": joined(pieces) for place, pieces in items.items()}
        return {**columns, "position": self._position()} if self._names_ends else columns

    def _rows(self, columns: Mapping[str, ColumnElement[str]]) -> Select[Any]:
        """Return a query for the page's rows in the direction of reading, plus one row if `has…Page` is selected."""
        order = paging.clause(paging.reading_order(self._request), self._table, self._arguments.only)
        place = func.row_number().over(order_by=order)
        if self._reads_one_more:
            columns = {name: case((place <= self._limit, column)) for name, column in columns.items()}
        if self._request.backward or self._names_ends or not columns:
            columns = {**columns, "place": place}
        limit = self._limit + number(1) if self._reads_one_more else self._limit
        query = self._row.select(*(column.label(name) for name, column in columns.items()))
        between = self._between(self._request, self._table, self._arguments.places[0])
        return query.where(*self._belonging(self._row), *between).order_by(*order).limit(limit)

    def _part(self, part: Part, place: int, page: FromClause) -> Sequence[Piece]:
        match part:
            case Constant():
                return [part.json]
            case TotalCount():
                return [cast(self._count(part.slot), Integer)]
            case PageInfo():
                return json_object((name, self._page_info(member, page)) for name, member in part.members)
            case _:
                column, comma = page.c[f"shown_{place}"], constant(",")
                last_first = aggregate_order_by(comma, page.c.place.desc()) if self._request.backward else comma
                return ["[", func.string_agg(column, last_first, type_=Text()), "]"]

    def _of_edge(self, member: Nodes | Cursor | Constant) -> Sequence[Piece]:
        match member:
            case Constant():
                return [member.json]
            case Cursor():
                return [self._cursor(self._position())]
            case Nodes():
                return self._show(member.shown, self._row)

    def _page_info(self, member: str | Constant, page: FromClause) -> Sequence[Piece]:
        if isinstance(member, Constant):
            return [member.json]
        if member in {_START, _END}:
            # `place` counts in the direction of reading.
            is_first_read = (member == _START) is not self._request.backward
            shown = func.least(func.count(), self._limit, type_=Integer())
            positions = func.array_agg(aggregate_order_by(page.c.position, page.c.place), type_=ARRAY(Text))
            place = func.least(number(1), shown, type_=Integer()) if is_first_read else shown
            return [func.coalesce(self._cursor(positions[place]), constant(NULL))]
        reads_on = (member == _PREVIOUS) is self._request.backward
        return [_boolean(func.count() > self._limit if reads_on else self._other_side())]

    def _other_side(self) -> ColumnElement[bool]:
        """Return the condition that there are rows before the page, in the direction of reading."""
        probe = paging.other_side(self._request)
        if probe is None:
            return literal_column("false")
        row = self._slots.row(self._node.entity.table)
        after, before, _ = self._arguments.places
        beyond = self._between(probe, row.table, before if self._request.backward else after)
        query = row.select(number(1)).where(*self._belonging(row), *beyond)
        return query.correlate_except(row.table).exists()

    def _count(self, slot: int) -> ColumnElement[int]:
        # A page stops at its limit, but a count may read thousands of matching rows.
        self._slots.plan_for_values |= self._arguments.only is not None
        row = self._slots.row(self._node.entity.table)
        at_most = self._slots.limit(slot, self._slots.arguments(slot, CountArguments).at_most, 0)
        query = row.select(number(1).label("one")).where(*self._belonging(row), *self._only(row.table)).limit(at_most)
        order = paging.counting_order(self._request.order, row.table, self._arguments.only)
        counted = query.order_by(*order).correlate_except(row.table).subquery()
        return correlated(select(func.count()).select_from(counted), counted)

    def _belonging(self, row: Row) -> list[ColumnElement[bool]]:
        return belonging(row, self._node.key, self._parent)

    def _only(self, table: FromClause) -> list[ColumnElement[bool]]:
        only = self._arguments.only
        return [] if only is None else [only.sql(table, self._slots.bind(self._node.slot))]

    def _between(self, request: PageRequest, table: FromClause, place: int) -> list[ColumnElement[bool]]:
        """Return the conditions on a page's rows; the values of its first position are at `place`."""
        bind, bind_positions = self._slots.bind(self._node.slot), self._slots.bind(self._node.slot, place)
        return paging.conditions(request, self._arguments.only, table, bind, bind_positions)

    def _position(self) -> ColumnElement[str]:
        return position_of(self._request.order, self._table)

    def _cursor(self, position: ColumnElement[str]) -> ColumnElement[str]:
        """Return the cursor of a position, in quotes, or null."""
        last = len(self._arguments.values) - 1
        return cursor_of(self._slots.bind(self._node.slot, last)(self._arguments.identity, LargeBinary()), position)


def _boolean(condition: ColumnElement[bool]) -> ColumnElement[str]:
    return case((condition, constant("true")), else_=constant("false"))
