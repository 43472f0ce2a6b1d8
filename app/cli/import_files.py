"""Files of customers: CSV or JSON lines, read whole before anything is written; what can't be a row stops the import."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

from app.cli.faults import CommandError, ExitCode
from app.domain.customer_fields import ATTRIBUTES
from app.domain.fields import schema_name
from app.services.upsert_rows import UpsertRow

_ATTRIBUTES = {schema_name(name): name for name in (*ATTRIBUTES, "metadata_set", "metadata_unset")}
_TRANSITIONS = "subscriptionTransitions"
_ENTRY = "metadata."
_AMOUNTS = {"creditLimit", "openingBalance"}
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_FLAGS = {"true": True, "false": False}


class FileFormat(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSONL = "jsonl"


_FORMATS = {".csv": FileFormat.CSV, ".jsonl": FileFormat.JSONL, ".ndjson": FileFormat.JSONL}


class Line(NamedTuple):
    """A row with the line that it begins on."""

    number: int
    row: UpsertRow


def format_of(path: Path) -> FileFormat:
    """The format that a file's name says."""
    file_format = _FORMATS.get(path.suffix.lower())
    if file_format is None:
        _refuse(f"{path} must end in {', '.join(_FORMATS)}, so that its format is known.")
    return file_format


def read_lines(path: Path, file_format: FileFormat) -> list[Line]:
    """All rows of a file, or a CommandError that says which line can't be one."""
    text = _text(path)
    rows = _csv_rows(path, text) if file_format is FileFormat.CSV else _json_rows(path, text)
    lines = [Line(number, _row(fields)) for number, fields in rows]
    if not lines:
        _refuse(f"{path} holds no customers.")
    return lines


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The error counts from behind the byte order mark, if there is one.
        line = error.object.count(b"\n", 0, error.start) + 1
        _refuse(f"{path}, line {line}: is not UTF-8; save the file in that encoding.")


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, object]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    first_line = 1
    try:
        for cells in reader:
            if header and cells:
                yield first_line, _cells(path, first_line, header, cells)
            elif cells:
                header = _header(path, first_line, cells)
            first_line = reader.line_num + 1
    except csv.Error as error:
        _refuse(f"{path}, line {first_line}: is not CSV: {error}.")


def _header(path: Path, line: int, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    known = {*_ATTRIBUTES, _TRANSITIONS}
    _refuse_unknown(path, line, (each for each in names if each not in known and not each.startswith(_ENTRY)))
    repeated = sorted({each for each in names if names.count(each) > 1})
    if repeated:
        _refuse(f"{path}, line {line}: has the column {repeated[0]} more than once.")
    return names


def _cells(path: Path, line: int, header: list[str], cells: list[str]) -> dict[str, object]:
    if len(cells) != len(header):
        _refuse(f"{path}, line {line}: has {len(cells)} cells, but the header has {len(header)}.")
    fields: dict[str, object] = {}
    for name, cell in zip(header, cells, strict=True):
        if not cell.strip():
            continue
        value = None if cell.strip() == "null" else _READERS.get(name, str)(cell)
        if not name.startswith(_ENTRY):
            fields[name] = value
        elif value is None:
            cast("list[str]", fields.setdefault("metadataUnset", [])).append(name.removeprefix(_ENTRY))
        else:
            cast("dict[str, object]", fields.setdefault("metadataSet", {}))[name.removeprefix(_ENTRY)] = value
    return fields


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, object]]]:
    # Only line feeds part lines: JSON's strings may hold other separators as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            _refuse(f"{path}, line {number}: is not JSON: {error}.")
        if not isinstance(found, dict):
            _refuse(f"{path}, line {number}: must be an object of a customer's fields.")
        fields = cast("dict[str, Any]", found)
        _refuse_unknown(path, number, (each for each in fields if each not in {*_ATTRIBUTES, _TRANSITIONS}))
        yield number, {name: _amount(value) if name in _AMOUNTS else value for name, value in fields.items()}


def _row(fields: Mapping[str, object]) -> UpsertRow:
    attributes = {_ATTRIBUTES[name]: value for name, value in fields.items() if name != _TRANSITIONS}
    transitions = fields.get(_TRANSITIONS)
    if transitions is None:
        return UpsertRow(attributes)
    entries = cast("list[object]", transitions if isinstance(transitions, list) else [transitions])
    return UpsertRow(attributes, tuple(_subscription(each) for each in entries))


def _subscription(entry: object) -> object:
    return cast("dict[str, object]", entry).get("subscriptionId") if isinstance(entry, dict) else entry


def _whole(cell: str) -> object:
    return int(cell) if _NUMBER.fullmatch(cell.strip()) else cell


def _flag(cell: str) -> object:
    return _FLAGS.get(cell.strip(), cell)


def _amount(value: object) -> object:
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return Decimal(value.strip())
    return Decimal(repr(value)) if isinstance(value, float) else value


def _json(cell: str) -> object:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


# What a reader can't read stays text: the rules of the field then refuse the row, and say what it must be.
_READERS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(_AMOUNTS, _amount),
    **dict.fromkeys(("paymentTerms", "billingDay"), _whole),
    **dict.fromkeys(("isActive", "includeChildDetailsPdf"), _flag),
    **dict.fromkeys(("metadata", "metadataSet", "metadataUnset", _TRANSITIONS), _json),
}


def _refuse_unknown(path: Path, line: int, names: Iterator[str]) -> None:
    unknown = ", ".join(json.dumps(each) for each in names)
    if unknown:
        _refuse(f"{path}, line {line}: {unknown} can't be imported; the names are those of UpsertCustomerRow.")


def _refuse(message: str) -> NoReturn:
    raise CommandError(message, ExitCode.SETTINGS)
