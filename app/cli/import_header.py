"""The header of a CSV file: the separator of its cells, the names of its columns, and what is wrong with them."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from app.cli.import_records import SEPARATORS, Record, filled_records
from app.cli.import_rows import ENTRY, Columns, NotRows
from app.domain.texts import stored_form, trimmed

# The line with which Excel tells itself the separator.
_TOLD = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*(?=[\r\n]|$)', re.IGNORECASE)
_MOST_TITLES = 5
"""The lines above the header that are recognized as titles."""


class Header(NamedTuple):
    """The header of one file."""

    names: list[str]
    width: int
    """How many cells it has, empty ones behind the last name counted."""
    separator: str
    """What separates the cells of the file, in words."""


class Found(NamedTuple):
    """A header, and the records that follow it."""

    header: Header | None
    """None if the file has no text."""
    records: Iterator[Record]
    separator: str
    """What separates the cells of the file, in words."""


def find_header(text: str, columns: Columns[Any]) -> Found:
    """Return the header of a text with the records behind it; NotRows if its columns can't be imported."""
    told = _TOLD.match(text)
    separator, _ = _separator_of(text, columns, told)
    records = filled_records(text, separator, told)
    first = next(records, None)
    header = None if first is None else _header(text, first, columns, separator)
    words = SEPARATORS[separator]
    if told and told[1] != separator:
        words += f", although line 1 names {SEPARATORS[told[1]]}"
    return Found(header, records, words)


def has_known_names(text: str, columns: Columns[Any]) -> bool:
    """Whether a text begins with a header that names any column that can be imported."""
    return _separator_of(text, columns, _TOLD.match(text))[1] > 0


def _separator_of(text: str, columns: Columns[Any], told: re.Match[str] | None) -> tuple[str, int]:
    """Return the separator that finds the most names in the header, and their number; the one that is told if it is as good."""

    def names_found(separator: str) -> int:
        try:
            record = next(filled_records(text, separator, told), None)
        except NotRows:
            return 0
        return _known_in(record, columns)

    # A line such as `sep=;` may stand above a file that was saved with another separator.
    found = {separator: names_found(separator) for separator in ([told[1]] if told else []) + list(SEPARATORS)}
    best = max(found, key=found.__getitem__)
    return best, found[best]


def _known_in(record: Record | None, columns: Columns[Any]) -> int:
    names = map(trimmed, record[1] if record else ())
    return sum(name in columns.names or columns.is_entry(name) for name in names)


def _header(text: str, record: Record, columns: Columns[Any], separator: str) -> Header:
    line, cells = record
    names = [_name(cell, columns) for cell in cells]
    while not names[-1]:
        names.pop()
    if not _known_in(record, columns):
        _refuse_titles(text, line, columns)
    problems: list[str] = []
    unknown = [
        name for name in dict.fromkeys(names) if name and name not in columns.names and not columns.is_entry(name)
    ]
    if unknown:
        problems.append(columns.unknown(unknown, f" (read with {SEPARATORS[separator]} as separators)"))
    problems += [
        f"has the column {name} more than once."
        for name in sorted({each for each in names if names.count(each) > 1})
        if name
    ]
    problems += [f"has no name for column {place}." for place, name in enumerate(names, start=1) if not name]
    if problems:
        raise NotRows(line, " It ".join(problems))
    return Header(names, len(cells), SEPARATORS[separator])


def _name(cell: str, columns: Columns[Any]) -> str:
    """Return a column's name; a metadata key in it as it is stored, so that two columns of one key are the same."""
    name = stored_form(cell)
    return ENTRY + stored_form(name.removeprefix(ENTRY)) if columns.is_entry(name) else name


def _refuse_titles(text: str, line: int, columns: Columns[Any]) -> None:
    """Raise NotRows if the first record is no header, but one of those behind it is."""
    for separator in SEPARATORS:
        for found in _following(text, separator):
            if found[0] > line and 2 * _known_in(found, columns) > sum(map(bool, found[1])):
                above = f"line {line}" if found[0] == line + 1 else f"lines {line} to {found[0] - 1}"
                msg = (
                    f"is no header: the names of the columns are in line {found[0]}. Delete {above}, such as the title of a "
                    "table. Numbers leaves it out if table names are not included when the file is exported."
                )
                raise NotRows(line, msg)


def _following(text: str, separator: str) -> Sequence[Record]:
    try:
        return list(islice(filled_records(text, separator), 1, 1 + _MOST_TITLES))
    except NotRows:
        return ()
