"""Messages name fields by their words and values as callers wrote them."""

import tracemalloc
from decimal import Decimal

import pytest

from app.domain.errors import Path
from app.domain.labels import label, path_texts, shown_value, subject_of_argument


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("creditLimit", "Credit limit"),
        ("parent_customer_id", "Parent customer ID"),
        ("isActive", "Active"),
        ("vatZone", "VAT zone"),
        ("ids", "IDs"),
        ("__typename", "Typename"),
        ("x" * 300, "X" + "x" * 99),
    ],
)
def test_a_label_is_made_of_the_words_of_a_name(name: str, words: str) -> None:
    assert label(name) == words


def test_no_long_name_is_kept_in_memory() -> None:
    tracemalloc.start()
    try:
        for number in range(20):
            label(f"{'x' * 100_000}{number}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 100_000


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("first",), 'The argument "first"'),
        (("input",), "The input"),
        (("input", "creditLimit"), "Credit limit"),
        (("input", "rows", 3), "The row"),
        (("where", "ids", 0), "IDs"),
    ],
)
def test_a_message_about_an_argument_names_the_argument_or_the_field(path: Path, words: str) -> None:
    assert subject_of_argument(path) == words


def test_the_elements_of_a_path_are_all_texts() -> None:
    assert path_texts(("input", "rows", 3, "email")) == ["input", "rows", "3", "email"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (12.5, "12.5"),
        (Decimal("1.50"), "1.50"),
        ("x" * 41, f'"{"x" * 40}…"'),
        ({"a": 1}, "an object"),
        ([1], "a list"),
    ],
)
def test_a_value_is_shown_as_it_was_written(value: object, words: str) -> None:
    assert shown_value(value) == words
