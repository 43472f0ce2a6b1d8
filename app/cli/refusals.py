"""The report of refused rows: one entry per fault, with the line of the file that it is about."""

import csv
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from app.cli.import_files import FileFormat, format_of
from app.domain.errors import Fault


class Refusal(NamedTuple):
    """Why a row was refused."""

    line: int
    field: str
    """Empty for what is about the whole row."""
    code: str
    message: str

    @classmethod
    def of(cls, line: int, fault: Fault) -> "Refusal":
        """A row's fault, whose path begins with the list and the row's place in it."""
        return cls(line, ".".join(str(part) for part in fault.path[3:]), fault.code, fault.message)

    def __str__(self) -> str:
        """As a person reads it."""
        return f"line {self.line}: {self.field} {self.message} ({self.code})"


class Report:
    """Writes refusals to a file, as CSV or JSON lines by its name."""

    def __init__(self, file: IO[str], file_format: FileFormat) -> None:
        self._file = file
        self._csv = csv.writer(file) if file_format is FileFormat.CSV else None
        if self._csv is not None:
            self._csv.writerow(Refusal._fields)

    def write(self, refusal: Refusal) -> None:
        """Write one refusal."""
        if self._csv is not None:
            self._csv.writerow(refusal)
        else:
            self._file.write(f"{json.dumps(refusal._asdict(), ensure_ascii=False)}\n")


@contextmanager
def report_to(path: Path | None) -> Generator[Report | None]:
    """A report in a file, which is replaced; none without a path."""
    if path is None:
        yield None
        return
    file_format = format_of(path)
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield Report(file, file_format)
