"""Rows in a plan's statement, with the rows that they refer to by id; each of those is joined once."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, lateral, literal_column, select, true

from app.db.declarations import narrowed


class Row:
    """A row of a table, under an alias."""

    def __init__(self, table: Table, numbers: Iterator[int]) -> None:
        self._begin(table.alias(), numbers)

    def _begin(self, table: FromClause, numbers: Iterator[int]) -> None:
        self.table = table
        self._numbers = numbers
        self._joined: dict[tuple[str, Table], Joined] = {}

    def joined(self, key: str, table: Table) -> "Joined":
        """Return the joined row of a table whose id this row holds in `key`."""
        place = key, table
        if place not in self._joined:
            row = Row(table, self._numbers)
            self._joined[place] = Joined(row, self.table.c[key], f"joined_{next(self._numbers)}")
        return self._joined[place]

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Return a query of the row with all rows joined so far."""
        source = self.table
        for joined in self._joined.values():
            # A join instead of subqueries, so that PostgreSQL reads a row once even if many rows refer to it.
            source = source.outerjoin(lateral(joined.query(), joined.name), true())
        return select(*columns).select_from(source).where(*self._narrowed())

    def _narrowed(self) -> Sequence[ColumnElement[bool]]:
        return (narrowed(self.table),)


class DerivedRow(Row):
    """A row that is derived, and so of the company already: the keys of a held row, or an embedded object."""

    def __init__(self, table: FromClause, numbers: Iterator[int]) -> None:  # pyright: ignore[reportMissingSuperCall] - Row would need a table
        self._begin(table, numbers)

    def _narrowed(self) -> Sequence[ColumnElement[bool]]:
        return ()


class Joined:
    """A row that another row refers to, or no row."""

    def __init__(self, row: Row, reference: ColumnElement[Any], name: str) -> None:
        self.row = row
        self.name = name
        self._reference = reference
        self._columns: list[ColumnElement[Any]] = []

    def column(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a value of the joined row; null if there is no row."""
        label = f"value_{len(self._columns)}"
        self._columns.append(value.label(label))
        return literal_column(f"{self.name}.{label}", value.type)

    def query(self) -> Select[Any]:
        """Return the query that is joined."""
        return self.row.select(*self._columns).where(self.row.table.c.id == self._reference)
