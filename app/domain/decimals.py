"""Decimal numbers as they were written: a number of JSON or of a document keeps its digits, the zeros at its end too."""

import re
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Self

_DIGITS = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


class WrittenFloat(float):
    """A number of JSON, with the text that it had; `json.loads` makes it with `parse_float`."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Read a number of JSON."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def decimal_of(value: object) -> Decimal | None:
    """Return the decimal number that a value says, with as many decimals as were written; None if it is none.

    Text is digits with at most one point and a sign. A number of JSON may have an exponent: `1.25e1` is 12.5.
    """
    if isinstance(value, str):
        return Decimal(value) if _DIGITS.fullmatch(value) else None
    if isinstance(value, float):
        # The shortest text of a float is the number that was written, where a float can hold it at all.
        return _of_float(value.text if isinstance(value, WrittenFloat) else repr(value)) if isfinite(value) else None
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _of_float(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None  # a tiny number: its exponent has more than 18 digits


def decimals_in(number: Decimal) -> int:
    """Return how many decimals a finite number was written with; those of an exponent counted as if written out."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
