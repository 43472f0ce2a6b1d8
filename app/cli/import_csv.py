"""CSV as people, spreadsheets and other systems write it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from app.cli.import_cells import UnreadableCell
from app.cli.import_header import Header, find_header
from app.cli.import_records import other_separators
from app.cli.import_rows import ENTRY, Columns, RawRow, RowProblem
from app.cli.import_spreadsheets import damage_of
from app.domain.errors import ErrorCode
from app.domain.metadata_fields import search_key_problem
from app.domain.texts import stored_form, trimmed


class Table(NamedTuple):
    """What a CSV file holds."""

    rows: Iterator[RawRow]
    separator: str
    """What separates its cells, in words."""
    names: frozenset[str]
    """The names of its columns."""


def read_table(text: str, columns: Columns[Any]) -> Table:
    """Return the rows of a text, to be read within `cells_of_any_length`; NotRows where it stops being made of rows."""
    header, records, separator = find_header(text, columns)
    if header is None:
        return Table(iter(()), separator, frozenset())
    reader = _Rows(header, columns)
    return Table((reader.row(line, cells) for line, cells in records), separator, frozenset(header.names))


@dataclass(slots=True)
class _Rows:
    """Reads the rows below a header."""

    header: Header
    columns: Columns[Any]

    def row(self, line: int, cells: list[str]) -> RawRow:
        """Read the cells of one row; those that a spreadsheet left out behind the last one with text are empty."""
        # Spreadsheets fill rows up with empty cells, the header's as well. A row that is wider than that may be one
        # whose 12,50 became two cells, with all behind them moved.
        excess = [cell for cell in cells[len(self.header.names) :] if trimmed(cell)]
        if excess or len(cells) > self.header.width:
            return RawRow(line, {}, (self._misfit(len(cells)),))
        unparted = self._unparted(cells)
        if unparted is not None:
            return RawRow(line, {}, (unparted,))
        reading = _Reading()
        for name, cell in zip(self.header.names, cells, strict=False):
            if trimmed(cell):
                self._read(reading, name, cell)
        reading.add_entries()
        return RawRow(line, reading.fields, tuple(reading.problems))

    def _misfit(self, found: int) -> RowProblem:
        message = (
            f"has {found} cells, but the header has {len(self.header.names)}, separated by {self.header.separator}. "
            "Put a text that holds a separator or a line break in quotation marks."
        )
        return RowProblem("", ErrorCode.FIELD_INVALID, message)

    def _unparted(self, cells: list[str]) -> RowProblem | None:
        """Return the problem of a row whose cells are separated otherwise than those of the header."""
        names = len(self.header.names)
        count, separators = other_separators(cells[0], self.header.separator)
        # One cell alone can't be more than a key, and a key may hold some.
        if len(cells) > 1 or names == 1 or not count or 2 * (count + 1) <= names:
            return None
        message = (
            f"is one cell with {count} {separators}, but the {names} cells of the header are separated by"
            f" {self.header.separator}: separate the cells of all lines alike."
        )
        return RowProblem("", ErrorCode.FIELD_INVALID, message)

    def _read(self, reading: "_Reading", name: str, cell: str) -> None:
        is_entry = self.columns.is_entry(name)
        values = reading.entries if is_entry else reading.fields
        if trimmed(cell) == "null":
            values[name] = None
            return
        damage = damage_of(cell, holds_digits=name in self.columns.numbers)
        if damage is not None:
            reading.problems.append(RowProblem(name, ErrorCode.FIELD_INVALID, damage))
            return
        try:
            # What is blank around a cell can't be seen; metadata alone is kept to the letter.
            values[name] = self.columns.cells.get(name, str if is_entry else trimmed)(cell)
        except UnreadableCell as error:
            reading.problems.append(RowProblem(name, ErrorCode.FIELD_INVALID, str(error)))


@dataclass(slots=True)
class _Reading:
    """What was read of a row so far."""

    fields: dict[str, object] = field(default_factory=dict[str, object])
    entries: dict[str, object] = field(default_factory=dict[str, object])
    """The values of columns that hold one metadata entry each; None removes it."""
    problems: list[RowProblem] = field(default_factory=list[RowProblem])

    def add_entries(self) -> None:
        """Add the entries to those of `metadataSet` and `metadataUnset`; what is said twice is a problem of the row."""
        others = _keys_said(self.fields)
        kept: dict[str, object] = {}
        for name, value in self.entries.items():
            key = name.removeprefix(ENTRY)
            found = [_said_twice(name, each) for each in ("metadata",) if "metadata" in self.fields]
            found = found or [_said_twice(name, each) for each in others.get(key, ())]
            if value is None and not found and (message := search_key_problem(key)):
                found = [RowProblem(name, ErrorCode.FIELD_INVALID, message)]
            self.problems += found
            # What has a problem is left out: the rules of the other fields would name columns that the file doesn't have.
            if not found:
                kept[key] = value
        changed = {key: value for key, value in kept.items() if value is not None}
        removed = [key for key, value in kept.items() if value is None]
        # A cell with another form stays as it is: the field's rules say what it must be.
        entries, keys = self.fields.get("metadataSet", {}), self.fields.get("metadataUnset", [])
        if changed and isinstance(entries, Mapping):
            self.fields["metadataSet"] = {**entries, **changed}
        if removed and isinstance(keys, list):
            self.fields["metadataUnset"] = [*cast("list[object]", keys), *removed]


def _said_twice(name: str, column: str) -> RowProblem:
    message = f"and the column {column} both say what the entry becomes: leave one of the two cells empty."
    return RowProblem(name, ErrorCode.FIELD_CONFLICT, message)


def _keys_said(fields: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the entries that the columns `metadataSet` and `metadataUnset` name, and which of the two."""
    said: dict[str, list[str]] = {}
    for column in ("metadataSet", "metadataUnset"):
        found = fields.get(column)
        keys = cast("Iterable[object]", found if isinstance(found, Mapping | list) else ())
        for key in keys:
            if isinstance(key, str):
                said.setdefault(stored_form(key), []).append(column)
    return said
