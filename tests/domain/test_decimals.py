"""Decimal numbers, with the decimals that were written."""

import json
from decimal import Decimal

import pytest

from app.domain.decimals import WrittenFloat, decimal_of, decimals_in


@pytest.mark.parametrize(
    ("written", "decimals"),
    [("12.500", 3), ("12.50", 2), ("12.5", 1), ("12.0", 1), ("1e3", 0), ("1.5e1", 0), ("1.50e1", 1), ("15e-3", 3)],
)
def test_a_number_of_json_keeps_the_decimals_that_it_was_written_with(written: str, decimals: int) -> None:
    number = decimal_of(json.loads(written, parse_float=WrittenFloat))

    assert number == Decimal(written)
    assert number is not None
    assert decimals_in(number) == decimals


def test_a_number_of_json_loses_no_digit() -> None:
    assert decimal_of(json.loads("9999999999999.99", parse_float=WrittenFloat)) == Decimal("9999999999999.99")
    assert decimal_of(json.loads("0.1234567890123456789", parse_float=WrittenFloat)) == Decimal("0.1234567890123456789")


def test_a_text_is_digits_a_point_and_a_sign() -> None:
    assert [decimal_of(text) for text in ("+1.", "-.5", "007")] == [Decimal(1), Decimal("-0.5"), Decimal(7)]
    for text in ("1e3", "1,5", "\u0661", "1_000", "1 000", "", " ", ".", "NaN", "0x1"):
        assert decimal_of(text) is None


def test_blanks_around_digits_are_removed() -> None:
    assert [decimal_of(text) for text in (" 1", "1.50\u00a0", "\ufeff-2\n")] == [
        Decimal(1),
        Decimal("1.50"),
        Decimal(-2),
    ]


@pytest.mark.parametrize("value", [True, None, [], float("nan"), float("inf"), WrittenFloat("1e-99999999999999999999")])
def test_what_is_no_number_is_none(value: object) -> None:
    assert decimal_of(value) is None


def test_a_text_of_over_a_thousand_characters_is_no_number() -> None:
    assert decimal_of("0." + "0" * 998) == 0
    assert decimal_of("0." + "0" * 999) is None
    assert decimal_of(WrittenFloat("0." + "0" * 999)) is None
