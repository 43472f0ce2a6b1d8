"""Compilation of a plan's tree to one statement that returns JSON, from the same declarations that loaders use.

Each edge is a subquery of the row that it starts from, so the statement reads the same rows as the loaders, through the
same indexes, in one snapshot. Only the tree and the shapes of its arguments determine the SQL; values are parameters.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, cast, func, literal_column, not_, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.compiler import FROM_LINTING

from app.db import paging
from app.db.arguments import Arguments, Key, ListArguments
from app.db.declarations import Entity
from app.db.plans.cursors import feed_cursor
from app.db.plans.pages import belonging, correlated, page_of
from app.db.plans.referenced import leads_to, referenced_rows
from app.db.plans.rendering import (
    NULL,
    Piece,
    constant,
    failure,
    joined,
    json_dialect,
    json_object,
    merged,
    value_of,
)
from app.db.plans.row import Row
from app.db.plans.slots import Slots
from app.db.plans.tree import (
    Connection,
    Constant,
    EmbeddedList,
    FeedCursor,
    Given,
    Inline,
    JsonMembers,
    Listing,
    Lookup,
    Plain,
    PlanNode,
    Referenced,
    Single,
)
from app.db.read_session import COMPANY

_DIALECTS = {json_scalar: json_dialect(json_scalar=json_scalar) for json_scalar in (False, True)}
_MOST_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that returns one row with the parts of the response's JSON, or no row if the session is another company's.

    Each part is a separate column in UTF-8, because PostgreSQL would copy wide parts to join them with constant JSON.
    """

    sql: str
    parts: tuple[bytes | int | Given, ...]
    """The response: constant JSON, indices of columns, and what the credential determines."""
    order: tuple[int | None, ...]
    """For each parameter, its index among the values of all slots; None for the company."""
    plan_for_values: bool
    """Whether PostgreSQL should make a custom plan."""
    is_guarded: bool
    """Whether the last column tells that no id refers to a row of a hidden entity."""

    def answer(self, row: Sequence[Any], given: Callable[[str], bytes]) -> bytes | None:
        """Return the response that a row makes, or None; `given` returns what the credential determines, as JSON."""
        if self.is_guarded and not row[-1]:
            return None
        return b"".join(
            [
                part if isinstance(part, bytes) else (row[part] or b"") if isinstance(part, int) else given(part.name)
                for part in self.parts
            ]
        )

    def parameters(self, company_id: UUID, values: Sequence[object]) -> list[object]:
        """Return the parameters, in order."""
        return [company_id if place is None else values[place] for place in self.order]


def statement(
    shown: JsonMembers,
    arguments: tuple[Arguments, ...],
    fixed_limits: Collection[int],
    hidden: Collection[Entity[Any]] = (),
    *,
    json_scalar: bool = False,
) -> Statement:
    """Return the statement of a tree for arguments of these shapes; see Slots for `fixed_limits`.

    It has no response if an id refers to a row of a hidden entity. `json_scalar`: the server has JSON_SCALAR.
    """
    slots = Slots(arguments, fixed_limits)
    pieces = merged(['{"data":', *Builder(slots).root(shown), "}"])
    found = [node for _, node in shown if isinstance(node, Referenced)]
    guards = [leads_to(node, slots, entity) for node in found for entity in hidden]
    pieces = _few(pieces)
    columns: list[ColumnElement[Any]] = [in_utf8(piece) for piece in pieces if isinstance(piece, ColumnElement)]
    if guards:
        columns.append(not_(or_(*guards)))
    return compiled(slots, columns, _parts(pieces), json_scalar=json_scalar, is_guarded=bool(guards))


def compiled(
    slots: Slots,
    columns: Sequence[ColumnElement[Any]],
    parts: tuple[bytes | int | Given, ...],
    *,
    json_scalar: bool,
    is_guarded: bool = False,
) -> Statement:
    """Return the statement of columns that returns no row if the session is another company's."""
    # Behind a misconfigured pooler the session's company could be another client's; then no row is returned.
    company = func.current_setting(constant("app.company_id"), literal_column("true"))
    query = select(*columns)
    if slots.root_rows:
        query = query.select_from(reduce(lambda rows, row: rows.join(row, true()), slots.root_rows))
    query = query.where(company == cast(bindparam(COMPANY, type_=Uuid()), Text))
    made = query.compile(dialect=_DIALECTS[json_scalar], linting=FROM_LINTING)
    places = {COMPANY: None, **slots.places()}
    return Statement(
        str(made),
        parts,
        tuple(places[name] for name in made.positiontup or ()),
        plan_for_values=slots.plan_for_values,
        is_guarded=is_guarded,
    )


def in_utf8(part: ColumnElement[Any]) -> ColumnElement[bytes]:
    """Return a part of the response as bytes, which the driver doesn't decode."""
    # PostgreSQL returns the same memory if the database is in UTF-8.
    return func.convert_to(part if isinstance(part.type, Text) else joined([part]), constant("UTF8"))


def _few(pieces: list[Piece | Given]) -> list[Piece | Given]:
    """Return the pieces, joined between those that the credential determines if they would be too many columns."""
    if sum(isinstance(piece, ColumnElement) for piece in pieces) <= _MOST_COLUMNS:
        return pieces
    few: list[Piece | Given] = []
    run: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Given):
            few += [joined(run), piece]
            run = []
        else:
            run.append(piece)
    return [*few, joined(run)]


def _parts(pieces: Sequence[Piece | Given]) -> tuple[bytes | int | Given, ...]:
    places = count()
    return tuple(
        piece.encode() if isinstance(piece, str) else piece if isinstance(piece, Given) else next(places)
        for piece in pieces
    )


class Builder:
    """Builds a statement from the leaves of its tree to the root."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def root(self, shown: JsonMembers) -> list[Piece | Given]:
        """Return a JSON object with these members of the root."""
        return json_object((key, self._at_root(node)) for key, node in shown)

    def members(self, shown: JsonMembers, row: Row) -> list[Piece]:
        """Return a JSON object with these members of a row."""
        return json_object((key, self.value(node, row)) for key, node in shown)

    def _at_root(self, node: PlanNode) -> Sequence[Piece | Given]:
        match node:
            case Given():
                return [node]
            case Inline():
                return self.root(node.shown)
            case _:
                return self.value(node, None)

    def value(self, node: PlanNode, row: Row | None) -> Sequence[Piece]:  # noqa: C901, PLR0911 - one per kind of node
        """Return the JSON of a field or edge of a row, or of the root."""
        match node:
            case Constant():
                return [node.json]
            case Lookup():
                return [func.coalesce(self._lookup(node), constant(NULL))]
            case Plain() if row is not None:
                return value_of(node, row)
            case Single() if row is not None:
                other = row.joined(node.key, node.entity.table)
                shown = other.column(joined(self.members(node.shown, other.row)))
                return [func.coalesce(shown, failure() if node.required else constant(NULL))]
            case Listing():
                return ["[", self._listing(node, row), "]"]
            case EmbeddedList() if row is not None:
                return ["[", self._embedded(node, row), "]"]
            case Connection():
                return page_of(node, row, self._slots, self.members)
            case FeedCursor():
                return [feed_cursor(node, self._slots)]
            case Referenced():
                return referenced_rows(node, self._slots, self.members)
            case Plain() | Single() | EmbeddedList():
                msg = "only a row has plain fields, edges to one row, and objects in a column"
                raise TypeError(msg)
            case Given() | Inline():
                msg = "only the root has what the credential determines"
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

    def _embedded(self, node: EmbeddedList, parent: Row) -> ColumnElement[Any]:
        row = self._slots.derived(node.objects.select(parent.table).subquery())
        in_order = aggregate_order_by(constant(","), node.objects.order(row.table))
        listed = func.string_agg(joined(self.members(node.shown, row)), in_order, type_=Text())
        return correlated(row.select(listed), row.table)
