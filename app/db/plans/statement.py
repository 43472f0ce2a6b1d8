"""Compilation of a plan's tree to one statement that returns JSON, from the same declarations that loaders use.

Each edge is a subquery of the row that it starts from, so the statement reads the same rows as the loaders, through the
same indexes, in one snapshot. Only the tree and the shapes of its arguments determine the SQL; values are parameters.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, case, cast, func, literal_column, null, or_, select, true
from sqlalchemy.sql.compiler import FROM_LINTING

from app.db import paging
from app.db.arguments import Arguments, Key, ListArguments
from app.db.declarations import Entity
from app.db.plans.found import found_of, leads_to
from app.db.plans.pages import belonging, correlated, page_of
from app.db.plans.rendering import (
    NULL,
    Piece,
    constant,
    failure,
    joined,
    json_dialect,
    merged,
    object_of,
    value_of,
)
from app.db.plans.row import Row
from app.db.plans.slots import Slots
from app.db.plans.tree import Connection, Constant, Found, Listing, Lookup, Members, Node, Plain, Single
from app.db.read_session import COMPANY

_DIALECTS = {json_scalar: json_dialect(json_scalar=json_scalar) for json_scalar in (False, True)}
_MOST_COLUMNS = 100
_AROUND_ONE = 2
"""Number of constants around one column."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that returns one row with the parts of the response's JSON, or no row if the session is another company's.

    A part is UTF-8 in a column of its own, because PostgreSQL would copy wide parts to join them with constant JSON.
    """

    sql: str
    constants: tuple[bytes, ...]
    """The JSON before, between and after the columns; empty if the only column is the response, or null for none."""
    order: tuple[int | None, ...]
    """For each parameter, its index among the values of all slots; None for the company."""
    plan_for_values: bool
    """Whether PostgreSQL should make a custom plan."""

    def answer(self, row: Sequence[bytes | None]) -> bytes | None:
        """Return the response that a row makes."""
        constants = self.constants
        if not constants:
            return row[0]
        if len(constants) == _AROUND_ONE:
            return b"%b%b%b" % (constants[0], row[0] or b"", constants[1])
        columns = [column or b"" for column in row]
        return b"".join(chain.from_iterable(zip(constants, [*columns, b""], strict=True)))

    def parameters(self, company_id: UUID, values: Sequence[object]) -> list[object]:
        """Return the parameters, in order."""
        return [company_id if place is None else values[place] for place in self.order]


def statement(
    shown: Members,
    arguments: tuple[Arguments, ...],
    fixed_limits: Collection[int],
    hidden: Collection[Entity[Any]] = (),
    *,
    json_scalar: bool = False,
) -> Statement:
    """Return the statement of a tree for arguments of these shapes; see Slots for `fixed_limits`.

    Its response is None if an id refers to a row of a hidden entity. `json_scalar`: the server has JSON_SCALAR.
    """
    slots = Slots(arguments, fixed_limits)
    pieces = merged(['{"data":', *_Builder(slots).members(shown, None), "}"])
    found = [node for _, node in shown if isinstance(node, Found)]
    guards = [leads_to(node, slots, entity) for node in found for entity in hidden]
    # Behind a misconfigured pooler the session's company could be another client's; then no row is returned.
    company = func.current_setting(constant("app.company_id"), literal_column("true"))
    parts = [piece for piece in pieces if not isinstance(piece, str)]
    if guards or not 0 < len(parts) <= _MOST_COLUMNS:
        answer = _in_utf8(joined(pieces))
        columns = [case((or_(*guards), null()), else_=answer) if guards else answer]
        constants = ()
    else:
        columns = [_in_utf8(part) for part in parts]
        constants = _around(pieces)
    query = select(*columns)
    if slots.root_rows:
        query = query.select_from(reduce(lambda rows, row: rows.join(row, true()), slots.root_rows))
    query = query.where(company == cast(bindparam(COMPANY, type_=Uuid()), Text))
    compiled = query.compile(dialect=_DIALECTS[json_scalar], linting=FROM_LINTING)
    places = {COMPANY: None, **slots.places()}
    return Statement(
        str(compiled),
        constants,
        tuple(places[name] for name in compiled.positiontup or ()),
        plan_for_values=slots.plan_for_values,
    )


def _in_utf8(part: ColumnElement[Any]) -> ColumnElement[bytes]:
    """Return a part of the response as bytes, which the driver doesn't decode."""
    # PostgreSQL returns the same memory if the database is in UTF-8.
    return func.convert_to(part if isinstance(part.type, Text) else joined([part]), constant("UTF8"))


def _around(pieces: Sequence[Piece]) -> tuple[bytes, ...]:
    """Return the constants before, between and after the other pieces."""
    constants: list[str] = [""]
    for piece in pieces:
        if isinstance(piece, str):
            constants[-1] += piece
        else:
            constants.append("")
    return tuple(text.encode() for text in constants)


class _Builder:
    """Builds a statement from the leaves of its tree to the root."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def members(self, shown: Members, row: Row | None) -> list[Piece]:
        """Return a JSON object with these members of a row, or of the root."""
        return object_of((key, self._value(node, row)) for key, node in shown)

    def _value(self, node: Node, row: Row | None) -> Sequence[Piece]:  # noqa: PLR0911 - one per kind of node
        match node:
            case Constant():
                return [node.json]
            case Lookup():
                return [func.coalesce(self._lookup(node), constant(NULL))]
            case Plain() if row is not None:
                return value_of(node.field, row, node.names)
            case Single() if row is not None:
                other = row.joined(node.key, node.entity.table)
                shown = other.column(joined(self.members(node.shown, other.row)))
                return [func.coalesce(shown, failure() if node.required else constant(NULL))]
            case Listing():
                return ["[", self._listing(node, row), "]"]
            case Connection():
                return page_of(node, row, self._slots, self.members)
            case Found():
                return found_of(node, self._slots, self.members)
            case Plain() | Single():
                msg = "only a row has plain fields and edges to one row"
                raise TypeError(msg)

    def _lookup(self, node: Lookup) -> ColumnElement[Any]:
        row, condition = self._slots.row(node.entity.table), self._slots.arguments(node.slot, Key).condition
        query = row.select(joined(self.members(node.shown, row)))
        return correlated(query.where(condition.sql(row.table, self._slots.bind(node.slot))), row.table)

    def _listing(self, node: Listing, parent: Row | None) -> ColumnElement[Any]:
        arguments, row = self._slots.arguments(node.slot, ListArguments), self._slots.row(node.entity.table)
        table = row.table
        query = row.select(joined(self.members(node.shown, row)).label("item")).where(*belonging(row, node.key, parent))
        if arguments.only is not None:
            query = query.where(arguments.only.sql(table, self._slots.bind(node.slot)))
        limit = self._slots.limit(node.slot, arguments.limit, len(arguments.values) - 1)
        items = query.order_by(*paging.clause(node.order, table, arguments.only)).limit(limit)
        # An aggregate reads a sorted subquery in its order.
        in_order = items.correlate_except(table).subquery()
        return correlated(select(func.string_agg(in_order.c.item, constant(","), type_=Text())), in_order)
