"""Rows of several entities in a plan's statement: what is wanted comes as arrays, and is looked up once however often it is named."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    TableValuedAlias,
    Text,
    Uuid,
    any_,
    case,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.types import TypeEngine

from app.db.arguments import References
from app.db.declarations import Entity
from app.db.plans.pages import Show, beneath
from app.db.plans.rendering import NULL, Piece, constant, joined, number
from app.db.plans.slots import Slots
from app.db.plans.tree import Found

_BY_ANY_ID = "id"


def found_of(node: Found, slots: Slots, show: Show) -> Sequence[Piece]:
    """The rows that references lead to, in the references' order."""
    asked, bind = slots.asked(node.slot, References), slots.bind(node.slot)
    kinds, ids, texts, places = (bind(value, ARRAY(kind)) for value, kind in zip(asked.values, _TYPES, strict=True))
    wanted = _table(f"wanted_{node.slot}", (kinds, ids, texts), ("kind", Integer()), ("id", Uuid()), ("text", Text()))

    def row_of(entity: Entity[Any], key: str) -> ColumnElement[Any]:
        row, shown = slots.row(entity.table), dict(node.choices)[entity]
        identified = row.table.c[_column(entity, key)]
        value = wanted.c.id if isinstance(identified.type, Uuid) else wanted.c.text
        return beneath(row.select(joined(show(shown, row))).where(identified == value), row.table)

    items = [_item(kind, node, row_of) for kind in asked.kinds]
    choices = [(wanted.c.kind == number(at), each) for at, each in enumerate(items)]
    # Where nothing is wanted, there is nothing to choose from.
    item = case(*choices) if choices else constant(NULL)
    # The offset keeps the server from joining first, and then looking up what is repeated again and again.
    rows = select(wanted.c.place, item.label("item")).offset(literal_column("0")).subquery(f"found_{node.slot}")
    at = _table(f"places_{node.slot}", (places,), ("wanted", Integer()))
    in_order = aggregate_order_by(constant(","), at.c.place)
    shown = select(func.string_agg(func.coalesce(rows.c.item, constant(NULL)), in_order))
    text = shown.select_from(at.outerjoin(rows, rows.c.place == at.c.wanted)).scalar_subquery()
    return ["[", text, "]"] if node.is_list else [text]


def leads_to(node: Found, slots: Slots, entity: Entity[Any]) -> ColumnElement[bool]:
    """Whether one of the ids that are asked for, whatever they are ids of, is that of a row of an entity."""
    asked, row = slots.asked(node.slot, References), slots.row(entity.table)
    ids = slots.bind(node.slot, _IDS)(asked.values[_IDS], ARRAY(Uuid()))
    return row.select(number(1)).where(row.table.c.id == any_(ids)).exists()


_IDS = 1
"""The place of the ids among the values of references."""
_TYPES: tuple[TypeEngine[Any], ...] = (Integer(), Uuid(), Text(), Integer())


def _item(
    kind: tuple[Entity[Any], str] | None, node: Found, row_of: Callable[[Entity[Any], str], ColumnElement[Any]]
) -> ColumnElement[Any]:
    """The row that a value of some kind leads to, as JSON, or null."""
    if kind is not None:
        return row_of(*kind)
    return func.coalesce(*(row_of(entity, _BY_ANY_ID) for entity, _ in node.choices), type_=Text())


def _column(entity: Entity[Any], key: str) -> str:
    return next(field.column.name for field in entity.fields if field.name == key)


def _table(name: str, arrays: Sequence[ColumnElement[Any]], *columns: tuple[str, TypeEngine[Any]]) -> TableValuedAlias:
    """Arrays side by side as a table, numbered by `place` from 1."""
    shown = [column(each, kind) for each, kind in columns]
    return func.unnest(*arrays).table_valued(*shown, with_ordinality="place", name=name).render_derived()
