"""The canonical text of metadata values, and the digest that pairs are found by."""

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.metadata import MetadataValue, canonical_text, is_same_metadata, pair_digest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("5.0", "5.0"),
        ("", ""),
        (" x ", " x "),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (5.0, "5"),
        (Decimal("5.00"), "5"),
        (Decimal("5e0"), "5"),
        (Decimal("5E+3"), "5000"),
        (500, "500"),
        (0, "0"),
        (0.0, "0"),
        (-0.0, "0"),
        (Decimal("-0.00"), "0"),
        (-1.50, "-1.5"),
        (0.1, "0.1"),
        (1e22, "1" + "0" * 22),
        (1e-7, "0.0000001"),
        (5e-324, "0." + "0" * 323 + "5"),
        (2**64, "18446744073709551616"),
        (Decimal("0.1234567890123456789012345678901234567890"), "0.123456789012345678901234567890123456789"),
    ],
)
def test_a_value_has_one_canonical_text(value: MetadataValue, text: str) -> None:
    assert canonical_text(value) == text


@pytest.mark.parametrize(
    "value",
    [
        math.inf,
        -math.inf,
        math.nan,
        Decimal("NaN"),
        Decimal("-Infinity"),
        10**400,
        Decimal("1e-999999999"),
        Decimal("1e999999999"),
    ],
    ids=str,
)
def test_a_number_that_is_not_finite_to_every_reader_is_no_value(value: MetadataValue) -> None:
    with pytest.raises(ValueError, match="a finite number"):
        canonical_text(value)


@given(
    st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-(10**9), 10**9)
)
def test_the_canonical_text_of_a_number_is_its_value_without_a_needless_digit(value: MetadataValue) -> None:
    text = canonical_text(value)
    assert Decimal(text) == Decimal(str(value))
    assert "e" not in text.lower()
    assert not ("." in text and text.endswith(("0", ".")))
    assert canonical_text(Decimal(text)) == text


@given(st.text(), st.text(), st.text(), st.text())
def test_different_pairs_have_different_digests(key: str, value: str, other_key: str, other_value: str) -> None:
    # A key holds no U+0000, and the value is part of one below.
    assume("\0" not in key + value + other_key)
    pairs = {(key, value), (other_key, other_value), (key + value, ""), ("", key + value)}
    try:
        digests = {pair_digest(*pair) for pair in pairs}
    except UnicodeEncodeError:
        assume(condition=False)
        return
    assert len(digests) == len(pairs)


@pytest.mark.parametrize(
    ("stored", "given_", "same"),
    [
        (2, 2.0, True),
        (2.5, 2.5, True),
        (0, -0.0, True),
        (100, 1e2, True),
        (1, True, False),
        (2, "2", False),
        (True, "true", False),
        (10**400, 10**400, True),
        (10**400, 10**400 + 1, False),
    ],
)
def test_numbers_are_the_same_however_they_are_written(stored: Any, given_: Any, *, same: bool) -> None:
    assert is_same_metadata({"a": stored, "b": "x"}, {"b": "x", "a": given_}) is same
    assert not is_same_metadata({"a": stored}, {"b": given_})
