"""Compilation of the edges of rows that the service holds to one statement, for payloads and events."""

from collections.abc import Callable, Collection, Sequence
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Uuid,
    and_,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, aggregate_order_by
from sqlalchemy.sql.elements import Grouping

from app.db.arguments import Arguments, HeldRows
from app.db.plans.rendering import constant, joined, number
from app.db.plans.slots import Slots
from app.db.plans.statement import Builder, Statement, compiled, in_utf8
from app.db.plans.tree import Held

PAGE_BYTES = 1_000_000
"""Size from which on the JSON of rows is not put together with that of further ones, in bytes."""
_PAGE_SECONDS = 1
"""Time after which no further row is begun, in seconds."""

Edges = Callable[[Held, Slots, Builder], Sequence[ColumnElement[Any]]]


def held_statement(
    held: Sequence[Held], arguments: tuple[Arguments, ...], fixed_limits: Collection[int], *, json_scalar: bool = False
) -> Statement:
    """Return a statement with a column for each edge: an array with the JSON of all rows, in their order."""
    return _statement(_edges, held, arguments, fixed_limits, json_scalar=json_scalar)


def page_statement(
    held: Sequence[Held], arguments: tuple[Arguments, ...], fixed_limits: Collection[int], *, json_scalar: bool = False
) -> Statement:
    """Return a statement like `held_statement`, but with the first rows only: until they fill a page or take long.

    At least one row of each node is shown. PostgreSQL doesn't read the others.
    """
    return _statement(_first_edges, held, arguments, fixed_limits, json_scalar=json_scalar)


def _statement(
    edges_of: Edges,
    held: Sequence[Held],
    arguments: tuple[Arguments, ...],
    fixed_limits: Collection[int],
    *,
    json_scalar: bool,
) -> Statement:
    slots = Slots(arguments, fixed_limits)
    builder = Builder(slots)
    columns = [edge for node in held for edge in edges_of(node, slots, builder)]
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


def _first_edges(node: Held, slots: Slots, builder: Builder) -> Sequence[ColumnElement[Any]]:
    """Return the edges of the first rows. Each step of a recursive query adds a row, and the last step ends it.

    A sum of lengths as a window would bound what is returned, but PostgreSQL would write the JSON of all rows for it.
    """
    rows, bind = slots.arguments(node.slot, HeldRows), slots.bind(node.slot)
    # In parentheses: behind the parameter's cast, an index would be part of the type.
    ids = [Grouping(bind(values, ARRAY(Uuid()))) for values in rows.values]
    names = [f"edge_{at}" for at in range(len(node.edges))]
    nothing = [cast(constant(""), BYTEA()).label(name) for name in names]
    start = [number(0).label("place"), cast(number(0), BigInteger()).label("size")]
    last = select(*start, *nothing).cte(f"page_{node.slot}", recursive=True)

    size = reduce(add, (func.octet_length(last.c[name], type_=Integer()) for name in names), last.c.size)
    late = literal_column(f"statement_timestamp() + interval '{_PAGE_SECONDS} seconds'", DateTime(timezone=True))
    has_room = or_(last.c.place == number(0), and_(size < number(PAGE_BYTES), func.clock_timestamp() < late))
    place = last.c.place + number(1)
    keys = [array[place].label(key) for key, array in zip(rows.keys, ids, strict=True)]
    following = select(place.label("place"), size.label("size"), *keys)
    following = following.where(last.c.place < func.cardinality(ids[0], type_=Integer()), has_room)

    row = slots.lone(following.subquery(f"held_{node.slot}"))
    shown = [
        in_utf8(joined(builder.value(edge, row))).label(name) for edge, name in zip(node.edges, names, strict=True)
    ]
    page = last.union_all(row.select(row.table.c.place, row.table.c.size, *shown))
    arrays = [func.array_agg(aggregate_order_by(page.c[name], page.c.place)).label(name) for name in names]
    of_all = select(*arrays).where(page.c.place > number(0)).subquery()
    slots.root_rows.append(of_all)
    return [*of_all.c]
