"""The columns that a file may have, and the rows that were parsed from it."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar, cast

from app.cli.import_cells import CellReader
from app.domain.errors import ErrorCode
from app.domain.fields import schema_name
from app.domain.texts import shown

RowT = TypeVar("RowT")
ENTRY = "metadata."
"""The prefix of CSV columns for single metadata entries."""
PROBLEMS = "problems"
"""The column of a file of rejected rows that says what is wrong with them; ignored in files to import."""
_MAX_NAMES = 10
"""Maximum number of unknown names that a message lists."""
_LONGEST_COMPARED = 60
# Characters between the words of a name.
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def first_of(items: Sequence[str], most: int, count: int | None = None) -> str:
    """Return the first items of a list, and how many more there are. `items` may lack some of `count`."""
    more = (len(items) if count is None else count) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")


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
    objects: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """The fields of the names whose values are objects. In CSV each is a column, such as `customer.id`."""

    required_parts: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """The fields of objects that must all be given with the object. Of other objects one is enough."""
    instead: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields that a row may use instead of others: problems of the latter are reported at the former's column."""

    @property
    def headers(self) -> frozenset[str]:
        """The names of the columns of CSV, without those of single metadata entries."""
        parts = {f"{name}.{part}" for name, its in self.objects.items() for part in its}
        return frozenset(self.names - self.objects.keys() | parts)

    def with_objects(self, cells: Mapping[str, object]) -> dict[str, object]:
        """Return the values of a CSV row's cells by field: the columns of an object become one value."""
        fields: dict[str, object] = {}
        for column, value in cells.items():
            name, _, part = column.partition(".")
            if part and name in self.objects:
                cast("dict[str, object]", fields.setdefault(name, {}))[part] = value
            else:
                fields[column] = value
        return fields

    def unknown(self, names: Sequence[str], how: str = "", *, in_json: bool = False) -> str:
        """Return a message that lists unknown names, suggestions, and all known names."""
        listed = first_of([shown(name) for name in names], _MAX_NAMES)
        form = self._in_json if in_json else str
        meant = {name: guess for name in names[:_MAX_NAMES] if (guess := self._meant(name))}
        guesses = [f"{form(guess)} for {shown(name)}" for name, guess in meant.items()]
        hint = f"Did you mean {', '.join(guesses)}? " if guesses else ""
        if in_json:
            choices = [
                f"{name} {{{', '.join(self.objects[name])}}}" if name in self.objects else name
                for name in sorted(self.names)
            ]
        else:
            choices = sorted(self.headers) + [f"{ENTRY}KEY"] * self.has_entries
        return f"{listed} can't be imported{how}. {hint}Choose from: {', '.join(choices)}."

    def _in_json(self, name: str) -> str:
        """Return a name as JSON lines have it: the field of an object is inside the object."""
        name, _, part = name.partition(".")
        return f'"{name}": {{"{part}": …}}' if part and name in self.objects else name

    def _meant(self, name: str) -> str | None:
        """Return the most similar known name, ignoring case and the characters between words; None if there is none."""
        if len(name) > _LONGEST_COMPARED:
            return None
        if self.is_entry(name):
            # Such a column is valid in CSV, so the unknown name is a field of JSON.
            return f'"metadataSet": {json.dumps({name.removeprefix(ENTRY): "…"}, ensure_ascii=False)}'
        by_letters = {_BETWEEN_WORDS.sub("", name).lower(): name for name in sorted(self.headers)}
        letters = _BETWEEN_WORDS.sub("", name).lower()
        return next((by_letters[match] for match in get_close_matches(letters, by_letters, n=1)), None)

    def is_entry(self, name: str) -> bool:
        """Return whether a column is for a single metadata entry."""
        return self.has_entries and name.startswith(ENTRY)


class FileProblem(NamedTuple):
    """One reason why a row is rejected."""

    field: str
    """The column or field; empty if the problem concerns the whole row."""
    code: ErrorCode
    message: str
    """Follows the field's name, or "The row"."""

    @property
    def sentence(self) -> str:
        """The problem for people."""
        return f"{self.field or 'The row'} {self.message}"


class RawRow(NamedTuple):
    """A parsed row: the values of its fields, and its problems."""

    number: int
    """The number of its first line."""
    fields: Mapping[str, object]
    problems: tuple[FileProblem, ...] = ()


class NotRows(Exception):
    """A file can't be parsed from some line on. The message follows the line's number."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def by_attribute(
    attributes: Iterable[str], objects: Mapping[str, Iterable[str]] = MappingProxyType({})
) -> tuple[frozenset[str], Callable[[Mapping[str, object]], dict[str, object]]]:
    """Return the names of attributes in the schema, and a function that returns the values of such names by attribute.

    `objects` holds the attributes of attributes whose values are objects.
    """
    names = {schema_name(attribute): attribute for attribute in attributes}
    parts = {schema_name(attribute): {schema_name(part): part for part in its} for attribute, its in objects.items()}

    def row(fields: Mapping[str, object]) -> dict[str, object]:
        return {names[name]: _renamed(value, parts.get(name)) for name, value in fields.items()}

    return frozenset(names), row


def _renamed(value: object, names: Mapping[str, str] | None) -> object:
    if names is None or not isinstance(value, Mapping):
        return value
    return {names[name]: found for name, found in cast("Mapping[str, object]", value).items()}
