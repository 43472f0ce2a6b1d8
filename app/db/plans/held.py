"""Compilation of the edges of rows that the service holds to one statement, for payloads of mutations."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Uuid, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from app.db.arguments import Arguments, HeldRows
from app.db.plans.rendering import joined
from app.db.plans.slots import Slots
from app.db.plans.statement import Builder, Statement, compiled, in_utf8
from app.db.plans.tree import Held


def held_statement(
    held: Sequence[Held], arguments: tuple[Arguments, ...], fixed_limits: Collection[int], *, json_scalar: bool = False
) -> Statement:
    """Return a statement with a column for each edge: an array with the JSON of all rows, in their order."""
    slots = Slots(arguments, fixed_limits)
    builder = Builder(slots)
    columns = [edge for node in held for edge in _edges(node, slots, builder)]
    return compiled(slots, columns, (), json_scalar=json_scalar)


def _edges(node: Held, slots: Slots, builder: Builder) -> Sequence[ColumnElement[Any]]:
    rows, bind = slots.arguments(node.slot, HeldRows), slots.bind(node.slot)
    ids = [bind(values, ARRAY(Uuid())) for values in rows.values]
    given = func.unnest(*ids).table_valued(
        *(column(key, Uuid()) for key in rows.keys), with_ordinality="place", name=f"held_{node.slot}"
    )
    row = slots.derived(given.render_derived())
    shown = [in_utf8(joined(builder.value(edge, row))).label(f"edge_{at}") for at, edge in enumerate(node.edges)]
    of_each = row.select(row.table.c.place, *shown).subquery()
    arrays = [
        func.array_agg(aggregate_order_by(of_each.c[edge.name], of_each.c.place)).label(edge.name) for edge in shown
    ]
    of_all = select(*arrays).subquery()
    slots.root_rows.append(of_all)
    return [*of_all.c]
