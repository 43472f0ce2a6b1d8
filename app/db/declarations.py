"""What the graph is declared with: entities and their plain fields, edges and their orders, and the wall around every statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.db.database import COMPANY
from app.db.tables import companies

RowT = TypeVar("RowT", bound=NamedTuple)


class Render(Enum):
    """How a plain field's value is written in an answer."""

    TEXT = auto()
    """A JSON string; enumerations are stored as they are shown."""
    IDENTIFIER = auto()
    """A UUID, as a string."""
    INTEGER = auto()
    BOOLEAN = auto()
    DECIMAL = auto()
    """An exact number, as a string with the decimals that were stored."""
    DATE = auto()
    """YYYY-MM-DD."""
    TIMESTAMP = auto()
    """RFC 3339 in UTC, with microseconds where there are any."""
    JSON = auto()
    """The stored JSON itself."""


_RENDERS: tuple[tuple[type[Any], Render], ...] = (
    (Uuid, Render.IDENTIFIER),
    (Boolean, Render.BOOLEAN),
    (DateTime, Render.TIMESTAMP),
    (Date, Render.DATE),
    (JSONB, Render.JSON),
    (Integer, Render.INTEGER),
    (Numeric, Render.DECIMAL),
    (Text, Render.TEXT),
)


@dataclass(frozen=True, slots=True)
class Field:
    """A plain field: an attribute of the row, and in camel case a field of the schema."""

    name: str
    expression: ColumnElement[Any]
    render: Render


@dataclass(frozen=True, slots=True, eq=False)
class Entity(Generic[RowT]):
    """A type of the schema that is a row of one table."""

    name: str
    table: Table
    row: type[RowT]
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[ColumnElement[Any], ...]:
        """The expressions of all plain fields, in the order of the row's attributes."""
        return tuple(field.expression.label(field.name) for field in self.fields)

    def select(self, *more: ColumnElement[Any]) -> Select[Any]:
        """The only way to a statement over this entity: it is narrowed to the company from the start."""
        return select(*self.columns, *more).where(narrowed(self.table))


@dataclass(frozen=True, slots=True, eq=False)
class ToOne(Generic[RowT]):
    """An edge to at most one row, found by the id that the source row holds in `key`."""

    name: str
    source: Entity[Any]
    key: str
    target: Entity[RowT]


@dataclass(frozen=True, slots=True, eq=False)
class SortKey:
    """One column of an order."""

    column: Column[Any]
    descending: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ToMany(Generic[RowT]):
    """An edge to a bounded number of rows, each holding the source's id in `key`.

    `order` ends with a unique column, so that equal rows never swap places; an index serves it per source.
    """

    name: str
    source: Entity[Any]
    target: Entity[RowT]
    key: Column[Any]
    order: tuple[SortKey, ...]


def narrowed(table: Table) -> ColumnElement[bool]:
    """The first wall between companies: the session says which one, nobody else does."""
    column = table.c.id if table is companies else table.c.company_id
    return column == bindparam(COMPANY, type_=Uuid())


def entity(name: str, table: Table, row: type[RowT], **computed: ColumnElement[Any]) -> Entity[RowT]:
    """An entity whose plain fields are its row's attributes: columns of the table, unless computed otherwise."""
    expressions: Mapping[str, ColumnElement[Any]] = {**table.c, **computed}
    attributes: tuple[str, ...] = row._fields
    return Entity(name, table, row, tuple(_field(name, expressions[name]) for name in attributes))


def _field(name: str, expression: ColumnElement[Any]) -> Field:
    render = next(render for kind, render in _RENDERS if isinstance(expression.type, kind))
    return Field(name, expression, render)
