"""Exact amounts, rounded to a currency's minor unit, half away from zero."""

from collections.abc import Iterable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from fractions import Fraction

from iso4217 import Currency

NOTHING = Decimal("0.00")
"""The amount of what is free or not billed. It has the decimals of other amounts, because clients read it as text."""
_HALF = Fraction(1, 2)
# Python's default context rounds to 28 digits. This one never rounds; the memory it takes depends on the digits in use.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def minor_digits(currency: str) -> int:
    """Return the number of decimals of a currency: 2 for most, 0 for JPY, 3 for BHD, 0 for those without a minor unit.

    Codes withdrawn from ISO 4217, such as HRK, have 2: old subscriptions may still use them.
    """
    return (Currency(currency).exponent or 0) if currency in _KNOWN else _USUAL_DIGITS


def is_currency(code: str) -> bool:
    """Return whether the code is a currency of ISO 4217."""
    return code in _CODES


def rounded(amount: Fraction, currency: str) -> Decimal:
    """Return an exact amount, rounded once, half away from zero."""
    digits = minor_digits(currency)
    scaled = amount * 10**digits
    units = int(abs(scaled) + _HALF)
    # Made from text, because arithmetic would round to the context's 28 digits.
    return Decimal(f"{units if scaled >= 0 else -units}e-{digits}")


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum; `sum` and `+` round to 28 digits."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


def exact_difference(minuend: Decimal, subtrahend: Decimal) -> Decimal:
    """Return the exact difference; `-` rounds to 28 digits."""
    return _EXACT.subtract(minuend, subtrahend)


def rounded_within(amount: Fraction, limit: Decimal, currency: str) -> Decimal:
    """Return an exact amount, rounded once; if that exceeds the limit, the limit rounded down to whole minor units."""
    result = rounded(amount, currency)
    if result <= limit:
        return result
    return rounded(
        Fraction(int(Fraction(limit) * 10 ** minor_digits(currency)), 10 ** minor_digits(currency)), currency
    )


# ISO 4217's codes for "no currency" and for tests.
_UNSUITABLE = {"XXX", "XTS"}
_KNOWN = frozenset(currency.code for currency in Currency)
_CODES = _KNOWN - _UNSUITABLE
_USUAL_DIGITS = 2
