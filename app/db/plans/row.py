"""Rows in a plan's statement, with the rows that they refer to by id; each of those is joined once."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, Select, Table, lateral, literal_column, select, true

from app.db.declarations import narrowed


class Row:
    """A row of a table, under an alias."""

    _is_alone = False
    """Whether PostgreSQL reads what the row refers to for it alone, instead of joining it for all rows at once."""

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
            row._is_alone = self._is_alone
            self._joined[place] = Joined(row, self.table.c[key], f"joined_{next(self._numbers)}", alone=self._is_alone)
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


class LoneRow(DerivedRow):
    """A row that is derived, and the only one of a step.

    Without statistics, PostgreSQL may expect that a company has a single customer, and write the JSON of all customers
    for a join. It doesn't for the row of a subquery with an offset.
    """

    _is_alone = True


class Joined:
    """A row that another row refers to, or no row."""

    def __init__(self, row: Row, reference: ColumnElement[Any], name: str, *, alone: bool) -> None:
        self.row = row
        self.name = name
        self._reference = reference
        self._alone = alone
        self._columns: list[ColumnElement[Any]] = []

    def column(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return a value of the joined row; null if there is no row."""
        label = f"value_{len(self._columns)}"
        self._columns.append(value.label(label))
        return literal_column(f"{self.name}.{label}", value.type)

    def query(self) -> Select[Any]:
        """Return the query that is joined."""
        query = self.row.select(*self._columns).where(self.row.table.c.id == self._reference)
        return query.offset(literal_column("0", Integer())) if self._alone else query
