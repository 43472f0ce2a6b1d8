"""Compilation of a plan's tree to one statement that returns JSON, from the same declarations that loaders use.

Each edge is a subquery of the row that it starts from, so the statement reads the same rows as the loaders, through the
same indexes, in one snapshot. Only the tree and the shapes of its arguments determine the SQL; values are parameters.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, case, cast, func, literal_column, null, or_, select
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.compiler import FROM_LINTING

from app.db import paging
from app.db.arguments import Arguments, Key, ListArguments
from app.db.declarations import Entity
from app.db.plans.found import found_of, leads_to
from app.db.plans.pages import belonging, correlated, page_of
from app.db.plans.rendering import NULL, Piece, constant, failure, joined, object_of, value_of
from app.db.plans.row import Row
from app.db.plans.slots import Slots
from app.db.plans.tree import Connection, Constant, Found, Listing, Lookup, Members, Node, Plain, Single
from app.db.read_session import COMPANY

_DIALECT = asyncpg.dialect()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that returns one row with the response's JSON in UTF-8, or no row if the session is another company's."""

    sql: str
    order: tuple[int | None, ...]
    """For each parameter, its index among the values of all slots; None for the company."""
    plan_for_values: bool
    """Whether PostgreSQL should make a custom plan."""

    def parameters(self, company_id: UUID, values: Sequence[object]) -> list[object]:
        """Return the parameters, in order."""
        return [company_id if place is None else values[place] for place in self.order]


def statement(
    shown: Members,
    arguments: tuple[Arguments, ...],
    fixed_limits: Collection[int],
    hidden: Collection[Entity[Any]] = (),
) -> Statement:
    """Return the statement of a tree for arguments of these shapes; see Slots for `fixed_limits`.

    Its result is null if an id refers to a row of a hidden entity.
    """
    slots = Slots(arguments, fixed_limits)
    answer = func.convert_to(joined(['{"data":', *_Builder(slots).members(shown, None), "}"]), constant("UTF8"))
    found = [node for _, node in shown if isinstance(node, Found)]
    guards = [leads_to(node, slots, entity) for node in found for entity in hidden]
    # Behind a misconfigured pooler the session's company could be another client's; then no row is returned.
    company = func.current_setting(constant("app.company_id"), literal_column("true"))
    query = select(case((or_(*guards), null()), else_=answer) if guards else answer).where(
        company == cast(bindparam(COMPANY, type_=Uuid()), Text)
    )
    compiled = query.compile(dialect=_DIALECT, linting=FROM_LINTING)
    places = {COMPANY: None, **slots.places()}
    return Statement(
        str(compiled),
        tuple(places[name] for name in compiled.positiontup or ()),
        plan_for_values=slots.plan_for_values,
    )


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
        return correlated(select(func.string_agg(in_order.c.item, constant(","))), in_order)
