"""The report of rejected rows: one entry per problem, with its line in the file."""

import csv
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from app.cli.import_files import FileFormat, format_of
from app.cli.import_rows import RowProblem


class ReportedProblem(NamedTuple):
    """A problem of one row, as written to the report."""

    line: int
    field: str
    """The column or field; empty if the problem concerns the whole row."""
    code: str
    message: str

    @classmethod
    def of(cls, line: int, problem: RowProblem) -> "ReportedProblem":
        """Return a row's problem with the row's first line."""
        return cls(line, problem.field, problem.code, problem.message)

    def __str__(self) -> str:
        """Return the problem as a message for people."""
        subject = f"{self.field} {self.message}" if self.field else self.message
        return f"line {self.line}: {subject} ({self.code})"


class Report:
    """Writes problems to a file, as CSV or JSON lines."""

    def __init__(self, file: IO[str], file_format: FileFormat) -> None:
        self._file = file
        self._csv = csv.writer(file) if file_format is FileFormat.CSV else None
        if self._csv is not None:
            self._csv.writerow(ReportedProblem._fields)

    def write(self, problem: ReportedProblem) -> None:
        """Write one problem."""
        if self._csv is not None:
            self._csv.writerow(problem)
        else:
            self._file.write(f"{json.dumps(problem._asdict(), ensure_ascii=False)}\n")


@contextmanager
def report_to(path: Path | None) -> Generator[Report | None]:
    """Yield a report that replaces a file; None without a path."""
    if path is None:
        yield None
        return
    file_format = format_of(path)
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield Report(file, file_format)
