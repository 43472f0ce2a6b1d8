"""Read files of customers, and show what was found in them."""

from pathlib import Path
from typing import Any

from app.cli.import_customers import CUSTOMER_COLUMNS
from app.cli.import_files import ImportFile, format_of, read_file


def read(folder: Path, content: str | bytes, name: str = "x.csv") -> ImportFile[Any]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_file(path, format_of(path), CUSTOMER_COLUMNS)


def fields_of(file: ImportFile[Any]) -> list[dict[str, object]]:
    return [dict(line.row.fields) for line in file.lines]


def problems_of(file: ImportFile[Any]) -> list[tuple[int, str, str, str]]:
    return [
        (line.number, problem.field, problem.code, problem.message) for line in file.lines for problem in line.problems
    ]
