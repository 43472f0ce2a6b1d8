"""The records of a CSV file: lists of cells with the line on which each starts."""

import csv
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from app.cli.import_rows import NotRows
from app.domain.texts import trimmed

CSV_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""The supported separators and their names."""
# Lines as the csv module counts them: they end with a line feed, a carriage return, or both.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_QUOTES = (
    "has an unpaired quotation mark. Put texts that contain a quotation mark, a separator or a line break in quotation "
    'marks, and double those inside: "5"" pipe".'
)

# Excel writes and reads a first line such as `sep=;`.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*(?=[\r\n]|$)', re.IGNORECASE)

CsvRecord = tuple[int, list[str]]


@contextmanager
def cells_of_any_length(text: str) -> Generator[None]:
    """Raise the csv module's limit on cells, so that one that is too long rejects its row and not the file."""
    before = csv.field_size_limit(len(text) + 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def other_separators(cell: str, separator: str) -> tuple[int, str]:
    """Return how often the most frequent other separator occurs in a cell, and its name."""
    counts = {words: cell.count(character) for character, words in CSV_SEPARATORS.items() if words != separator}
    most = max(counts, key=counts.__getitem__)
    return counts[most], most if counts[most] > 1 else most.removesuffix("s")


def filled_records(text: str, separator: str, separator_line: object = None) -> Iterator[CsvRecord]:
    """Yield the records that aren't blank, without the line `sep=` if there is one.

    Raise NotRows at an unpaired quotation mark.
    """
    records = _records(text, separator)
    if separator_line:
        next(records)
    return ((line, cells) for line, cells in records if any(map(trimmed, cells)))


def separator_line(text: str) -> re.Match[str] | None:
    """Return the first line if it names the separator, which is its first group."""
    return _SEPARATOR_LINE.match(text)


def without_cell(records: Iterator[CsvRecord], place: int) -> Iterator[CsvRecord]:
    """Yield records without one of their cells. Skip those that are blank without it."""
    for line, cells in records:
        others = [*cells[:place], *cells[place + 1 :]]
        if any(map(trimmed, others)):
            yield line, others


def _records(text: str, separator: str) -> Iterator[CsvRecord]:
    lines = (found[0] for found in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise NotRows(line, _QUOTES) from error
