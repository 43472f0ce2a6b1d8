"""Metadata: it comes back as it was stored, and its filter is exact, whatever it holds."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from graphql import parse, validate
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.metadata import canonical_text, pair_digest
from app.graphql.schema import executable, schema
from tests.support.asking import Caller
from tests.support.records import Records

LIST = "query($where: CustomerFilter) { customers(where: $where) { nodes { metadata } } }"
ODD: list[tuple[str, Any]] = [
    ("\"quotes\" 'both'", '"\'"'),
    ("back\\slash", "\\\\u0000 \\"),
    ("🙂" * 128, "👩‍👩‍👧‍👦" * 71),
    ("k" * 128, "v" * 500),
    ("new\nline\ttab", "\x01\x1f\x7f\u2028\ufeff"),
    ("{}[]:,", '{"a": [1]}'),
    ("ÆØÅ", "é"),
    ("e\u0301", "not the same as é composed"),
    ("empty", ""),
    ("spaces", "  kept  "),
    ("true", True),
    ("false", False),
    ("zero", 0),
    ("negative zero", -0.0),
    ("fraction", 0.1),
    ("big", 12345678901234567890123456789),
    ("bigger", 1.7976931348623157e308),
    ("small", 5e-324),
    ("negative", -1.5),
]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
NUMBERS = st.integers(-(10**320), 10**320) | st.floats(allow_nan=False, allow_infinity=False)


async def found(caller: Caller, *pairs: tuple[str, Any]) -> list[dict[str, Any]]:
    """The metadata of the customers that hold the pairs."""
    where = {"metadata": [{"key": key, "value": value} for key, value in pairs]}
    return [node["metadata"] for node in (await caller.data(LIST, where=where))["customers"]["nodes"]]


async def test_odd_keys_and_values_come_back_equal_and_are_found(caller: Caller, records: Records) -> None:
    await records.customer(metadata=dict(ODD))

    for pair in ODD:
        (shown,) = await found(caller, pair)
        assert {key: (_json_type(value), canonical_text(value)) for key, value in shown.items()} == {
            key: (_json_type(value), canonical_text(value)) for key, value in ODD
        }


def test_a_literal_that_is_no_metadata_value_is_rejected_at_its_place() -> None:
    document = '{customers(where: {metadata: {key: "a", value: [1]}}) {totalCount}}'
    (error,) = validate(executable(schema), parse(document))

    assert "A metadata value is" in error.message
    assert [place.column for place in error.locations or ()] == [48]


async def test_a_pair_is_found_by_exactly_its_key_and_value(caller: Caller, records: Records) -> None:
    await records.customer(metadata={"a": "é", "n": 100, "b": True, "t": " x"})

    for pair in (("a", "é"), ("n", 100), ("n", 100.0), ("n", "100"), ("b", True), ("b", "true"), ("t", " x")):
        assert len(await found(caller, pair)) == 1, pair
    for pair in (
        ("A", "é"),
        ("a", "e\u0301"),
        ("a", "É"),
        ("n", 10),
        ("n", "1e2"),
        ("b", 1),
        ("b", "True"),
        ("t", "x"),
    ):
        assert await found(caller, pair) == [], pair


async def test_a_literal_number_is_compared_by_its_exact_value(caller: Caller, records: Records) -> None:
    await records.customer(metadata={"n": 100})
    document = '{ customers(where: {metadata: [{key: "n", value: %s}]}) { totalCount } }'

    for literal in ("100", "100.000", "1e2", "1.0E+2", '"100"'):
        assert await caller.data(document % literal) == {"customers": {"totalCount": 1}}
    for literal in ("100.0000000000000000000000000001", '"1e2"', "true"):
        assert await caller.data(document % literal) == {"customers": {"totalCount": 0}}


async def test_ten_pairs_are_allowed_and_eleven_rejected_with_their_own_code(caller: Caller, records: Records) -> None:
    pairs = [(str(place), place) for place in range(11)]
    await records.customer(metadata=dict(pairs))
    assert await found(caller, *pairs[:10]) == [dict(pairs)]

    where = {"not": {"metadata": [{"key": key, "value": value} for key, value in pairs]}}
    rejection = await caller.rejection(LIST, where=where)

    assert rejection["code"] == "METADATA_FILTER_LIMIT_EXCEEDED"
    assert rejection["field"] is None
    assert [problem["path"] for problem in rejection["problems"]] == [["where", "not", "metadata"]]


@pytest.mark.parametrize(
    ("pair", "at"),
    [
        ({"key": "", "value": 1}, "key"),
        ({"key": "\u200b", "value": 1}, "key"),
        ({"key": " \ufeff", "value": 1}, "key"),
        ({"key": "k" * 129, "value": 1}, "key"),
        ({"key": "a\0b", "value": 1}, "key"),
        ({"key": "a", "value": "v" * 501}, "value"),
        ({"key": "a", "value": "\0"}, "value"),
        ({"key": "a", "value": math.inf}, "value"),
        ({"key": "a", "value": math.nan}, "value"),
        ({"key": "a", "value": 10**400}, "value"),
    ],
    ids=[
        "no key",
        "invisible key",
        "blank key",
        "long key",
        "U+0000 in the key",
        "long value",
        "U+0000",
        "infinity",
        "NaN",
        "too large",
    ],
)
async def test_a_pair_that_can_not_be_stored_is_rejected_at_its_path(
    caller: Caller, pair: dict[str, Any], at: str
) -> None:
    rejection = await caller.rejection(LIST, where={"metadata": [{"key": "fine", "value": 1}, pair]})
    assert rejection["code"] == "BAD_USER_INPUT"
    assert [problem["path"] for problem in rejection["problems"]] == [["where", "metadata", "1", at]]


@pytest.mark.parametrize("literal", ["1e-999999999", "1e999999999", "-1e400"])
async def test_a_short_literal_of_a_gigantic_number_is_rejected_at_once(caller: Caller, literal: str) -> None:
    document = f'{{ customers(where: {{metadata: [{{key: "n", value: {literal}}}]}}) {{ totalCount }} }}'
    rejection = await caller.rejection(document)
    assert [problem["path"] for problem in rejection["problems"]] == [["where", "metadata", "0", "value"]]


@pytest.mark.parametrize("value", [[1], {"a": 1}, None])
async def test_a_value_that_is_no_scalar_is_rejected_before_execution(caller: Caller, value: object) -> None:
    rejection = await caller.rejection(LIST, where={"metadata": [{"key": "a", "value": value}]})
    assert [problem["path"] for problem in rejection["problems"]] == [["where", "metadata", "0", "value"]]


def _json_type(value: object) -> str:
    return "string" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "number"


@given(key=TEXT, value=TEXT | NUMBERS | st.booleans())
@example(key="k", value=-0.0)
@example(key="k", value=1e22)
@example(key="k", value=5e-324)
@example(key="k", value=1.7976931348623157e308)
async def test_the_digest_of_a_filter_is_the_digest_that_the_database_keeps(
    owner_engine: AsyncEngine, key: str, value: str | float
) -> None:
    async with owner_engine.connect() as connection:
        stored = await connection.execute(
            text("SELECT metadata_pair(:key, CAST(:value AS jsonb))"), {"key": key, "value": json.dumps(value)}
        )
    assert pair_digest(key, value) == stored.scalar_one()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=25))
async def test_the_digest_of_an_exact_decimal_is_the_digest_that_the_database_keeps(
    owner_engine: AsyncEngine, value: Decimal
) -> None:
    async with owner_engine.connect() as connection:
        stored = await connection.execute(
            text("SELECT metadata_pair('k', CAST(:value AS jsonb))"), {"value": format(value, "f")}
        )
    assert pair_digest("k", value) == stored.scalar_one()
