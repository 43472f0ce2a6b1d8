"""Exact amounts: rounding to a currency's minor unit, half away from zero."""

from collections.abc import Iterable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from fractions import Fraction

from iso4217 import Currency

_HALF = Fraction(1, 2)
# Python's own context rounds to 28 digits. A sum needs only as many digits as it has, so this bound costs nothing.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def minor_digits(currency: str) -> int:
    """How many decimals a currency has: 2 for most, 0 for JPY, 3 for BHD, 0 for those without a minor unit.

    A code that the standard no longer knows, such as HRK, counts 2: subscriptions outlive currencies.
    """
    return (Currency(currency).exponent or 0) if currency in _KNOWN else _USUAL_DIGITS


def is_currency(code: str) -> bool:
    """Whether ISO 4217 knows the code as that of a currency."""
    return code in _CODES


def rounded(amount: Fraction, currency: str) -> Decimal:
    """An exact amount, rounded once, half away from zero."""
    digits = minor_digits(currency)
    scaled = amount * 10**digits
    units = int(abs(scaled) + _HALF)
    # Made from text: arithmetic would cut what is longer than the context's 28 digits.
    return Decimal(f"{units if scaled >= 0 else -units}e-{digits}")


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, however many digits it has; `sum` and `+` round to 28."""
    result = Decimal(0)
    for amount in amounts:
        result = _EXACT.add(result, amount)
    return result


def difference(minuend: Decimal, subtrahend: Decimal) -> Decimal:
    """Return the exact difference, however many digits it has; `-` rounds to 28."""
    return _EXACT.subtract(minuend, subtrahend)


def rounded_within(amount: Fraction, limit: Decimal, currency: str) -> Decimal:
    """Return an exact amount, rounded once, or what the limit holds of whole minor units if rounding would exceed it."""
    result = rounded(amount, currency)
    if result <= limit:
        return result
    return rounded(
        Fraction(int(Fraction(limit) * 10 ** minor_digits(currency)), 10 ** minor_digits(currency)), currency
    )


# "No currency", and the code for tests.
_UNSUITABLE = {"XXX", "XTS"}
_KNOWN = frozenset(currency.code for currency in Currency)
_CODES = _KNOWN - _UNSUITABLE
_USUAL_DIGITS = 2
