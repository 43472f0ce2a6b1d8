"""Look-ups across entities in a plan's statement.

References are passed as arrays, and each distinct one is read once.
"""

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
from app.db.plans.pages import Show, correlated
from app.db.plans.rendering import NULL, Piece, constant, joined, number
from app.db.plans.slots import Slots
from app.db.plans.tree import Referenced

_BY_ANY_ID = "id"


def referenced_rows(node: Referenced, slots: Slots, show: Show) -> Sequence[Piece]:
    """Return JSON of the referenced rows, in the order of the references."""
    references, bind = slots.arguments(node.slot, References), slots.bind(node.slot)
    kinds, ids, texts, places = (
        bind(value, ARRAY(kind)) for value, kind in zip(references.values, _TYPES, strict=True)
    )
    wanted = _table(f"wanted_{node.slot}", (kinds, ids, texts), ("kind", Integer()), ("id", Uuid()), ("text", Text()))

    def row_of(entity: Entity[Any], key: str) -> ColumnElement[Any]:
        row, shown = slots.row(entity.table), dict(node.choices)[entity]
        identified = row.table.c[_column(entity, key)]
        value = wanted.c.id if isinstance(identified.type, Uuid) else wanted.c.text
        return correlated(row.select(joined(show(shown, row))).where(identified == value), row.table)

    items = [_item(kind, node, row_of) for kind in references.kinds]
    choices = [(wanted.c.kind == number(place), item) for place, item in enumerate(items)]
    # CASE needs at least one branch.
    item = case(*choices) if choices else constant(NULL)
    # OFFSET keeps PostgreSQL from joining first, which would look up repeated references repeatedly.
    rows = select(wanted.c.place, item.label("item")).offset(literal_column("0")).subquery(f"found_{node.slot}")
    at = _table(f"places_{node.slot}", (places,), ("wanted", Integer()))
    in_order = aggregate_order_by(constant(","), at.c.place)
    shown = select(func.string_agg(func.coalesce(rows.c.item, constant(NULL)), in_order))
    text = shown.select_from(at.outerjoin(rows, rows.c.place == at.c.wanted)).scalar_subquery()
    return ["[", text, "]"] if node.is_list else [text]


def leads_to(node: Referenced, slots: Slots, entity: Entity[Any]) -> ColumnElement[bool]:
    """Return the condition that one of the referenced ids is that of a row of an entity."""
    references, row = slots.arguments(node.slot, References), slots.row(entity.table)
    ids = slots.bind(node.slot, _IDS)(references.values[_IDS], ARRAY(Uuid()))
    return row.select(number(1)).where(row.table.c.id == any_(ids)).exists()


_IDS = 1
"""Index of the ids among the values of References."""
_TYPES: tuple[TypeEngine[Any], ...] = (Integer(), Uuid(), Text(), Integer())


def _item(
    kind: tuple[Entity[Any], str] | None, node: Referenced, row_of: Callable[[Entity[Any], str], ColumnElement[Any]]
) -> ColumnElement[Any]:
    """Return JSON of the row that a reference of a kind finds, or null."""
    if kind is not None:
        return row_of(*kind)
    return func.coalesce(*(row_of(entity, _BY_ANY_ID) for entity, _ in node.choices), type_=Text())


def _column(entity: Entity[Any], key: str) -> str:
    return next(field.column.name for field in entity.fields if field.name == key)


def _table(name: str, arrays: Sequence[ColumnElement[Any]], *columns: tuple[str, TypeEngine[Any]]) -> TableValuedAlias:
    """Return parallel arrays as a table, numbered by `place` from 1."""
    shown = [column(label, kind) for label, kind in columns]
    return func.unnest(*arrays).table_valued(*shown, with_ordinality="place", name=name).render_derived()
