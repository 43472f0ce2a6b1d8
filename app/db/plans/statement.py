"""A plan's tree becomes one statement that answers with JSON, from the declarations that the loaders run on.

Every edge is a subquery of the row that it starts from, so the statement reads what the loaders would read, by the same
indexes, at one moment. Values are parameters; the tree and the shapes of its arguments alone decide the SQL.
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
from app.db.plans.pages import belonging, beneath, page_of
from app.db.plans.rendering import NULL, Piece, constant, failure, joined, object_of, value_of
from app.db.plans.row import Row
from app.db.plans.slots import Slots
from app.db.plans.tree import Connection, Constant, Found, Listing, Lookup, Members, Node, Plain, Single
from app.db.read_session import COMPANY

_DIALECT = asyncpg.dialect()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL that answers with one row of one column: the whole answer's JSON in UTF-8; or with no row, where the session's company is another."""

    sql: str
    order: tuple[int | None, ...]
    """For each parameter its place among the values of all slots; None is the company."""
    plan_for_values: bool
    """Whether the server should plan it for its values."""

    def parameters(self, company_id: UUID, values: Sequence[object]) -> list[object]:
        """The parameters, in order."""
        return [company_id if place is None else values[place] for place in self.order]


def statement(
    shown: Members,
    arguments: tuple[Arguments, ...],
    fixed_limits: Collection[int],
    hidden: Collection[Entity[Any]] = (),
) -> Statement:
    """The statement of a tree for arguments of these shapes; the slots of `fixed_limits` are bounded alike in every request.

    Its answer is null where an id leads to a row of a hidden entity.
    """
    slots = Slots(arguments, fixed_limits)
    answer = func.convert_to(joined(['{"data":', *_Builder(slots).members(shown, None), "}"]), constant("UTF8"))
    found = [node for _, node in shown if isinstance(node, Found)]
    guards = [leads_to(node, slots, entity) for node in found for entity in hidden]
    # A setting of the session, which a pooler in between could have given to another: then nothing is answered.
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
    """Builds one statement from the leaves of its tree to the root."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def members(self, shown: Members, row: Row | None) -> list[Piece]:
        """An object that shows these members of a row; of none at the root."""
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
        row, condition = self._slots.row(node.entity.table), self._slots.asked(node.slot, Key).condition
        query = row.select(joined(self.members(node.shown, row)))
        return beneath(query.where(condition.sql(row.table, self._slots.bind(node.slot))), row.table)

    def _listing(self, node: Listing, parent: Row | None) -> ColumnElement[Any]:
        asked, row = self._slots.asked(node.slot, ListArguments), self._slots.row(node.entity.table)
        table = row.table
        query = row.select(joined(self.members(node.shown, row)).label("item")).where(*belonging(row, node.key, parent))
        if asked.only is not None:
            query = query.where(asked.only.sql(table, self._slots.bind(node.slot)))
        limit = self._slots.limit(node.slot, asked.limit, len(asked.values) - 1)
        items = query.order_by(*paging.clause(node.order, table, asked.only)).limit(limit)
        # An aggregate takes the rows of a sorted subquery in their order.
        in_order = items.correlate_except(table).subquery()
        return beneath(select(func.string_agg(in_order.c.item, constant(","))), in_order)
