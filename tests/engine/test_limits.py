"""The limits of a document's shape: what is counted, and that the message says by how much it is too much."""

from dataclasses import replace

import pytest
from graphql import parse

from app.engine.document_limits import Limits
from app.engine.limits import excesses
from tests.support.toy import LIMITS


def messages(text: str, limits: Limits) -> list[str]:
    """What is said of a document under these limits."""
    return [error.message for error in excesses(parse(text), limits)]


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("{a}", 1),
        ("{a{b{c}}}", 3),
        ("{a{...{b}}}", 2),
        ("{a{...f}} fragment f on T {b{c}}", 3),
        ("{...f} fragment f on T {a{...g}} fragment g on T {b}", 2),
        ("{a {__typename}}", 2),
    ],
)
def test_depth_is_that_of_fields_with_fragments_spread_out(text: str, depth: int) -> None:
    assert messages(text, replace(LIMITS, max_depth=depth)) == []
    assert messages(text, replace(LIMITS, max_depth=depth - 1)) == [
        f"The operation nests fields {depth} deep; the limit is {depth - 1}."
    ]


def test_introspection_has_no_depth_wherever_its_fragments_are() -> None:
    text = '{__schema{types{...t}} __type(name: "A"){...t}} fragment t on __Type {fields{type{ofType{name}}}}'

    assert messages(text, replace(LIMITS, max_depth=0)) == []


@pytest.mark.parametrize(
    ("text", "aliases"),
    [
        ("{a: x}", 1),
        ("{a: x {b: y} c}", 2),
        ("{...f x{...f}} fragment f on T {a: y}", 2),
        ("{...f ...f} fragment f on T {...g ...g} fragment g on T {a: y b: y}", 8),
    ],
)
def test_aliases_are_counted_with_fragments_spread_out(text: str, aliases: int) -> None:
    assert messages(text, replace(LIMITS, max_aliases=aliases)) == []
    assert f"The operation uses {aliases} aliases" in messages(text, replace(LIMITS, max_aliases=aliases - 1))[0]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("{a b{c}}", 3),
        ("{a ...{b c}}", 3),
        ("{...f ...f} fragment f on T {...g ...g} fragment g on T {a b}", 8),
    ],
)
def test_fields_are_counted_with_fragments_spread_out(text: str, fields: int) -> None:
    assert messages(text, replace(LIMITS, max_fields=fields)) == []
    assert f"The operation selects {fields} fields" in messages(text, replace(LIMITS, max_fields=fields - 1))[0]


@pytest.mark.parametrize(
    ("text", "mutations"),
    [
        ("mutation {a}", 1),
        ("mutation {a{b c} x: a{b} __typename ...{y: a}}", 3),
        ("mutation {...f z: a} fragment f on T {...g x: a{b}} fragment g on T {y: a ... on T {w: a{b c}}}", 4),
        ("mutation {...f ...f} fragment f on T {...g ...g} fragment g on T {a b}", 8),
    ],
)
def test_mutations_are_counted_with_fragments_spread_out(text: str, mutations: int) -> None:
    assert messages(text, replace(LIMITS, max_mutations=mutations)) == []
    (message,) = messages(text, replace(LIMITS, max_mutations=mutations - 1))
    assert message.startswith(f"The operation runs {mutations} mutations, with fragments spread out; the limit is")


def test_root_fields_of_queries_are_not_counted_as_mutations() -> None:
    assert messages("{a b c}", replace(LIMITS, max_mutations=1)) == []


def test_each_operation_has_the_limits_for_itself() -> None:
    assert messages("query a {x y} query b {x y}", replace(LIMITS, max_fields=2)) == []


def test_all_limits_that_an_operation_exceeds_are_named_at_once() -> None:
    strict = replace(LIMITS, max_depth=1, max_aliases=0, max_fields=1)

    assert len(messages("{a: b{c}}", strict)) == 3


@pytest.mark.parametrize("text", ["{a(v: %s)}", "{a{b(x: 1, v: {y: %s})}}", "query($v: T = %s){a}"])
def test_an_input_value_may_not_nest_without_end(text: str) -> None:
    assert messages(text % ("[" * 30 + "{a: 1}" + "]" * 30), LIMITS) == []
    assert "An input value nests" in messages(text % ("[" * 33 + "]" * 33), LIMITS)[0]


@pytest.mark.parametrize("text", ["{a(v: %s)}", "{a(v: 0.%s)}", "{a(v: [{w: -%s}])}", "query($v: Int = %s){a}"])
def test_a_number_may_not_have_digits_without_end(text: str) -> None:
    assert messages(text % ("9" * 900), LIMITS) == []
    assert "A number has 5,00" in messages(text % ("9" * 5_000), LIMITS)[0]
