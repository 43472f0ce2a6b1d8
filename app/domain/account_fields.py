"""Fields of a ledger account and how inputs are read into them."""

from collections.abc import Mapping

from app.domain.errors import Problem
from app.domain.fields import MOST_NUMBER_CHARACTERS, key_text, missing, text
from app.domain.inputs import Field, as_read, read_input

ATTRIBUTES = ("number", "name")
"""The attributes of an account's row that an input may set."""
FIELDS = {"number": Field(key_text(MOST_NUMBER_CHARACTERS), clearable=False), "name": Field(text(), clearable=False)}


def read_account(given: Mapping[str, object], *, creating: bool) -> tuple[dict[str, object], list[Problem]]:
    """Return the values of the fields that were sent, by attribute, and all problems.

    The number is always required because it is the key. The name is required for a new account only.
    """
    values, problems = read_input(given, FIELDS)
    required = ATTRIBUTES if creating else ("number",)
    return values, [*problems, *(missing((name,)) for name in required if name not in given)]


def canonical(given: Mapping[str, object]) -> dict[str, object]:
    """Return a row with every value in its stored form."""
    return as_read(given, read_account(given, creating=False)[0])
