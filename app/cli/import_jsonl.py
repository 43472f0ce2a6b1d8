"""Parsing of JSON lines: one object per line."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from app.cli.import_cells import UnreadableCell
from app.cli.import_json import NotJson, read_json
from app.cli.import_rows import PROBLEMS, Columns, FileProblem, NotRows, RawRow
from app.domain.errors import ErrorCode
from app.domain.texts import trimmed


def read_objects(text: str, columns: Columns[Any]) -> Iterator[RawRow]:
    """Yield the row of each line that is not blank. Raise NotRows at one that is not an object of known fields."""
    # Lines end with line feeds only: strings in JSON may contain other line separators unescaped.
    for number, line in enumerate(text.split("\n"), start=1):
        if trimmed(line):
            yield _row(number, line, columns)


def holds_objects(text: str) -> bool:
    """Return whether the first line that is not blank is a JSON object."""
    first = next((line for line in text.split("\n") if trimmed(line)), "")
    try:
        return trimmed(first).startswith("{") and isinstance(read_json(first).value, dict)
    except NotJson:
        return False


def _row(number: int, line: str, columns: Columns[Any]) -> RawRow:
    try:
        found, repeated = read_json(line)
    except NotJson as error:
        raise NotRows(number, f"is not JSON: {error}. Write one object per line.") from None
    if not isinstance(found, dict):
        raise NotRows(number, f"must be an object of the fields of {columns.input_type}.")
    fields = cast("dict[str, object]", found)
    fields.pop(PROBLEMS, None)
    unknown = [name for name in fields if name not in columns.names]
    unknown += [
        f"{name}.{part}"
        for name, known in columns.objects.items()
        if isinstance(inner := fields.get(name), dict)
        for part in cast("dict[str, object]", inner)
        if part not in known
    ]
    if unknown:
        raise NotRows(number, columns.unknown(unknown, in_json=True))
    values, problems = _values(fields, columns)
    problems += [
        FileProblem("", ErrorCode.FIELD_CONFLICT, f"contains {json.dumps(name)} more than once: keep one of them.")
        for name in dict.fromkeys(repeated)
    ]
    return RawRow(number, values, tuple(problems))


def _values(
    fields: Mapping[str, object], columns: Columns[Any], prefix: str = ""
) -> tuple[dict[str, object], list[FileProblem]]:
    values: dict[str, object] = {}
    problems: list[FileProblem] = []
    for name, value in fields.items():
        column = prefix + name
        if not prefix and name in columns.objects and isinstance(value, dict):
            values[name], others = _values(cast("dict[str, object]", value), columns, f"{name}.")
            problems += others
            continue
        try:
            values[name] = columns.values[column](value) if column in columns.values else value
        except UnreadableCell as error:
            problems.append(FileProblem(column, ErrorCode.FIELD_INVALID, str(error)))
    return values, problems
