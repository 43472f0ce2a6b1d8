"""Files of rows: CSV or JSON lines, read whole before anything is written; what can't be rows stops the import."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, NamedTuple, NoReturn

from app.cli.failures import CommandError, ExitCode
from app.cli.import_csv import read_table
from app.cli.import_header import has_known_names
from app.cli.import_jsonl import holds_objects, read_objects
from app.cli.import_records import cells_of_any_length
from app.cli.import_rows import ENTRY, Columns, NotRows, RawRow, RowProblem, RowT
from app.cli.import_text import read_text
from app.domain.errors import Problem
from app.graphql.paths import schema_path


class FileFormat(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"


_FORMATS = {
    ".csv": FileFormat.CSV,
    ".tsv": FileFormat.CSV,
    ".txt": FileFormat.CSV,
    ".jsonl": FileFormat.JSONL,
    ".ndjson": FileFormat.JSONL,
}


class Line(NamedTuple, Generic[RowT]):
    """A row with the line that it begins on, and why it can't be carried out."""

    number: int
    row: RowT
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportFile(Generic[RowT]):
    """What a file holds."""

    lines: list[Line[RowT]]
    form: str
    """How it is written, for people: UTF-8, cells separated by semicolons."""
    names: frozenset[str] = frozenset()
    """The columns of its header, or the fields that any of its objects has."""

    def column_of(self, problem: Problem) -> str:
        """Return the column that a problem of a row is about, whose path begins with the list and the row's place in it."""
        _, _, _, *names = schema_path(problem)
        parts = [str(name) for name in names]
        name = ".".join(parts)
        if parts[:1] not in (["metadataSet"], ["metadataUnset"]):
            return name
        entry = ENTRY + ".".join(parts[1:])
        if parts[0] == "metadataSet" and entry in self.names:
            return entry
        # The columns of single entries together, where the file has no other.
        return name if parts[0] in self.names else f"{ENTRY}KEY"


def format_of(path: Path) -> FileFormat:
    """Return the format that a file's name says."""
    file_format = _FORMATS.get(path.suffix.lower())
    if file_format is None:
        _reject(f"{path} must end in {', '.join(_FORMATS)}, so that its format is known; or name it with --format.")
    return file_format


def read_file(path: Path, file_format: FileFormat | None, columns: Columns[RowT]) -> ImportFile[RowT]:
    """Return all rows of a file, in the format that its name says unless one is given; CommandError if it has none."""
    # Before its name is judged: a workbook or a folder is told as what it is.
    text, encoding = read_text(path)
    file_format = file_format or format_of(path)
    form = encoding
    if file_format is FileFormat.CSV and holds_objects(text):
        _reject(f"{path} looks like JSON lines, not CSV: import it with --format jsonl, or rename it to end in .jsonl.")
    try:
        if file_format is FileFormat.CSV:
            with cells_of_any_length(text):
                rows, separator, names = read_table(text, columns)
                lines = [_line(each, columns) for each in rows]
            form = f"{encoding}, cells separated by {separator}"
        else:
            objects = list(read_objects(text, columns))
            lines = [_line(each, columns) for each in objects]
            names = frozenset(name for each in objects for name in (*each.fields, *(it.field for it in each.problems)))
    except NotRows as error:
        if (
            file_format is FileFormat.JSONL
            and not text.lstrip().startswith(("{", "["))
            and has_known_names(text, columns)
        ):
            _reject(f"{path} looks like CSV, not JSON lines: import it with --format csv, or rename it to end in .csv.")
        _reject(f"{path}, line {error.line}: {error}")
    if not lines:
        _reject(f"{path} holds no {columns.plural}.")
    return ImportFile(lines, form, names)


def _line(raw: RawRow, columns: Columns[RowT]) -> Line[RowT]:
    return Line(raw.number, columns.row(raw.fields), raw.problems)


def _reject(message: str) -> NoReturn:
    raise CommandError(message, ExitCode.SETTINGS)
