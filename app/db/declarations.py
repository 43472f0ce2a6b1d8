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
    FromClause,
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

from app.db.read_session import COMPANY
from app.db.tables import companies
from app.domain.identity import Scope

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
    column: Column[Any]
    render: Render
    reference: str | None = None
    """Where the column is another table's: the column that holds the id of that table's row."""

    def of(self, row: FromClause) -> ColumnElement[Any]:
        """The value in a row of the entity's table."""
        if self.reference is None:
            return row.c[self.column.name]
        # By a name of its own, or a statement that reads the table beside it would take the two for one.
        table = self.column.table.alias()
        query = select(table.c[self.column.name]).where(narrowed(table), table.c.id == row.c[self.reference])
        return query.correlate_except(table).scalar_subquery()


@dataclass(frozen=True, slots=True, eq=False)
class Entity(Generic[RowT]):
    """A type of the schema that is a row of one table."""

    name: str
    table: Table
    row: type[RowT]
    fields: tuple[Field, ...]
    keys: tuple[str, ...] = ()
    """The attributes that each find at most one row of the company, the id first; none where rows have no id of their own."""
    scope: Scope = Scope.CUSTOMERS_READ
    """What a credential needs to read rows."""

    @property
    def columns(self) -> tuple[ColumnElement[Any], ...]:
        """The expressions of all plain fields, in the order of the row's attributes."""
        return tuple(field.of(self.table).label(field.name) for field in self.fields)

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


def narrowed(table: FromClause) -> ColumnElement[bool]:
    """The first wall between companies: the session says which one, nobody else does."""
    column = table.c.id if table is companies else table.c.company_id
    return column == bindparam(COMPANY, type_=Uuid())


def entity(
    name: str,
    table: Table,
    row: type[RowT],
    *,
    more_keys: tuple[str, ...] = (),
    scope: Scope = Scope.CUSTOMERS_READ,
    **elsewhere: Column[Any] | tuple[Column[Any], str],
) -> Entity[RowT]:
    """An entity whose plain fields are its row's attributes: the table's columns of these names, unless said otherwise.

    A column of another name is given as itself; one of another table as itself and the column that holds its row's id.
    What belongs to a company and has an id is found by it, and by `more_keys`.
    """
    attributes: tuple[str, ...] = row._fields
    sources: Mapping[str, Column[Any] | tuple[Column[Any], str]] = {**table.c, **elsewhere}
    keys = ("id", *more_keys) if "id" in attributes and "company_id" in table.c else ()
    return Entity(name, table, row, tuple(_field(name, sources[name]) for name in attributes), keys, scope)


def render_of(column: Column[Any]) -> Render:
    """How the values of a column are written."""
    return next(render for kind, render in _RENDERS if isinstance(column.type, kind))


def _field(name: str, source: Column[Any] | tuple[Column[Any], str]) -> Field:
    column, reference = source if isinstance(source, tuple) else (source, None)
    return Field(name, column, render_of(column), reference)
