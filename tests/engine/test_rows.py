"""The rows that an operation may ask for."""

from collections.abc import Mapping

import pytest

from app.engine.documents import Documents
from app.engine.limits import SATURATED
from app.engine.operations import Operation
from tests.support.toy import LIMITS, SCHEMA


def operation(text: str, name: str | None = None) -> Operation:
    """An operation of the toy schema."""
    return Documents(SCHEMA, LIMITS, 10).prepare(text).select(name)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("{hello}", 0),
        ("{thing{parent{id}}}", 0),
        ("{things(first: 10){nodes{id}}}", 10),
        ("{things(last: 10){totalCount}}", 10),
        ("{things(first: 3, last: 10){totalCount}}", 10),
        ("{things{nodes{id}}}", 50),
        ("{things(first: null){nodes{id}}}", 50),
        ("{thing{parts{id}}}", 100),
        ("{thing{parts(first: 7){id}}}", 7),
        ("{thing{parts(first: null){id}}}", 100),
        ("{things(first: 10){nodes{parts(first: 4){id} parent{friends(first: 5){nodes{id}}}}}}", 10 * (1 + 4 + 5)),
        ("{things(first: 2){nodes{parts(first: 3){parts(first: 4){id}}}}}", 2 + 6 + 24),
        ("{a: things(first: 2){totalCount} b: things(first: 3){totalCount}}", 5),
        (
            "{...f ...f} fragment f on Query {things(first: 2){nodes{...g}}} fragment g on Thing {parts(first: 3){id}}",
            16,
        ),
        ("{...{... on Query {things(first: 2){totalCount}}}}", 2),
        ("{thing{... on Named{name ... on Thing{parts(first: 2){id}}}}}", 2),
        ("{things(first: -5){totalCount}}", 1),
        ("{things(first: 0){nodes{parts(first: 3){id}}}}", 4),
        ("{things(first: 10) @skip(if: true) {totalCount}}", 0),
        ("{things(first: 10) @include(if: false) {totalCount}}", 0),
        ("{things(first: 10) @include(if: true) @skip(if: false) {totalCount}}", 10),
        ('mutation {rename(name: "x")}', 0),
    ],
)
def test_rows_are_the_bounds_of_nested_lists_multiplied(text: str, rows: int) -> None:
    assert operation(text).rows.count({}) == rows


@pytest.mark.parametrize(
    ("variables", "rows"),
    [({"n": 10}, 10 * (1 + 20)), ({"n": None}, 50 * (1 + 20)), ({}, 50 * (1 + 20)), ({"n": -3}, 21)],
)
def test_a_bound_may_be_a_variable(variables: Mapping[str, int | None], rows: int) -> None:
    assert operation("query($n: Int){things(first: $n){nodes{parts(first: 20){id}}}}").rows.count(variables) == rows


@pytest.mark.parametrize(
    ("declared", "argument", "variables", "rows"),
    [
        ("", "[]", {}, 0),
        ("", '["a", "b", "a"]', {}, 2 * (1 + 7)),
        ("", '"a"', {}, 1 + 7),
        ("($ids: [ID!]!)", "$ids", {"ids": ["a", "b", "a"]}, 2 * (1 + 7)),
        ("($ids: [ID!]!)", "$ids", {"ids": []}, 0),
        ("($a: ID!, $b: ID!)", "[$a, $a, $b]", {"a": "a", "b": "a"}, 2 * (1 + 7)),
    ],
)
def test_a_list_that_is_asked_for_item_by_item_has_a_row_for_each_different_item(
    declared: str, argument: str, variables: Mapping[str, object], rows: int
) -> None:
    text = f'query{declared} {{some(ids: {argument}, only: ["x", "y", "z"]) {{parts(first: 7) {{id}}}}}}'
    assert operation(text).rows.count(variables) == rows


def test_objects_in_a_list_that_is_asked_for_are_told_apart_by_what_they_hold() -> None:
    found = operation("query($ids: [ID!]!) {some(ids: $ids) {id}}").rows
    assert found.count({"ids": [{"id": "a"}, {"id": "b"}, {"id": "a"}, {"id": 1}, {"id": "1"}]}) == 4


def test_a_variable_left_out_leaves_the_default_of_the_argument() -> None:
    assert operation("query($n: Int){thing{parts(first: $n){id}}}").rows.count({}) == 100


@pytest.mark.parametrize(("variables", "rows"), [({"with": True}, 62), ({"with": False}, 2)])
def test_a_part_that_variables_leave_out_asks_for_nothing(variables: Mapping[str, bool], rows: int) -> None:
    text = """
    query($with: Boolean!) {
      things(first: 2) {nodes {... @include(if: $with) {parts(first: 10) {id}} ...more @include(if: $with)}}
    }
    fragment more on Thing {friends(first: 20) {totalCount}}
    """
    assert operation(text).rows.count(variables) == rows


def test_operations_of_one_document_are_counted_apart() -> None:
    text = """
    query a($n: Int) {thing {...f}}
    query b($n: Int) {x: thing {...f} y: thing {...f}}
    query c {hello}
    fragment f on Thing {parts(first: $n) {id}}
    """
    assert [operation(text, name).rows.count({"n": 5}) for name in "abc"] == [5, 10, 0]


def test_fragments_that_double_each_other_are_counted_in_linear_time_and_saturate() -> None:
    doubling = "".join(f"fragment f{n} on Thing {{...f{n + 1} ...f{n + 1}}}" for n in range(9))
    text = f"query($n: Int){{things(first: $n){{nodes{{...f0}}}}}} {doubling} fragment f9 on Thing {{parts(first: $n){{id}}}}"

    assert operation(text).rows.count({"n": 3}) == 3 * (1 + 512 * 3)
    assert operation(text).rows.count({"n": 2_000_000_000}) == SATURATED


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{thing{id}}", 1),
        ("{things(first: 3){nodes{id name}}}", 3 * (1 + 2)),
        ("{things(first: 3){nodes{...F ...F}}} fragment F on Thing{id name}", 3 * (1 + 4)),
    ],
)
def test_values_are_the_rows_and_the_leaves_of_each(text: str, values: int) -> None:
    assert operation(text).values.count({}) == values
