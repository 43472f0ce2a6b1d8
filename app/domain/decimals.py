"""Decimal numbers as written: those of JSON or of a GraphQL document keep all digits, trailing zeros included."""

import re
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Self

from app.domain.texts import stored_form

_MOST_CHARACTERS = 1_000
"""Maximum length of a number's text. Each look at the digits of a megabyte takes milliseconds."""
_DIGITS = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


class WrittenFloat(float):
    """A JSON number that keeps its text. Use it as the `parse_float` of `json.loads`."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Parse a JSON number."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def decimal_of(value: object) -> Decimal | None:
    """Return a value as a decimal number with all decimals that were written; None if it isn't a number.

    Text may hold digits, one point and a sign, and blanks around them. A JSON number may also have an exponent:
    `1.25e1` is 12.5. No number has over 1,000 characters.
    """
    if isinstance(value, str):
        digits = stored_form(value, most=_MOST_CHARACTERS)
        return Decimal(digits) if len(digits) <= _MOST_CHARACTERS and _DIGITS.fullmatch(digits) else None
    if isinstance(value, float):
        # The shortest text of a float is the number as written, as long as a float can represent it.
        return _of_float(value.text if isinstance(value, WrittenFloat) else repr(value)) if isfinite(value) else None
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _of_float(text: str) -> Decimal | None:
    if len(text) > _MOST_CHARACTERS:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None  # the exponent has more than 18 digits, which Decimal can't hold


def decimals_in(number: Decimal) -> int:
    """Return the number of decimals that a finite number was written with, an exponent counted as if written out."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
