"""Results are measured before they are written: never as longer than they are, and large ones at once."""

import time
from typing import Any

import pytest

from app.db.stored_json import JsonText, stored_json
from app.web.answers import to_json
from app.webhooks.result_size import is_longer

VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -12_345,
    1.5,
    10**30,
    "",
    "text",
    'æøå\n"\\\u0007😀',
    JsonText("[1, 2]"),
    stored_json('{"a": 1.50, "b": [{}]}'),
    {},
    [],
    {"": ""},
    {"a": None},
    {"a": {"b": [1, "2", {"ø": [[], {}]}]}},
    [[[]]],
]


@pytest.mark.parametrize("value", [*VALUES, VALUES, {str(number): value for number, value in enumerate(VALUES)}])
def test_a_value_that_fits_is_not_too_long(value: object) -> None:
    assert not is_longer(value, len(to_json(value)))


@pytest.mark.parametrize("value", ["x" * 97, {"key": "x" * 93}, ["x" * 50, "x" * 50], [{"k": 1}] * 30])
def test_a_value_that_is_longer_is_too_long(value: object) -> None:
    assert is_longer(value, 95)


def test_a_huge_value_is_measured_at_once() -> None:
    page = [{f"a{number}": "y" * 10_000 for number in range(45)}] * 500
    begun = time.thread_time()
    assert is_longer({"data": page}, 1_000_000)
    assert time.thread_time() - begun < 0.1
