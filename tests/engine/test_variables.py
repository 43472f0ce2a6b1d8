"""Variables are coerced as graphql-core coerces them, or left to it."""

from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    ValuesOfCorrectTypeRule,
    get_variable_values,
    parse,
    validate,
)
from graphql.execution import VariableValues
from hypothesis import assume, event, given, settings

from app.engine.input_values import InputValues
from app.engine.variables import OperationVariables
from app.graphql.types.enums import CustomerSort, OrderDirection
from tests.engine.variables import asked, nested
from tests.support.input_values import SCHEMA
from tests.support.thorough import examples

INPUTS = InputValues()


def document_of(definitions: str) -> DocumentNode:
    """A document whose operation has these variables."""
    return parse(f"query({definitions}) {{__typename}}")


def operation_of(definitions: str) -> OperationDefinitionNode:
    """Its operation."""
    operation = document_of(definitions).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def told(values: VariableValues | list[GraphQLError] | None) -> object:
    """All that is known of variables, types and order included; None where something is wrong with them."""
    if values is None or isinstance(values, list):
        return None
    return repr(values.coerced), [
        (name, source.signature.name, repr(source.value)) for name, source in values.sources.items()
    ]


@given(asked())
@settings(max_examples=examples(400), deadline=None)
def test_variables_are_coerced_as_graphql_core_coerces_them(example: tuple[str, dict[str, Any]]) -> None:
    definitions, values = example
    # Wrong defaults don't get past validation.
    assume(not validate(SCHEMA, document_of(definitions), [ValuesOfCorrectTypeRule]))
    operation = operation_of(definitions)

    expected = get_variable_values(SCHEMA, operation.variable_definitions or (), values)

    event("taken" if isinstance(expected, VariableValues) else "refused")
    assert told(OperationVariables(SCHEMA, operation, INPUTS).coerce(values)) == told(expected)


class Text(str):
    """A string that is not wholly one."""

    __slots__ = ()


# What the short way must not take for itself, what it must, and how null, nothing and a default differ.
EDGES: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = [
    ("$v: Int", {"v": True}, None),
    ("$v: Int", {"v": 5.0}, {"v": 5}),
    ("$v: Int", {"v": 2**31 - 1}, {"v": 2**31 - 1}),
    ("$v: Int", {"v": 2**31}, None),
    ("$v: Int", {"v": -(2**31)}, {"v": -(2**31)}),
    ("$v: Int", {"v": -(2**31) - 1}, None),
    ("$v: Int", {"v": "5"}, None),
    ("$v: ID", {"v": 5}, {"v": "5"}),
    ("$v: ID", {"v": 5.0}, {"v": "5"}),
    ("$v: ID", {"v": True}, None),
    ("$v: String", {"v": 5}, None),
    ("$v: String", {"v": Text("x")}, {"v": "x"}),
    ("$v: Boolean", {"v": 1}, None),
    ("$v: Boolean!", {"v": False}, {"v": False}),
    ("$v: Int", {}, {}),
    ("$v: Int", {"v": None}, {"v": None}),
    ("$v: Int = 3", {}, {"v": 3}),
    ("$v: Int = 3", {"v": None}, {"v": None}),
    ("$v: Int! = 3", {}, {"v": 3}),
    ("$v: Int! = 3", {"v": None}, None),
    ("$v: Int!", {}, None),
    ("$v: [Int!]", {"v": 5}, {"v": [5]}),
    ("$v: [Int!]", {"v": [5, None]}, None),
    (
        "$v: CustomerOrder",
        {"v": {"field": "NAME"}},
        {"v": {"field": CustomerSort.NAME, "direction": OrderDirection.ASC}},
    ),
    ("$v: CustomerLookup", {"v": {"id": "x", "customerNumber": "x"}}, None),
    ("$v: CustomerLookup", {"v": {"id": None}}, None),
    ("$v: CustomerLookup", {"v": {}}, None),
    ("$v: Date", {"v": 20260230}, None),
    ("$v: Decimal", {"v": True}, None),
    # Text that can't be read is left to the field that reports it.
    ("$v: Date", {"v": "2026-02-30"}, {"v": "2026-02-30"}),
    ("$v: Decimal", {"v": "1e3"}, {"v": "1e3"}),
    ("$w: Int!, $v: Int", {"v": 1, "w": "x"}, None),
    ("$v: CustomerFilter", {"v": nested(30)}, {"v": nested(30)}),
    # Read recursively, it would end the process's stack.
    ("$v: CustomerFilter", {"v": nested(5_000)}, None),
]


@pytest.mark.parametrize(("definitions", "values", "coerced"), EDGES)
def test_a_value_at_the_edge_of_its_type(
    definitions: str, values: dict[str, Any], coerced: dict[str, Any] | None
) -> None:
    operation = operation_of(definitions)

    found = OperationVariables(SCHEMA, operation, INPUTS).coerce(values)

    assert (found and found.coerced) == coerced
    assert told(found) == told(get_variable_values(SCHEMA, operation.variable_definitions or (), values))
