"""The records of a CSV file: lists of cells, with the line that each begins on."""

import csv
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from app.cli.import_rows import NotRows
from app.domain.texts import trimmed

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What may separate cells, in words."""
# As csv counts lines: a line feed, a carriage return, or both.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_QUOTES = (
    "its quotation marks do not pair, from here on. Put a text that holds a quotation mark, a separator or a line break in "
    'quotation marks, and double those inside: "5"" pipe".'
)

Record = tuple[int, list[str]]


@contextmanager
def cells_of_any_length(text: str) -> Generator[None]:
    """Let csv take every cell of a text: one that is too long then refuses its row, and not the file."""
    before = csv.field_size_limit(len(text) + 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def other_separators(cell: str, separator: str) -> tuple[int, str]:
    """Return which separator other than the file's stands most often in a cell, in words, and how often."""
    counts = {words: cell.count(each) for each, words in SEPARATORS.items() if words != separator}
    most = max(counts, key=counts.__getitem__)
    return counts[most], most if counts[most] > 1 else most.removesuffix("s")


def filled_records(text: str, separator: str, told: object = None) -> Iterator[Record]:
    """Yield the records that hold any text, except for the first one of all if it told the separator.

    NotRows where quotation marks do not pair.
    """
    records = _records(text, separator)
    if told:
        next(records)
    return ((line, cells) for line, cells in records if any(map(trimmed, cells)))


def _records(text: str, separator: str) -> Iterator[Record]:
    lines = (found[0] for found in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise NotRows(line, _QUOTES) from error
