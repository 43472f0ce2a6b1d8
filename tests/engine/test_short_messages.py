"""However long the values and names of a request are, messages about them are short."""

import time
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLError

from app.engine.execution import Engine
from app.engine.request_errors import RequestError
from tests.support.toy import request_error_of, toy_engine

FIELDS = " ".join(f"unknown{number}: 1" for number in range(1_200))


@pytest.mark.parametrize(
    "document",
    [
        f"{{ things(filter: {{{FIELDS}}}) {{ totalCount }} }}",
        f'{{ things(first: "{"x" * 40_000}") {{ totalCount }} }}',
        f"{{ things(first: [{FIELDS.replace('unknown', '').replace(':', '')}]) {{ totalCount }} }}",
        f"{{ {'x' * 40_000} }}",
        f"query(${'x' * 40_000}: Int) {{ hello }}",
    ],
)
def test_messages_of_validation_are_short(document: str) -> None:
    begun = time.process_time()
    refused = request_error_of(document)
    seconds = time.process_time() - begun

    assert sum(len(error.message) for error in refused.errors) < 21 * 1_100
    # Printing the literal anew for each error took more than a second.
    assert seconds < 0.5


def test_long_values_are_shown_by_their_beginning_or_not_at_all_if_they_hold_others() -> None:
    message = request_error_of(f'{{ things(first: "{"x" * 300}") {{ totalCount }} }}').errors[0].message
    assert message == f'The argument "first" must be a whole number, not the text "{"x" * 40}…".'
    message = request_error_of(f"{{ things(first: {{{FIELDS}}}) {{ totalCount }} }}").errors[0].message
    assert message == 'The argument "first" must be a whole number, not an object.'


VARIABLES: list[dict[str, Any]] = [
    {"filter": {f"unknown{number}": "x" * 300 for number in range(2_000)}},
    {"filter": {"AND": [{"x" * 5_000: 1} for _ in range(100)]}},
]


@pytest.mark.parametrize("variables", VARIABLES)
async def test_messages_of_variables_are_short(variables: dict[str, Any]) -> None:
    engine: Engine = toy_engine()
    operation = engine.prepare("query($filter: Filter) { things(filter: $filter) { totalCount } }").select(None)

    with pytest.raises(RequestError) as refused:
        await engine.run(operation, variables, None)

    (error,) = refused.value.errors
    assert len(error.message) <= 1_002
    assert len(str(error.extensions)) < 101 * 400


def message_about(color: str) -> str:
    kind = GraphQLEnumType("Color", dict.fromkeys(["RED", "GREEN", "BLUE"]))
    with pytest.raises(GraphQLError) as raised:
        kind.coerce_input_value(color)
    return raised.value.message


def test_a_similar_name_is_suggested_but_a_long_text_is_compared_with_none() -> None:
    assert "Did you mean the enum value 'GREEN'" in message_about("GREN")
    # The library finds every name similar to a long one; comparing one of 900 kB took 0.2 s and 50 MB.
    assert "Did you mean" not in message_about("GREEN" * 30)
