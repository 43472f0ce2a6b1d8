"""CSV as people, spreadsheets and other systems write it."""

import csv
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from app.cli.import_cells import UnreadableCell, shown
from app.cli.import_rows import ENTRY, Columns, NotRows, RawRow, RowProblem
from app.domain.errors import ErrorCode
from app.domain.texts import trimmed

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
# The line with which Excel tells itself the separator.
_TOLD = re.compile(r'"?sep=([,;\t])"?[,;\t]*(?=[\r\n]|$)', re.IGNORECASE)
_MOST_NAMES = 10
"""The unknown columns that a message lists."""
# As csv counts lines: a line feed, a carriage return, or both.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_QUOTES = (
    "its quotation marks do not pair, from here on. Put a text that holds a quotation mark, a separator or a line break in "
    'quotation marks, and double those inside: "5"" pipe".'
)


class Table(NamedTuple):
    """What a CSV file holds."""

    rows: Iterator[RawRow]
    separator: str
    """What separates its cells, in words."""
    entries: frozenset[str]
    """Its columns that hold one metadata entry each."""


def read_table(text: str, columns: Columns[Any]) -> Table:
    """Return the rows of a text, to be read within `cells_of_any_length`; NotRows where it stops being made of rows."""
    told = _TOLD.match(text)
    separator = told[1] if told else _separator_of(text, columns)
    records = _records(text, separator)
    header = next((_header(line, cells, columns, separator) for line, cells in _filled(records, told)), None)
    if header is None:
        return Table(iter(()), _SEPARATORS[separator], frozenset())
    rows = (header.row(line, cells) for line, cells in _filled(records))
    return Table(rows, _SEPARATORS[separator], frozenset(filter(columns.is_entry, header.names)))


@contextmanager
def cells_of_any_length(text: str) -> Generator[None]:
    """Let csv take every cell of a text: one that is too long then refuses its row, and not the file."""
    before = csv.field_size_limit(len(text) + 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _separator_of(text: str, columns: Columns[Any]) -> str:
    """Return the separator that finds the most names in the header."""

    def names_found(separator: str) -> int:
        try:
            header = next(_filled(_records(text, separator)), None)
        except NotRows:
            return 0
        names = map(trimmed, header[1] if header else ())
        return sum(name in columns.names or columns.is_entry(name) for name in names)

    return max(_SEPARATORS, key=names_found)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each record with the line that it begins on."""
    lines = (found[0] for found in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise NotRows(line, _QUOTES) from error


def _filled(records: Iterator[tuple[int, list[str]]], told: object = None) -> Iterator[tuple[int, list[str]]]:
    """Leave out records without any text, and the first one if it told the separator."""
    if told:
        next(records)
    return ((line, cells) for line, cells in records if any(map(trimmed, cells)))


def _header(line: int, cells: Sequence[str], columns: Columns[Any], separator: str) -> "_Header":
    names = [trimmed(cell) for cell in cells]
    while not names[-1]:
        names.pop()
    faults: list[str] = []
    unknown = [
        name
        for name in dict.fromkeys(names)
        if name and name not in columns.names | {""} and not columns.is_entry(name)
    ]
    if unknown:
        listed = ", ".join(shown(name) for name in unknown[:_MOST_NAMES])
        if len(unknown) > _MOST_NAMES:
            listed += f" and {len(unknown) - _MOST_NAMES} more"
        faults.append(f"{listed} can't be imported (read with {_SEPARATORS[separator]} as separators). {columns.known}")
    faults += [
        f"has the column {name} more than once."
        for name in sorted({each for each in names if names.count(each) > 1})
        if name
    ]
    faults += [f"has no name for column {place}." for place, name in enumerate(names, start=1) if not name]
    if faults:
        raise NotRows(line, " It ".join(faults))
    return _Header(names, len(cells), columns, _SEPARATORS[separator])


@dataclass(slots=True)
class _Header:
    """The columns of one file."""

    names: list[str]
    width: int
    """How many cells the header has, empty ones behind the last name counted."""
    columns: Columns[Any]
    separator: str

    def row(self, line: int, cells: list[str]) -> RawRow:
        """Read the cells of one row."""
        # Spreadsheets fill rows up with empty cells, the header's as well. A row that is wider than that may be one
        # whose 12,50 became two cells, with all behind them moved.
        excess = [cell for cell in cells[len(self.names) :] if trimmed(cell)]
        if excess or not len(self.names) <= len(cells) <= self.width:
            return RawRow(line, {}, (self._misfit(len(cells)),))
        reading = _Reading()
        for name, cell in zip(self.names, cells, strict=False):
            if trimmed(cell):
                self._read(reading, name, cell)
        reading.add_entries()
        return RawRow(line, reading.fields, tuple(reading.problems))

    def _misfit(self, found: int) -> RowProblem:
        message = (
            f"has {found} cell{'' if found == 1 else 's'}, but the header has {len(self.names)}, separated by "
            f"{self.separator}. Put a text that holds a separator or a line break in quotation marks, and write empty cells too."
        )
        return RowProblem("", ErrorCode.FIELD_INVALID, message)

    def _read(self, reading: "_Reading", name: str, cell: str) -> None:
        is_entry = self.columns.is_entry(name)
        values = reading.entries if is_entry else reading.fields
        if trimmed(cell) == "null":
            values[name] = None
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
        for name in self.entries:
            for column in ("metadata",) if "metadata" in self.fields else others.get(name.removeprefix(ENTRY), ()):
                message = f"and the column {column} both say what the entry becomes: leave one of the two cells empty."
                self.problems.append(RowProblem(name, ErrorCode.FIELD_CONFLICT, message))
        kept = {name.removeprefix(ENTRY): value for name, value in self.entries.items()}
        changed = {key: value for key, value in kept.items() if value is not None}
        removed = [key for key, value in kept.items() if value is None]
        # A cell with another form stays as it is: the field's rules say what it must be.
        entries, keys = self.fields.get("metadataSet", {}), self.fields.get("metadataUnset", [])
        if changed and isinstance(entries, Mapping):
            self.fields["metadataSet"] = {**entries, **changed}
        if removed and isinstance(keys, list):
            self.fields["metadataUnset"] = [*cast("list[object]", keys), *removed]


def _keys_said(fields: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the entries that the columns `metadataSet` and `metadataUnset` name, and which of the two."""
    said: dict[str, list[str]] = {}
    for column in ("metadataSet", "metadataUnset"):
        found = fields.get(column)
        keys = cast("Iterable[object]", found if isinstance(found, Mapping | list) else ())
        for key in keys:
            if isinstance(key, str):
                said.setdefault(key, []).append(column)
    return said
