"""What the rows of a file may say, and what was read of each."""

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
"""How the name of a CSV column begins that holds one metadata entry."""
_MOST_NAMES = 10
"""The unknown names that a message lists."""
_LONGEST_COMPARED = 60
# What people put between the words of a name.
_BETWEEN_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Columns(Generic[RowT]):
    """What the rows of a file may say, and what they become."""

    plural: str
    """What the rows are called: customers."""
    input_type: str
    """The type of the schema whose fields the columns are."""
    names: frozenset[str]
    """The names of its fields."""
    row: Callable[[Mapping[str, object]], RowT]
    """From the fields that a row has, by these names, to the row that a service takes."""
    cells: Mapping[str, CellReader] = field(default_factory=dict[str, CellReader])
    """Readers of CSV cells that hold more than text."""
    numbers: frozenset[str] = frozenset()
    """CSV columns of names and keys that may be made of digits, all of which count."""
    values: Mapping[str, Callable[[object], object]] = field(default_factory=dict[str, Callable[[object], object]])
    """Readers of JSON values that services take in another form; they raise UnreadableCell."""
    has_entries: bool = False
    """Whether a CSV column `metadata.KEY` holds one metadata entry."""

    def unknown(self, names: Sequence[str], how: str = "", *, in_json: bool = False) -> str:
        """Return sentences that list names that can't be imported, those that were probably meant, and those to choose from."""
        listed = ", ".join(shown(name) for name in names[:_MOST_NAMES])
        if len(names) > _MOST_NAMES:
            listed += f" and {len(names) - _MOST_NAMES} more"
        guesses = [f"{guess} for {shown(name)}" for name in names[:_MOST_NAMES] if (guess := self._meant(name))]
        hint = f"Did you mean {', '.join(guesses)}? " if guesses else ""
        choices = sorted(self.names) + [f"{ENTRY}KEY"] * (self.has_entries and not in_json)
        return f"{listed} can't be imported{how}. {hint}Choose from: {', '.join(choices)}."

    def _meant(self, name: str) -> str | None:
        """Return the name that is most like another one, whatever its case and what is between its words."""
        if len(name) > _LONGEST_COMPARED:
            return None
        if self.is_entry(name):
            # Known in CSV, so that it is asked of a field of JSON.
            return f'"metadataSet": {json.dumps({name.removeprefix(ENTRY): "…"}, ensure_ascii=False)}'
        by_letters = {each.lower(): each for each in sorted(self.names)}
        letters = _BETWEEN_WORDS.sub("", name).lower()
        return next((by_letters[each] for each in get_close_matches(letters, by_letters, n=1)), None)

    def is_entry(self, name: str) -> bool:
        """Whether a column of this name holds one metadata entry."""
        return self.has_entries and name.startswith(ENTRY)


class RowProblem(NamedTuple):
    """One reason why a row can't be what it says."""

    field: str
    """The column or field; empty for what is about the whole row."""
    code: ErrorCode
    message: str
    """Follows the field's name."""


class RawRow(NamedTuple):
    """What was read of a row: the values of its fields, and its problems."""

    number: int
    """The line that it begins on."""
    fields: Mapping[str, object]
    problems: tuple[RowProblem, ...] = ()


class NotRows(Exception):
    """A file is not made of rows from some line on; the message follows the line's number."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
