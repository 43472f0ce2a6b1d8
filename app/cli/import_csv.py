"""Parsing of CSV files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, cast

from app.cli.import_cells import UnreadableCell
from app.cli.import_header import Header, find_header
from app.cli.import_records import other_separators
from app.cli.import_rows import ENTRY, Columns, FileProblem, RawRow
from app.cli.import_spreadsheets import damage_of
from app.domain.errors import ErrorCode
from app.domain.metadata_fields import search_key_problem
from app.domain.texts import stored_form, trimmed

_IMMUTABLE = (str, int, Decimal, date)


class Table(NamedTuple):
    """The content of a CSV file."""

    rows: Iterator[RawRow]
    separator: str
    words: str
    """The name of its separator, such as "commas"."""
    names: frozenset[str]
    """The names of its columns."""


def read_table(text: str, columns: Columns[Any]) -> Table:
    """Return the rows of a text. Iterate them within `cells_of_any_length`; they raise NotRows at invalid CSV."""
    header, records, separator, words = find_header(text, columns)
    if header is None:
        return Table(iter(()), separator, words, frozenset())
    reader = _Rows(header, columns)
    return Table((reader.row(line, cells) for line, cells in records), separator, words, frozenset(header.names))


@dataclass(slots=True)
class _Rows:
    """Parses the rows below a header."""

    header: Header
    columns: Columns[Any]
    above: dict[str, tuple[str, object]] = field(default_factory=dict[str, tuple[str, object]])
    """The last text and value of each column: most files have columns with the same value in many rows."""

    def row(self, line: int, cells: list[str]) -> RawRow:
        """Parse the cells of one row. Missing cells at its end are empty, because spreadsheets omit them."""
        # Spreadsheets pad rows, including the header, with empty cells. In a wider row, an amount such as 12,50 may
        # have become two cells, which shifts all cells after it.
        excess = [cell for cell in cells[len(self.header.names) :] if trimmed(cell)]
        if excess or len(cells) > self.header.width:
            return RawRow(line, {}, (self._wrong_width(len(cells)),))
        wrong_separator = self._wrong_separator(cells)
        if wrong_separator is not None:
            return RawRow(line, {}, (wrong_separator,))
        reading = _Reading()
        for name, cell in zip(self.header.names, cells, strict=False):
            text = trimmed(cell)
            if text and not self._is_as_above(reading, name, cell):
                self._read(reading, name, cell, text)
        reading.add_entries()
        return RawRow(line, self.columns.with_objects(reading.fields), tuple(reading.problems))

    def _wrong_width(self, found: int) -> FileProblem:
        message = (
            f"has {found} cells, but the header has {len(self.header.names)}, separated by {self.header.separator}. "
            "Put texts that contain a separator or a line break in quotation marks."
        )
        return FileProblem("", ErrorCode.FIELD_INVALID, message)

    def _wrong_separator(self, cells: list[str]) -> FileProblem | None:
        """Return the problem of a row that uses another separator than the header; None if it doesn't."""
        names = len(self.header.names)
        count, separators = other_separators(cells[0], self.header.separator)
        # With a single column, the cell is a key, which may contain other separators.
        if len(cells) > 1 or names == 1 or not count or 2 * (count + 1) <= names:
            return None
        message = (
            f"is one cell with {count} {separators}, but the {names} cells of the header are separated by"
            f" {self.header.separator}: use the same separator in all lines."
        )
        return FileProblem("", ErrorCode.FIELD_INVALID, message)

    def _read(self, reading: "_Reading", name: str, cell: str, text: str) -> None:
        """Parse a cell, whose text is without surrounding blanks."""
        is_entry = self.columns.is_entry(name)
        values = reading.entries if is_entry else reading.fields
        if text == "null":
            values[name] = None
            return
        damage = damage_of(text, holds_digits=name in self.columns.numbers)
        if damage is not None:
            reading.problems.append(FileProblem(name, ErrorCode.FIELD_INVALID, damage))
            return
        try:
            # Surrounding spaces are invisible in a spreadsheet, so they are removed, except in metadata.
            read = self.columns.cells.get(name)
            value = values[name] = read(cell) if read is not None else cell if is_entry else text
        except UnreadableCell as error:
            reading.problems.append(FileProblem(name, ErrorCode.FIELD_INVALID, str(error)))
            return
        if not is_entry and isinstance(value, _IMMUTABLE):
            self.above[name] = (cell, value)

    def _is_as_above(self, reading: "_Reading", name: str, cell: str) -> bool:
        """Take the value of the last cell of the column with a value, if its text is the same; return whether it is."""
        above, value = self.above.get(name, (None, None))
        if above != cell:
            return False
        reading.fields[name] = value
        return True


@dataclass(slots=True)
class _Reading:
    """The values and problems of a row so far."""

    fields: dict[str, object] = field(default_factory=dict[str, object])
    entries: dict[str, object] = field(default_factory=dict[str, object])
    """The values of the columns `metadata.KEY`; None removes the entry."""
    problems: list[FileProblem] = field(default_factory=list[FileProblem])

    def add_entries(self) -> None:
        """Add the entries to `metadataSet` and `metadataUnset`. A key that is set in two columns is a problem."""
        others = _columns_by_key(self.fields)
        kept: dict[str, object] = {}
        for name, value in self.entries.items():
            key = name.removeprefix(ENTRY)
            columns = ["metadata"] if "metadata" in self.fields else others.get(key, [])
            found = [_set_twice(name, column) for column in columns]
            if value is None and not found and (message := search_key_problem(key)):
                found = [FileProblem(name, ErrorCode.FIELD_INVALID, message)]
            self.problems += found
            # Entries with problems are skipped, because the rules for fields would report columns that the file
            # doesn't have.
            if not found:
                kept[key] = value
        changed = {key: value for key, value in kept.items() if value is not None}
        removed = [key for key, value in kept.items() if value is None]
        # Values of another type are kept, and rejected by the field's rules.
        entries, keys = self.fields.get("metadataSet", {}), self.fields.get("metadataUnset", [])
        if changed and isinstance(entries, Mapping):
            self.fields["metadataSet"] = {**entries, **changed}
        if removed and isinstance(keys, list):
            self.fields["metadataUnset"] = [*cast("list[object]", keys), *removed]


def _set_twice(name: str, column: str) -> FileProblem:
    message = f"and the column {column} both set this entry: leave one of the two cells empty."
    return FileProblem(name, ErrorCode.FIELD_CONFLICT, message)


def _columns_by_key(fields: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the metadata keys in the columns `metadataSet` and `metadataUnset`, with the columns that contain each."""
    columns: dict[str, list[str]] = {}
    for column in ("metadataSet", "metadataUnset"):
        found = fields.get(column)
        keys = cast("Iterable[object]", found if isinstance(found, Mapping | list) else ())
        for key in keys:
            if isinstance(key, str):
                columns.setdefault(stored_form(key), []).append(column)
    return columns
