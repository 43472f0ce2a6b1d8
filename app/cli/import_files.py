"""Files of rows: CSV or JSON lines, read whole before anything is written; what can't be a row stops the import."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar, cast

from app.cli.faults import CommandError, ExitCode
from app.domain.decimals import WrittenFloat

RowT = TypeVar("RowT")
_ENTRY = "metadata."


class FileFormat(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"


_FORMATS = {".csv": FileFormat.CSV, ".jsonl": FileFormat.JSONL, ".ndjson": FileFormat.JSONL}


@dataclass(frozen=True, slots=True)
class Columns(Generic[RowT]):
    """What the rows of a file may say, and what they become."""

    plural: str
    """What the rows are called: customers."""
    input_type: str
    """The type of the schema whose fields the columns are."""
    names: frozenset[str]
    """The names of its fields."""
    row: Callable[[Mapping[str, object]], RowT]
    """From the fields that a row has, by these names, to the row that a service takes."""
    cells: Mapping[str, Callable[[str], object]] = field(default_factory=dict[str, Callable[[str], object]])
    """Readers of CSV cells that hold more than text."""
    values: Mapping[str, Callable[[object], object]] = field(default_factory=dict[str, Callable[[object], object]])
    """Readers of JSON values that travel otherwise than JSON writes them."""
    has_entries: bool = False
    """Whether a CSV column `metadata.KEY` holds one metadata entry."""


class Line(NamedTuple, Generic[RowT]):
    """A row with the line that it begins on."""

    number: int
    row: RowT


def format_of(path: Path) -> FileFormat:
    """The format that a file's name says."""
    file_format = _FORMATS.get(path.suffix.lower())
    if file_format is None:
        _refuse(f"{path} must end in {', '.join(_FORMATS)}, so that its format is known.")
    return file_format


def read_lines(path: Path, file_format: FileFormat, columns: Columns[RowT]) -> list[Line[RowT]]:
    """All rows of a file, or a CommandError that says which line can't be one."""
    text = _text(path)
    reader = _File(path, columns)
    rows = reader.csv_rows(text) if file_format is FileFormat.CSV else reader.json_rows(text)
    lines = [Line(number, columns.row(fields)) for number, fields in rows]
    if not lines:
        _refuse(f"{path} holds no {columns.plural}.")
    return lines


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The error counts from behind the byte order mark, if there is one.
        line = error.object.count(b"\n", 0, error.start) + 1
        _refuse(f"{path}, line {line}: is not UTF-8; save the file in that encoding.")


class _File:
    """Reads the rows of one file."""

    def __init__(self, path: Path, columns: Columns[Any]) -> None:
        self._path, self._columns = path, columns

    def csv_rows(self, text: str) -> Iterator[tuple[int, dict[str, object]]]:
        """Yield the line and the fields of each row."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header: list[str] = []
        first_line = 1
        try:
            for cells in reader:
                if header and cells:
                    yield first_line, self._cells(first_line, header, cells)
                elif cells:
                    header = self._header(first_line, cells)
                first_line = reader.line_num + 1
        except csv.Error as error:
            self._refuse(first_line, f"is not CSV: {error}.")

    def json_rows(self, text: str) -> Iterator[tuple[int, dict[str, object]]]:
        """Yield the line and the fields of each row."""
        # Only line feeds part lines: JSON's strings may hold other separators as they are.
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                found = json.loads(line, parse_float=WrittenFloat)
            except (ValueError, RecursionError) as error:
                self._refuse(number, f"is not JSON: {error}.")
            if not isinstance(found, dict):
                self._refuse(number, f"must be an object of the fields of {self._columns.input_type}.")
            fields = cast("dict[str, Any]", found)
            self._refuse_unknown(number, (each for each in fields if each not in self._columns.names))
            values = self._columns.values
            yield number, {name: values[name](value) if name in values else value for name, value in fields.items()}

    def _header(self, line: int, cells: list[str]) -> list[str]:
        names = [cell.strip() for cell in cells]
        self._refuse_unknown(
            line, (each for each in names if each not in self._columns.names and not self._is_entry(each))
        )
        repeated = sorted({each for each in names if names.count(each) > 1})
        if repeated:
            self._refuse(line, f"has the column {repeated[0]} more than once.")
        return names

    def _cells(self, line: int, header: list[str], cells: list[str]) -> dict[str, object]:
        if len(cells) != len(header):
            self._refuse(line, f"has {len(cells)} cells, but the header has {len(header)}.")
        fields: dict[str, object] = {}
        for name, cell in zip(header, cells, strict=True):
            if not cell.strip():
                continue
            value = None if cell.strip() == "null" else self._columns.cells.get(name, str)(cell)
            if not self._is_entry(name):
                fields[name] = value
            elif value is None:
                cast("list[str]", fields.setdefault("metadataUnset", [])).append(name.removeprefix(_ENTRY))
            else:
                cast("dict[str, object]", fields.setdefault("metadataSet", {}))[name.removeprefix(_ENTRY)] = value
        return fields

    def _is_entry(self, name: str) -> bool:
        return self._columns.has_entries and name.startswith(_ENTRY)

    def _refuse_unknown(self, line: int, names: Iterator[str]) -> None:
        unknown = ", ".join(json.dumps(each) for each in names)
        if unknown:
            self._refuse(line, f"{unknown} can't be imported; the names are those of {self._columns.input_type}.")

    def _refuse(self, line: int, message: str) -> NoReturn:
        _refuse(f"{self._path}, line {line}: {message}")


def _refuse(message: str) -> NoReturn:
    raise CommandError(message, ExitCode.SETTINGS)
