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


def variables_of_body(body: Body, value: object) -> dict[str, Any]:
    """The variables of a request with a body."""
    own = {"id": UUID} if body.input_type == "UpdateCustomerInput" else {}
    return {"input": own | input_of(body, value)}


def fits(body: Body, value: object) -> bool:
    """Whether the engine runs the mutation."""
    return _variables(body)[0].coerce(variables_of_body(body, value)) is not None


def told(body: Body, value: object) -> list[tuple[str, str, str]]:
    """The problems of a body that doesn't fit."""
    given = variables_of_body(body, value)
    variables, uses = _variables(body)
    assert variables.coerce(given) is None
    error = variables.problems(given, uses).error([])
    return [*validation_problems((error.extensions or {})["problems"], (), body, given)]
