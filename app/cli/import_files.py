"""Files to import: CSV or JSON lines. They are read completely before anything is written."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, NamedTuple, NoReturn

from app.cli.failures import CommandError, ExitCode
from app.cli.import_csv import read_table
from app.cli.import_header import has_known_names
from app.cli.import_jsonl import holds_objects, read_objects
from app.cli.import_records import cells_of_any_length
from app.cli.import_rows import ENTRY, Columns, FileProblem, NotRows, RawRow, RowT
from app.cli.import_source import Source
from app.cli.import_text import read_text
from app.domain.errors import ErrorCode, Problem
from app.graphql.paths import schema_path


class FileFormat(StrEnum):
    """The format of a file."""

    CSV = "csv"
    JSONL = "jsonl"


_FORMATS = {
    ".csv": FileFormat.CSV,
    ".tsv": FileFormat.CSV,
    ".txt": FileFormat.CSV,
    ".jsonl": FileFormat.JSONL,
    ".ndjson": FileFormat.JSONL,
}


class NumberedRow(NamedTuple, Generic[RowT]):
    """A row with the number of its first line, and its problems."""

    number: int
    row: RowT
    problems: tuple[FileProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportFile(Generic[RowT]):
    """The content of a file."""

    lines: list[NumberedRow[RowT]]
    form: str
    """A description of its format for people, such as "UTF-8, cells separated by semicolons"."""
    source: Source
    columns: Columns[RowT]
    names: frozenset[str] = frozenset()
    """The columns of its header, or the fields of all its objects."""

    @property
    def file_format(self) -> FileFormat:
        """Its format."""
        return FileFormat.JSONL if self.source.separator is None else FileFormat.CSV

    def column_of(self, problem: Problem) -> str:
        """Return the column of a row's problem. The problem's path starts with the list and the row's index."""
        _, _, _, *names = schema_path(problem)
        parts = [str(name) for name in names]
        name = ".".join(parts)
        if parts[:1] not in (["metadataSet"], ["metadataUnset"]):
            return self._missing(name) if problem.code is ErrorCode.FIELD_REQUIRED else self.column(name)
        entry = ENTRY + ".".join(parts[1:])
        if parts[0] == "metadataSet" and entry in self.names:
            return entry
        # Without a column `metadataSet` or `metadataUnset`, the problem concerns the columns of single entries.
        return name if parts[0] in self.names else f"{ENTRY}KEY"

    def column(self, name: str) -> str:
        """Return the column of a field in this file: of another field used instead, or the only one of an object."""
        if name in self.names:
            return name
        name = self.columns.instead.get(name, name)
        # An object that is wrong as a whole is reported at its column if it has only one.
        its = [column for column in self.names if column.startswith(f"{name}.")]
        return its[0] if len(its) == 1 else name

    def _missing(self, name: str) -> str:
        """Return the columns that a row must fill if a field is missing."""
        name = self.column(name)
        if name not in self.columns.objects or self.file_format is FileFormat.JSONL:
            return name
        if name in self.columns.required_parts:
            *others, last = (f"{name}.{part}" for part in self.columns.required_parts[name])
            return f"{', '.join(others)} and {last}"
        its = [f"{name}.{part}" for part in self.columns.objects[name]]
        return " or ".join([column for column in its if column in self.names] or its)


def format_of(path: Path) -> FileFormat:
    """Return the format for a file name. Raise CommandError if its ending is unknown."""
    file_format = _FORMATS.get(path.suffix.lower())
    if file_format is None:
        _reject(f"{path} has an unknown format: rename it to end in {', '.join(_FORMATS)}, or set --format.")
    return file_format


def read_file(path: Path, file_format: FileFormat | None, columns: Columns[RowT]) -> ImportFile[RowT]:
    """Return all rows of a file. Without a format, its name determines it. Raise CommandError if there are no rows."""
    # Read before the name is checked, because a workbook or a folder has a more specific message.
    read = read_text(path)
    text, form, separator = read.content, read.encoding, None
    file_format = file_format or format_of(path)
    if file_format is FileFormat.CSV and holds_objects(text):
        _reject(f"{path} looks like JSON lines, not CSV: import it with --format jsonl, or rename it to end in .jsonl.")
    try:
        if file_format is FileFormat.CSV:
            with cells_of_any_length(text):
                rows, separator, words, names = read_table(text, columns)
                lines = [_line(row, columns) for row in rows]
            form += f", cells separated by {words}"
        else:
            objects = list(read_objects(text, columns))
            lines = [_line(row, columns) for row in objects]
            names = frozenset(
                name for row in objects for name in (*row.fields, *(problem.field for problem in row.problems))
            )
    except NotRows as error:
        if (
            file_format is FileFormat.JSONL
            and not text.lstrip().startswith(("{", "["))
            and has_known_names(text, columns)
        ):
            _reject(f"{path} looks like CSV, not JSON lines: import it with --format csv, or rename it to end in .csv.")
        _reject(f"{path}, line {error.line}: {error}")
    if not lines:
        _reject(f"{path} contains no {columns.plural}.")
    return ImportFile(lines, form, Source(read, separator), columns, names)


def _line(raw: RawRow, columns: Columns[RowT]) -> NumberedRow[RowT]:
    return NumberedRow(raw.number, columns.row(raw.fields), raw.problems)


def _reject(message: str) -> NoReturn:
    raise CommandError(message, ExitCode.SETTINGS)
