"""Rounding to the minor unit, half away from zero."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import exact_difference, is_currency, minor_digits, rounded, rounded_within, total
from tests.domain.billing_strategies import MINOR_DIGITS


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [
        ("DKK", "0.005", "0.01"),
        ("DKK", "0.0049999999", "0.00"),
        ("DKK", "-0.005", "-0.01"),
        ("DKK", "1.115", "1.12"),
        ("DKK", "2.5", "2.50"),
        ("JPY", "0.5", "1"),
        ("JPY", "1.5", "2"),
        ("JPY", "2.5", "3"),
        ("JPY", "-2.5", "-3"),
        ("BHD", "0.0005", "0.001"),
        ("BHD", "1.2345", "1.235"),
        ("BHD", "-1.2345", "-1.235"),
    ],
)
def test_half_a_minor_unit_goes_away_from_zero(currency: str, amount: str, expected: str) -> None:
    assert str(rounded(Fraction(amount), currency)) == expected


@pytest.mark.parametrize(
    ("currency", "digits"), [("DKK", 2), ("JPY", 0), ("BHD", 3), ("XAU", 0), ("HRK", 2), ("QQQ", 2)]
)
def test_a_currency_has_its_decimals_and_a_metal_has_none(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    ("code", "known"),
    [("DKK", True), ("XYZ", False), ("dkk", False), ("", False), ("XXX", False), ("XTS", False), ("XAU", True)],
)
def test_only_codes_of_the_standard_are_currencies(code: str, *, known: bool) -> None:
    assert is_currency(code) is known


@given(amount=st.fractions(), currency=st.sampled_from(sorted(MINOR_DIGITS)))
def test_a_rounded_amount_is_the_nearest_one_and_its_sign_does_not_matter(amount: Fraction, currency: str) -> None:
    unit = Fraction(1, 10 ** MINOR_DIGITS[currency])
    result = rounded(amount, currency)

    assert abs(Fraction(result) - amount) <= unit / 2
    assert abs(Fraction(result)) >= abs(amount) or abs(Fraction(result) - amount) < unit / 2
    assert Fraction(result) / unit == int(Fraction(result) / unit)
    assert rounded(-amount, currency) == result.copy_negate()


@given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=3), currency=st.just("BHD"))
def test_what_needs_no_rounding_stays_as_it_is(amount: Decimal, currency: str) -> None:
    assert rounded(Fraction(amount), currency) == amount


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3), max_size=9))
def test_a_total_and_a_difference_are_exact(amounts: list[Decimal]) -> None:
    long = [*amounts, Decimal("1" + "0" * 40 + ".01"), Decimal("0.001")]

    assert Fraction(total(long)) == sum(map(Fraction, long))
    assert Fraction(exact_difference(long[-2], long[-1])) == Fraction(long[-2]) - Fraction(long[-1])


def test_a_limit_that_is_not_in_minor_units_is_kept() -> None:
    assert str(rounded_within(Fraction("0.015"), Decimal("0.015"), "DKK")) == "0.01"
    assert str(rounded_within(Fraction("0.015"), Decimal("0.02"), "DKK")) == "0.02"
