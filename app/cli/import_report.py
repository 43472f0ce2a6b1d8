"""The report of rejected rows: one entry per problem, with the line of the file that it is about."""

import csv
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from app.cli.import_files import FileFormat, format_of
from app.cli.import_rows import RowProblem


class ReportedProblem(NamedTuple):
    """A problem of one row, as it is reported."""

    line: int
    field: str
    """Empty for what is about the whole row."""
    code: str
    message: str

    @classmethod
    def of(cls, line: int, problem: RowProblem) -> "ReportedProblem":
        """Return a row's problem with the line that the row begins on."""
        return cls(line, problem.field, problem.code, problem.message)

    def __str__(self) -> str:
        """As a person reads it."""
        subject = f"{self.field} {self.message}" if self.field else self.message
        return f"line {self.line}: {subject} ({self.code})"


class Report:
    """Writes problems to a file, as CSV or JSON lines by its name."""

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
    """Yield a report in a file, which is replaced; None without a path."""
    if path is None:
        yield None
        return
    file_format = format_of(path)
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield Report(file, file_format)
