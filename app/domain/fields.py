"""Readers of single values: a raw value of an input comes in, the value to store or a problem goes out."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from iso3166 import countries_by_alpha2

from app.domain.decimals import decimals_in
from app.domain.errors import ErrorCode, LimitProblem, Path, Problem
from app.domain.money import is_currency
from app.domain.texts import invisible_in, shown, stored_form

Reader = Callable[[object, Path], object]
"""From a value that is not null, and its path, to what is stored, or a Problem, or a list of them; None is a blank text."""
Form = Callable[[str], str | None]
"""From a trimmed text to the one that is stored; None if it doesn't have the form."""
EnumT = TypeVar("EnumT", bound=StrEnum)

_MOST_CHARACTERS = 255
_AMOUNT_DIGITS = 15
_AMOUNT_DECIMALS = 2
_CENT = Decimal(1).scaleb(-_AMOUNT_DECIMALS)
# The library's documented way to accept domains that mail can't be sent to from outside, such as firma.local.
SPECIAL_USE_DOMAIN_NAMES.clear()
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PUNYCODE = re.compile(r"(?<![^.])xn--(?=[a-z0-9-]+(?:\.|\Z))", re.ASCII | re.IGNORECASE)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NOT_IN_URL = frozenset('"<>\\^`{|}')


@lru_cache(maxsize=1_000)
def schema_name(attribute: str) -> str:
    """The name that the schema gives to an attribute: `postal_code` is `postalCode`."""
    first, *others = attribute.split("_")
    return first + "".join(other.capitalize() for other in others)


def invalid(path: Path, message: str) -> Problem:
    """A value without the form that its field needs."""
    return Problem(ErrorCode.FIELD_INVALID, path, message)


def is_storable(value: str) -> bool:
    """Whether a column can hold the text: PostgreSQL has no U+0000, and half of a surrogate pair is no character."""
    return not _UNSTORABLE.search(value)


def text(most: int = _MOST_CHARACTERS) -> Reader:
    """Return a reader of text with a maximum length: trimmed, in normal form C; None if nothing of it is visible."""

    def read(value: object, path: Path) -> object:
        if not isinstance(value, str):
            return invalid(path, "must be text.")
        if not is_storable(value):
            return invalid(path, "must not contain U+0000 or half of a surrogate pair.")
        stored = stored_form(value, most=most)
        if len(stored) > most:
            message = f"has {len(stored)} characters; at most {most} are allowed."
            return LimitProblem(ErrorCode.FIELD_TOO_LONG, path, message, most, len(stored))
        return stored or None

    return read


def key_text(most: int = _MOST_CHARACTERS) -> Reader:
    """Return a reader of text that finds something: two keys that look alike must be the same."""
    plain = text(most)

    def read(value: object, path: Path) -> object:
        found = plain(value, path)
        hidden = invisible_in(found) if isinstance(found, str) else None
        return found if hidden is None else invalid(path, hidden_in_key(hidden))

    return read


def hidden_in_key(hidden: str) -> str:
    """Return the message for a character that no key may hold, as `invisible_in` names it."""
    return f"must not contain {hidden}: a key holds no invisible characters, and no white space but plain spaces."


def formed(form: Form, must: str) -> Reader:
    """Return a reader of text of a certain form, without invisible characters; `must` says which, and how it is written."""
    plain = text()

    def read(value: object, path: Path) -> object:
        found = plain(value, path)
        if not isinstance(found, str):
            return found
        hidden = invisible_in(found)
        if hidden is not None:
            return invalid(path, f"{must}. It holds {hidden}, an invisible character or special space: remove that.")
        shaped = form(found)
        return invalid(path, f"{must}.") if shaped is None else shaped

    return read


def email(value: str) -> str | None:
    """Return an email address as it was written; None if its syntax is wrong.

    Whether mail could reach the domain is not checked: `x@firma.local` and `x@test` are addresses within a company.
    Quoted local parts and address literals are rare, but of the right syntax. So is a label such as `xn--a`, whether or not
    it is the Punycode of something.
    """
    local, at, domain = value.rpartition("@")
    try:
        validate_email(
            # The library decodes Punycode. A label without its prefix has the same syntax and length.
            local + at + _PUNYCODE.sub("xnxx", domain),
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            strict=True,  # at most 64 characters before the @
        )
    except EmailNotValidError:
        return None
    return value


def country(value: str) -> str | None:
    """An ISO 3166-1 alpha-2 code, in upper case."""
    code = _upper(value)
    return code if code in countries_by_alpha2 else None


def currency(value: str) -> str | None:
    """An ISO 4217 code, in upper case."""
    code = _upper(value)
    return code if is_currency(code) else None


def _upper(code: str) -> str:
    # Only ASCII: the upper case of "ß" is "SS", which is South Sudan.
    return code.upper() if code.isascii() else code


def web_address(value: str) -> str | None:
    """An http or https URL as it was written."""
    if any(each.isspace() or not each.isprintable() or each in _NOT_IN_URL for each in value):
        return None
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port  # a port that is none raises as well
    except ValueError:
        return None
    return value if parts.scheme in {"http", "https"} and all(host.removesuffix(".").split(".")) else None


def choice(options: type[EnumT]) -> Reader:
    """Reads one value of an enumeration."""
    by_value = {option.value: option for option in options}

    def read(value: object, path: Path) -> object:
        found = by_value.get(value) if isinstance(value, str) else None
        return found or invalid(path, f"must be one of {', '.join(by_value)}, not {_named(value)}.")

    return read


def _named(value: object) -> str:
    """Return a value as a message names it: a text in quotation marks, or its kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | int | float):
        return shown(str(value)).strip('"')
    return shown(value) if isinstance(value, str) else "an object" if isinstance(value, Mapping) else "a list"


def flag(value: object, path: Path) -> object:
    """A boolean."""
    return value if isinstance(value, bool) else invalid(path, "must be true or false.")


def whole(least: int, most: int) -> Reader:
    """Reads a whole number within bounds."""

    def read(value: object, path: Path) -> object:
        if not isinstance(value, int) or isinstance(value, bool):
            return invalid(path, "must be a whole number.")
        return value if least <= value <= most else invalid(path, f"must be between {least} and {most}, not {value}.")

    return read


def amount(*, signed: bool) -> Reader:
    """Return a reader of exact amounts in major units, which are stored with two decimals.

    More than two that were written are refused even if they are zeros: in half of Europe `12.500` is twelve thousand.
    """

    def read(value: object, path: Path) -> object:
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            return invalid(path, "must be a decimal number.")
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

    return read


def identifier(value: object, path: Path) -> object:
    """A UUID."""
    if isinstance(value, UUID):
        return value
    if isinstance(value, str) and _UUID.fullmatch(value.lower()):
        return UUID(value)
    return invalid(path, "must be a UUID, such as 0198c0de-0000-7000-8000-000000000000.")
