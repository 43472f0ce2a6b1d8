"""The header of a CSV file: its separator and column names, with messages for invalid ones."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from app.cli.import_records import CSV_SEPARATORS, CsvRecord, filled_records, separator_line, without_cell
from app.cli.import_rows import ENTRY, PROBLEMS, Columns, NotRows
from app.domain.texts import stored_form, trimmed

_MAX_TITLES = 5
"""Maximum number of title lines above the header that are detected."""


class Header(NamedTuple):
    """The header of one file."""

    names: list[str]
    width: int
    """Number of cells, including empty ones after the last name."""
    separator: str
    """The name of the file's separator, such as "commas"."""


class FoundHeader(NamedTuple):
    """A header and the records after it."""

    header: Header | None
    """None if the file is blank."""
    records: Iterator[CsvRecord]
    separator: str
    words: str
    """The name of the separator, such as "commas"."""


def find_header(text: str, columns: Columns[Any]) -> FoundHeader:
    """Return the header of a text and the records after it. Raise NotRows if its columns can't be imported."""
    line = separator_line(text)
    separator, _ = _separator_of(text, columns, line)
    records = filled_records(text, separator, line)
    first = next(records, None)
    header = None if first is None else _header(text, first, columns, separator)
    words = CSV_SEPARATORS[separator]
    if line and line[1] != separator:
        words += f", although line 1 names {CSV_SEPARATORS[line[1]]}"
    if header is not None and PROBLEMS in header.names:
        place = header.names.index(PROBLEMS)
        header = header._replace(names=[*header.names[:place], *header.names[place + 1 :]], width=header.width - 1)
        records = without_cell(records, place)
    return FoundHeader(header, records, separator, words)


def has_known_names(text: str, columns: Columns[Any]) -> bool:
    """Return whether a text starts with a header that has at least one known column."""
    return _separator_of(text, columns, separator_line(text))[1] > 0


def _separator_of(text: str, columns: Columns[Any], line: re.Match[str] | None) -> tuple[str, int]:
    """Return the separator with which the header has the most known columns, and their number.

    If several have the same number, the one in the line `sep=` is preferred.
    """

    def names_found(separator: str) -> int:
        try:
            record = next(filled_records(text, separator, line), None)
        except NotRows:
            return 0
        return _known_in(record, columns)

    # The line may be wrong: a file with `sep=;` may have been saved with another separator.
    found = {separator: names_found(separator) for separator in ([line[1]] if line else []) + list(CSV_SEPARATORS)}
    best = max(found, key=found.__getitem__)
    return best, found[best]


def _known_in(record: CsvRecord | None, columns: Columns[Any]) -> int:
    names, known = map(trimmed, record[1] if record else ()), columns.headers
    return sum(name in known or columns.is_entry(name) for name in names)


def _header(text: str, record: CsvRecord, columns: Columns[Any], separator: str) -> Header:
    line, cells = record
    names = [_name(cell, columns) for cell in cells]
    while not names[-1]:
        names.pop()
    if not _known_in(record, columns):
        _reject_titles(text, line, columns)
    problems: list[str] = []
    known = columns.headers | {PROBLEMS}
    unknown = [name for name in dict.fromkeys(names) if name and name not in known and not columns.is_entry(name)]
    if unknown:
        problems.append(columns.unknown(unknown, f" (read with {CSV_SEPARATORS[separator]} as separators)"))
    problems += [
        f"has the column {name} more than once."
        for name in sorted({repeated for repeated in names if names.count(repeated) > 1})
        if name
    ]
    problems += [f"has no name for column {place}." for place, name in enumerate(names, start=1) if not name]
    if problems:
        raise NotRows(line, " It ".join(problems))
    return Header(names, len(cells), CSV_SEPARATORS[separator])


def _name(cell: str, columns: Columns[Any]) -> str:
    """Return a column's name, with its metadata key in the stored form, so that repeated keys are detected."""
    name = stored_form(cell)
    return ENTRY + stored_form(name.removeprefix(ENTRY)) if columns.is_entry(name) else name


def _reject_titles(text: str, line: int, columns: Columns[Any]) -> None:
    """Raise NotRows if one of the records after the first one is the header."""
    for separator in CSV_SEPARATORS:
        for found in _following(text, separator):
            if found[0] > line and 2 * _known_in(found, columns) > sum(map(bool, found[1])):
                above = f"line {line}" if found[0] == line + 1 else f"lines {line} to {found[0] - 1}"
                msg = (
                    f"is not the header: the column names are in line {found[0]}. Delete {above}, for example"
                    " a table's title. "
                    "In Numbers, export without table names."
                )
                raise NotRows(line, msg)


def _following(text: str, separator: str) -> Sequence[CsvRecord]:
    try:
        return list(islice(filled_records(text, separator), 1, 1 + _MAX_TITLES))
    except NotRows:
        return ()
