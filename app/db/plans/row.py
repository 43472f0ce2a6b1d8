"""A row in a plan's statement, and the rows that it leads to by ids of its own: each is joined to it once."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, lateral, literal_column, select, true

from app.db.declarations import narrowed


class Row:
    """A row of a table, by a name of its own."""

    def __init__(self, table: Table, numbers: Iterator[int]) -> None:
        self.table: FromClause = table.alias()
        self._numbers = numbers
        self._joined: dict[tuple[str, Table], Joined] = {}

    def joined(self, key: str, table: Table) -> "Joined":
        """The row of a table whose id this row holds in `key`."""
        place = key, table
        if place not in self._joined:
            row = Row(table, self._numbers)
            self._joined[place] = Joined(row, self.table.c[key], f"joined_{next(self._numbers)}")
        return self._joined[place]

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """A query of the row, and of all that was asked of joined ones by now."""
        source = self.table
        for each in self._joined.values():
            # A join and not a subquery per value: the server reads a row that many rows lead to once for all of them.
            source = source.outerjoin(lateral(each.query(), each.name), true())
        return select(*columns).select_from(source).where(narrowed(self.table))


class Joined:
    """A row that another one leads to, or no row."""

    def __init__(self, row: Row, reference: ColumnElement[Any], name: str) -> None:
        self.row = row
        self.name = name
        self._reference = reference
        self._columns: list[ColumnElement[Any]] = []

    def column(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """A value of the joined row; null where there is none."""
        label = f"value_{len(self._columns)}"
        self._columns.append(value.label(label))
        return literal_column(f"{self.name}.{label}", value.type)

    def query(self) -> Select[Any]:
        """What is joined."""
        return self.row.select(*self._columns).where(self.row.table.c.id == self._reference)
