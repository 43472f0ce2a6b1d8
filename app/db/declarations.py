"""Declarations of the graph: entities, fields, edges and orders, and the tenant isolation of every statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import (
    Alias,
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
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by, array

from app.db.columns import CODE_POINTS
from app.db.read_session import COMPANY
from app.db.tables import companies
from app.domain.identity import Scope

RowT = TypeVar("RowT", bound=NamedTuple)


class Render(Enum):
    """How a plain field's value is written as JSON."""

    TEXT = auto()
    """A JSON string. Enumerations are stored by their names in the schema."""
    IDENTIFIER = auto()
    """A UUID, as a string."""
    INTEGER = auto()
    BOOLEAN = auto()
    DECIMAL = auto()
    """A decimal number, as a string with its stored decimals."""
    DATE = auto()
    """YYYY-MM-DD."""
    TIMESTAMP = auto()
    """RFC 3339 in UTC, with microseconds."""
    JSON = auto()
    """The stored JSON, unchanged."""


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
class PlainField:
    """A plain field: an attribute of the row, and a field of the schema."""

    name: str
    column: Column[Any]
    render: Render
    reference: str | None = None
    """For a column of another table: the column that holds the id of that table's row."""
    embedded: "Embedded[Any] | None" = None
    """For a column with a JSON object: the objects in it."""

    def of(self, row: FromClause) -> ColumnElement[Any]:
        """Return the field's value in a row of the entity's table."""
        if self.embedded is not None:
            return self.embedded.texts(row)
        if self.reference is None:
            return row.c[self.column.name]
        # An alias, because the statement may also read the same table itself.
        table = self.column.table.alias()
        query = select(table.c[self.column.name]).where(narrowed(table), table.c.id == row.c[self.reference])
        return query.correlate_except(table).scalar_subquery()


@dataclass(frozen=True, slots=True, eq=False)
class Embedded(Generic[RowT]):
    """A type of the schema whose objects are the members of a JSON object in a column.

    The first field is the member's name, by whose code points the objects are sorted. The others are members of its
    value, which is an object, too; a missing one is null.
    """

    name: str
    column: Column[Any]
    row: type[RowT]
    fields: tuple[PlainField, ...]

    def select(self, source: FromClause) -> Select[Any]:
        """Return a query for the objects in a row of the source, with a column for each field."""
        members = func.jsonb_each(source.c[self.column.name]).table_valued(
            column("key", Text()), column("value", JSONB())
        )
        name, *others = self.fields
        value, null = members.c.value.op("->", return_type=JSONB()), cast(literal_column("'null'"), JSONB)
        shown = [func.coalesce(value(literal_column(f"'{of.name}'")), null).label(of.name) for of in others]
        return select(members.c.key.label(name.name), *shown)

    def order(self, objects: FromClause) -> ColumnElement[Any]:
        """Return the column by which the objects of `select` are sorted."""
        return objects.c[self.fields[0].name].collate(CODE_POINTS)

    def texts(self, source: FromClause) -> ColumnElement[Any]:
        """Return the objects as an array of arrays: the name, and the JSON of each other field as text."""
        objects = self.select(source).subquery()
        texts = array([cast(objects.c[field.name], Text) for field in self.fields])
        listed = func.array_agg(aggregate_order_by(texts, self.order(objects)), type_=ARRAY(Text, dimensions=2))
        nothing = cast(literal_column("'{}'"), ARRAY(Text, dimensions=2))
        return select(func.coalesce(listed, nothing)).correlate_except(objects).scalar_subquery()


@dataclass(frozen=True, eq=False)
class Entity(Generic[RowT]):
    """A type of the schema whose objects are rows of one table."""

    name: str
    table: Table
    row: type[RowT]
    fields: tuple[PlainField, ...]
    keys: tuple[str, ...] = ()
    """Attributes that are unique in a company, the id first; empty if rows have no id."""
    scope: Scope = Scope.CUSTOMERS_READ
    """Scope that reading requires."""

    # Kept, because building the expressions takes longer than most statements: without this, half of a mutation's CPU
    # time.
    @cached_property
    def columns(self) -> tuple[ColumnElement[Any], ...]:
        """Expressions of all plain fields, in the order of the row's attributes."""
        return tuple(field.of(self.table).label(field.name) for field in self.fields)

    @cached_property
    def _selected(self) -> Select[Any]:
        return select(*self.columns).where(narrowed(self.table))

    def select(self, *more: ColumnElement[Any]) -> Select[Any]:
        """Return a statement over this entity, restricted to the company. There is no other way to get one."""
        return self._selected.add_columns(*more) if more else self._selected


@dataclass(frozen=True, slots=True, eq=False)
class ToOne(Generic[RowT]):
    """An edge to at most one row, whose id the source row holds in `key`."""

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
    """An edge to a limited number of rows that hold the source's id in `key`.

    `order` ends with a unique column, so that it is total. An index serves it for each source.
    """

    name: str
    source: Entity[Any]
    target: Entity[RowT]
    key: Column[Any]
    order: tuple[SortKey, ...]


_Source: TypeAlias = Column[Any] | tuple[Column[Any], str] | Embedded[Any]
"""Where the values of a plain field are."""


def narrowed(table: FromClause) -> ColumnElement[bool]:
    """Return the condition that restricts a table to the session's company: the first layer of tenant isolation."""
    is_companies = (table.element if isinstance(table, Alias) else table) is companies
    column = table.c.id if is_companies else table.c.company_id
    return column == bindparam(COMPANY, type_=Uuid())


def embedded(name: str, stored: Column[Any], row: type[RowT]) -> Embedded[RowT]:
    """Return a type of the objects in a column, whose fields are the attributes of `row`."""
    first, *others = row._fields
    columns: list[Column[Any]] = [
        Column(first, Text, nullable=False),
        *(Column(other, JSONB, nullable=False) for other in others),
    ]
    return Embedded(name, stored, row, tuple(_field(of.name, of) for of in columns))


def entity(
    name: str,
    table: Table,
    row: type[RowT],
    *,
    more_keys: tuple[str, ...] = (),
    scope: Scope = Scope.CUSTOMERS_READ,
    **elsewhere: _Source,
) -> Entity[RowT]:
    """Return an entity whose plain fields are the attributes of `row`, by default columns of the same names.

    `elsewhere` maps an attribute to a column of another name, to a column of another table and the column that holds
    the id of that table's row, or to the objects in a column. Keys are the id, if rows have one and belong to a
    company, and `more_keys`.
    """
    attributes: tuple[str, ...] = row._fields
    sources: Mapping[str, _Source] = {**table.c, **elsewhere}
    keys = ("id", *more_keys) if "id" in attributes and "company_id" in table.c else ()
    return Entity(name, table, row, tuple(_field(name, sources[name]) for name in attributes), keys, scope)


def render_of(column: Column[Any]) -> Render:
    """Return how the values of a column are written."""
    return next(render for kind, render in _RENDERS if isinstance(column.type, kind))


def _field(name: str, source: _Source) -> PlainField:
    if isinstance(source, Embedded):
        return PlainField(name, source.column, Render.JSON, embedded=source)
    column, reference = source if isinstance(source, tuple) else (source, None)
    return PlainField(name, column, render_of(column), reference)
