"""Readers of single input values: each takes a raw value and returns the value to store or a problem."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from app.domain.decimals import decimals_in
from app.domain.errors import ErrorCode, LimitProblem, Path, Problem
from app.domain.labels import not_text, shown_value
from app.domain.limits import Limits, limited, limits_of
from app.domain.texts import invisible_in, is_too_long, stored_form

Reader = Callable[[object, Path], object]
"""Maps a value that isn't null, and its path, to the value to store (None for blank text), or to its problems."""
Form = Callable[[str], str | None]
"""Maps trimmed text to the text to store; None if the text is malformed."""
EnumT = TypeVar("EnumT", bound=StrEnum)

_MOST_CHARACTERS = 255
MOST_NUMBER_CHARACTERS = 50
"""Maximum length of the number of a customer, a customer group or a ledger account."""
A_DECIMAL = "a decimal number such as 12.50"
"""What messages call the form of a decimal."""
_AMOUNT_DIGITS = 15
_AMOUNT_DECIMALS = 2
_CENT = Decimal(1).scaleb(-_AMOUNT_DECIMALS)
_LARGEST_AMOUNT = Decimal(10) ** (_AMOUNT_DIGITS - _AMOUNT_DECIMALS) - _CENT
# Not all characters that keys can't hold: what schemas need not know, the reader says.
_KEY = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
_UUID_CHARACTERS = 36
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@lru_cache(maxsize=1_000)
def schema_name(attribute: str) -> str:
    """Return an attribute's name in the schema: `postalCode` for `postal_code`."""
    first, *others = attribute.split("_")
    return first + "".join(other.capitalize() for other in others)


def schema_names(attributes: Iterable[str]) -> tuple[str, ...]:
    """Return the names of attributes in the schema, sorted."""
    return tuple(sorted(map(schema_name, attributes)))


def invalid(path: Path, message: str) -> Problem:
    """Return the problem of a malformed value."""
    return Problem(ErrorCode.FIELD_INVALID, path, message)


def missing(path: Path) -> Problem:
    """Return the problem of a required value that is left out, null or blank."""
    return Problem(ErrorCode.FIELD_REQUIRED, path, "must be given and not be blank.")


def is_storable(value: str) -> bool:
    """Return whether PostgreSQL can store the text: it can't store U+0000 and lone surrogates."""
    return "\0" not in value if value.isascii() else not _UNSTORABLE.search(value)


def text(most: int = _MOST_CHARACTERS) -> Reader:
    """Return a reader of text with a maximum length: trimmed, in normal form C; None if no character is visible."""

    def read(value: object, path: Path) -> object:
        if not isinstance(value, str):
            return invalid(path, not_text(value))
        if len(value) <= most and value.isascii() and value.isprintable():
            # Most texts: nothing to normalize, and only spaces to remove.
            return value.strip(" ") or None
        # Searching a megabyte takes milliseconds, and one variable can be the value of many fields.
        if not is_too_long(value, most) and not is_storable(value):
            return invalid(path, "must not contain U+0000 or lone surrogates.")
        stored = stored_form(value, most=most)
        if len(stored) > most:
            message = f"must have at most {most} characters, not {len(stored)}."
            return LimitProblem(ErrorCode.FIELD_TOO_LONG, path, message, most, len(stored))
        return stored or None

    return limited(read, Limits(most_characters=most))


def key_text(most: int = _MOST_CHARACTERS) -> Reader:
    """Return a reader of keys. They can't hold invisible characters, because keys that look alike must be equal."""
    plain = text(most)

    def read(value: object, path: Path) -> object:
        found = plain(value, path)
        hidden = invisible_in(found) if isinstance(found, str) else None
        return found if hidden is None else invalid(path, hidden_in_key(hidden))

    return limited(read, replace(limits_of(plain), pattern=_KEY))


def hidden_in_key(hidden: str) -> str:
    """Return the message for a character that keys can't hold, named as by `invisible_in`."""
    return f"must not contain {hidden}: keys can't hold invisible characters, or white space other than plain spaces."


def formed(form: Form, must: str) -> Reader:
    """Return a reader of text with a form and without invisible characters. `must` describes the form in messages."""
    plain = text()

    def read(value: object, path: Path) -> object:
        found = plain(value, path)
        if not isinstance(found, str):
            return found
        hidden = invisible_in(found)
        if hidden is not None:
            return invalid(path, f"{must}. Remove {hidden}, an invisible character or special space.")
        shaped = form(found)
        return invalid(path, f"{must}, not {shown_value(value)}.") if shaped is None else shaped

    limits = limits_of(form)
    return limited(read, replace(limits, most_characters=limits.most_characters or _MOST_CHARACTERS))


def choice(options: type[EnumT]) -> Reader:
    """Return a reader of an enumeration's values."""
    by_value = {option.value: option for option in options}

    def read(value: object, path: Path) -> object:
        found = by_value.get(value) if isinstance(value, str) else None
        return found or invalid(path, f"must be one of {', '.join(by_value)}, not {shown_value(value)}.")

    return read


def flag(value: object, path: Path) -> object:
    """Read a boolean."""
    return value if isinstance(value, bool) else invalid(path, f"must be true or false, not {shown_value(value)}.")


def whole(least: int, most: int) -> Reader:
    """Return a reader of whole numbers within bounds, both included."""

    def read(value: object, path: Path) -> object:
        if not isinstance(value, int) or isinstance(value, bool):
            return invalid(path, f"must be a whole number, not {shown_value(value)}.")
        return value if least <= value <= most else invalid(path, f"must be between {least} and {most}, not {value}.")

    return limited(read, Limits(least=least, most=most))


def amount(*, signed: bool) -> Reader:
    """Return a reader of exact amounts in major units, stored with two decimals.

    More than two written decimals are rejected even if they are zeros: in half of Europe `12.500` means twelve
    thousand.
    """

    def read(value: object, path: Path) -> object:
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            return invalid(path, f"must be {A_DECIMAL}, not {_not_decimal(value)}.")
        number = Decimal(value)
        if not number.is_finite():
            return invalid(path, "must be a finite number.")
        if number and number.adjusted() >= _AMOUNT_DIGITS - _AMOUNT_DECIMALS:
            return invalid(path, f"must have at most {_AMOUNT_DIGITS - _AMOUNT_DECIMALS} digits before the point.")
        decimals = decimals_in(number)
        if decimals > _AMOUNT_DECIMALS:
            return invalid(
                path,
                f"has {decimals} decimals; at most {_AMOUNT_DECIMALS} are allowed, even if they are zeros."
                " A point separates decimals; nothing separates thousands.",
            )
        rounded = number.quantize(_CENT)
        if rounded < 0 and not signed:
            return invalid(path, f"must be at least 0, not {rounded}.")
        return abs(rounded) if rounded.is_zero() else rounded

    return limited(read, Limits(least=-_LARGEST_AMOUNT if signed else 0, most=_LARGEST_AMOUNT))


def _not_decimal(value: object) -> str:
    return "text with a comma" if isinstance(value, str) and "," in value else shown_value(value)


def read_uuid(value: object, path: Path) -> object:
    """Read a UUID."""
    if isinstance(value, UUID):
        return value
    found = stored_form(value, most=_UUID_CHARACTERS).lower() if isinstance(value, str) else ""
    if len(found) == _UUID_CHARACTERS and _UUID.fullmatch(found):
        return UUID(found)
    return invalid(path, "must be a UUID, such as 0198c0de-0000-7000-8000-000000000000.")


limited(read_uuid, Limits(form="uuid"))
