"""The columns that a file may have, and the rows that were parsed from it."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Generic, NamedTuple, TypeVar

from app.cli.import_cells import CellReader
from app.domain.errors import ErrorCode
from app.domain.texts import shown

RowT = TypeVar("RowT")
ENTRY = "metadata."
"""The prefix of CSV columns for single metadata entries."""
_MAX_NAMES = 10
"""Maximum number of unknown names that a message lists."""
_LONGEST_COMPARED = 60
# Characters between the words of a name.
_BETWEEN_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Columns(Generic[RowT]):
    """The columns that a file may have, and how its rows are converted."""

    plural: str
    """The name of the rows, such as "customers"."""
    input_type: str
    """The input type in the schema whose fields the columns are."""
    names: frozenset[str]
    """The names of its fields, which are the column names."""
    row: Callable[[Mapping[str, object]], RowT]
    """Returns the row for the use case from fields by these names."""
    cells: Mapping[str, CellReader] = field(default_factory=dict[str, CellReader])
    """Parsers of CSV cells that are not text."""
    numbers: frozenset[str] = frozenset()
    """CSV columns of names and keys that may consist of digits, which spreadsheets shorten."""
    values: Mapping[str, Callable[[object], object]] = field(default_factory=dict[str, Callable[[object], object]])
    """Converters of JSON values for use cases; they raise UnreadableCell."""
    has_entries: bool = False
    """Whether CSV columns `metadata.KEY` for single metadata entries are allowed."""

    def unknown(self, names: Sequence[str], how: str = "", *, in_json: bool = False) -> str:
        """Return a message that lists unknown names, suggestions, and all known names."""
        listed = ", ".join(shown(name) for name in names[:_MAX_NAMES])
        if len(names) > _MAX_NAMES:
            listed += f" and {len(names) - _MAX_NAMES} more"
        guesses = [f"{guess} for {shown(name)}" for name in names[:_MAX_NAMES] if (guess := self._meant(name))]
        hint = f"Did you mean {', '.join(guesses)}? " if guesses else ""
        choices = sorted(self.names) + [f"{ENTRY}KEY"] * (self.has_entries and not in_json)
        return f"{listed} can't be imported{how}. {hint}Choose from: {', '.join(choices)}."

    def _meant(self, name: str) -> str | None:
        """Return the most similar known name, ignoring case and the characters between words; None if there is none."""
        if len(name) > _LONGEST_COMPARED:
            return None
        if self.is_entry(name):
            # Such a column is valid in CSV, so the unknown name is a field of JSON.
            return f'"metadataSet": {json.dumps({name.removeprefix(ENTRY): "…"}, ensure_ascii=False)}'
        by_letters = {name.lower(): name for name in sorted(self.names)}
        letters = _BETWEEN_WORDS.sub("", name).lower()
        return next((by_letters[match] for match in get_close_matches(letters, by_letters, n=1)), None)

    def is_entry(self, name: str) -> bool:
        """Return whether a column is for a single metadata entry."""
        return self.has_entries and name.startswith(ENTRY)


class RowProblem(NamedTuple):
    """One reason why a row is rejected."""

    field: str
    """The column or field; empty if the problem concerns the whole row."""
    code: ErrorCode
    message: str
    """Follows the field's name."""


class RawRow(NamedTuple):
    """A parsed row: the values of its fields, and its problems."""

    number: int
    """The number of its first line."""
    fields: Mapping[str, object]
    problems: tuple[RowProblem, ...] = ()


class NotRows(Exception):
    """A file can't be parsed from some line on. The message follows the line's number."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
