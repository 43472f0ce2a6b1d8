"""Bodies as the engine checks them, without a server."""

from functools import lru_cache
from typing import Any

from graphql import OperationDefinitionNode, parse

from app.engine.input_values import InputValues
from app.engine.variable_problems import uses_of
from app.engine.variables import OperationVariables
from app.graphql.schema import schema
from app.graphql.strawberry_seam import executable
from app.rest.bodies import Body, input_of
from app.rest.problems import in_order, listed
from app.rest.rejections import validation_problems

SCHEMA = executable(schema)
_ONLY_GRAPHQL = {"id", "metadataSet", "metadataUnset", "transitionDigest", "expectedVersion", "idempotencyKey"}


def _body(input_type: str) -> Body:
    kind: Any = SCHEMA.type_map[input_type]
    return Body(input_type, tuple(name for name in kind.fields if name not in _ONLY_GRAPHQL))


CREATION = _body("CreateCustomerInput")
UPDATE = _body("UpdateCustomerInput")
UUID = "0198c0de-0000-7000-8000-000000000000"


@lru_cache
def _variables(body: Body) -> tuple[OperationVariables, dict[str, Any]]:
    field = "createCustomer" if body.input_type == "CreateCustomerInput" else "updateCustomer"
    document = parse(f"mutation($input: {body.input_type}!) {{ {field}(input: $input) {{ errors {{ code }} }} }}")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    return OperationVariables(SCHEMA, operation, InputValues()), dict(uses_of(document, operation))


def read(body: Body, value: object) -> dict[str, Any]:
    """The input that a body becomes, all of which REST takes."""
    found = input_of(body, value)
    assert found.problems == []
    return found.input


def _given(body: Body, read_input: dict[str, Any]) -> dict[str, Any]:
    own = {"id": UUID} if body.input_type == "UpdateCustomerInput" else {}
    return {"input": own | read_input}


def fits(body: Body, value: object) -> bool:
    """Whether the engine runs the mutation."""
    found = input_of(body, value)
    return not found.problems and _variables(body)[0].coerce(_given(body, found.input)) is not None


def told(body: Body, value: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The problems of a body, without those that only its mutation finds."""
    found = input_of(body, value)
    given = _given(body, found.input)
    variables, uses = _variables(body)
    of_engine = variables.problems(given, uses).listed()
    problems = [*found.problems, *validation_problems(of_engine, (), given)]
    return [*listed(in_order(problems, value))]
