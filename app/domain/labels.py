"""How messages name fields and values, so that each can be shown alone: "Credit limit must be …, not "abc"."."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from app.domain.errors import Path
from app.domain.texts import shown

INPUT = "input"
"""The argument of every mutation, and so the first element of every path."""
_ABBREVIATIONS = {"ean", "id", "ids", "pdf", "po", "url", "vat"}
_MOST_CHARACTERS = 100
"""Maximum length of a label: a caller can send any name."""


def subject(path: Path) -> str:
    """Return the subject of a message about the value at a path, in names of attributes or of the schema."""
    names = [part for part in path if isinstance(part, str)]
    if not names or names == [INPUT]:
        return "The input"
    if len(path) > 1 and isinstance(path[-1], int) and path[-2] == "rows":
        return "The row"
    return label(names[-1])


def subject_of_argument(path: Path) -> str:
    """Return the subject of a message about the value at a path that begins with an argument."""
    if len(path) != 1 or path == (INPUT,):
        return subject(path)
    (argument,) = path
    return f'The argument "{argument}"'


def path_texts(path: Path) -> list[str]:
    """Return a path as clients see it: its indexes are texts, too, because GraphQL has no lists of mixed types."""
    return [str(part) for part in path]


def label(name: str) -> str:
    """Return the words of a name: "Parent customer ID" for `parent_customer_id`, "Active" for `isActive`."""
    return _label(name[:_MOST_CHARACTERS])


@lru_cache(maxsize=1_000)
def _label(name: str) -> str:
    words = re.sub(r"(?<=[a-z])[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    shown_words = (_word(word) for word in words.removeprefix("is_").split("_") if word)
    found = " ".join(shown_words)
    return found[:1].upper() + found[1:]


def _word(word: str) -> str:
    if word not in _ABBREVIATIONS:
        return word
    return "IDs" if word == "ids" else word.upper()


def shown_value(value: object) -> str:
    """Return a value as messages show it: numbers and booleans as they are, text in quotation marks, else the kind."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal() | int() | float():
            return shown(str(value)).strip('"')
        case str():
            return shown(value)
        case Mapping():
            return "an object"
        case _:
            return "a list"


def not_text(value: object) -> str:
    """Return the message for a value that is not text."""
    is_number = isinstance(value, Decimal | int | float) and not isinstance(value, bool)
    hint = ": write it in quotation marks" if is_number else ""
    return f"must be text, not {shown_value(value)}{hint}."
