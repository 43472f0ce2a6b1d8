"""Exact amounts: rounding to a currency's minor unit, half away from zero."""

from decimal import Decimal
from fractions import Fraction

from iso4217 import Currency

_HALF = Fraction(1, 2)


def minor_digits(currency: str) -> int:
    """How many decimals a currency has: 2 for most, 0 for JPY, 3 for BHD, 0 for those without a minor unit."""
    return Currency(currency).exponent or 0


def is_currency(code: str) -> bool:
    """Whether ISO 4217 knows the code."""
    return code in _CODES


def rounded(amount: Fraction, currency: str) -> Decimal:
    """An exact amount, rounded once, half away from zero."""
    digits = minor_digits(currency)
    scaled = amount * 10**digits
    units = int(abs(scaled) + _HALF)
    # Made from text: arithmetic would cut what is longer than the context's 28 digits.
    return Decimal(f"{units if scaled >= 0 else -units}e-{digits}")


_CODES = frozenset(currency.code for currency in Currency)
