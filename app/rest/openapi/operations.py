"""What the OpenAPI document says about one endpoint."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, cast

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLNamedType,
    GraphQLObjectType,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)
from graphql.execution import VariableValues

from app.engine.bounds import named_type
from app.graphql.access import AccessRules
from app.graphql.schema import executable, schema
from app.rest.answers import One, Pages, Written
from app.rest.documents import ID_PREFIX, TEXTS
from app.rest.endpoints import ENDPOINTS, Endpoint
from app.rest.openapi.errors import (
    can_be_unchanged,
    name_of,
    statuses_of,
    takes_condition,
)
from app.rest.openapi.examples import Example, examples_of
from app.rest.openapi.parameters import PARAMETER, parameters_of
from app.rest.openapi.types import Types

Json: TypeAlias = dict[str, Any]

_JSON = "application/json"
TOKEN, KEY = "token", "apiKey"
"""The names of the ways to authenticate."""
_KEYS_ALONE = " Only its keys are shown."
_LESS_TO_WRITERS = " Without customers-read, what belongs to other objects is left out."


def id_of(endpoint: Endpoint) -> str:
    """Return the id of an endpoint's operation: `getCustomer` if the document's operation is `RestGetCustomer`."""
    _, node = _syntax(endpoint)
    assert node.name is not None  # noqa: S101 - every document of an endpoint has one named operation
    name = node.name.value.removeprefix("Rest")
    return name[0].lower() + name[1:]


def _syntax(endpoint: Endpoint) -> tuple[DocumentNode, OperationDefinitionNode]:
    syntax = parse(TEXTS[endpoint.document])
    (node,) = [part for part in syntax.definitions if isinstance(part, OperationDefinitionNode)]
    return syntax, node


class Operation:
    """Describes one endpoint."""

    def __init__(self, endpoint: Endpoint, types: Types) -> None:
        syntax, node = _syntax(endpoint)
        variables = VariableValues({}, {"reads": False})
        self._endpoint = endpoint
        self._types = types
        self._node = node
        self._scopes = sorted(AccessRules(executable(schema)).access(syntax, node, variables).scopes)
        self._examples = examples_of(endpoint.document)

    def described(self) -> Json:
        """Return the description of the endpoint."""
        endpoint = self._endpoint
        scopes = " and ".join(self._scopes)
        made: Json = {
            "operationId": id_of(endpoint),
            "summary": endpoint.summary,
            "description": f"{endpoint.description}\n\nNeeds the scope {scopes}.",
            "tags": ["Customers"],
            "security": [{TOKEN: self._scopes}, {KEY: self._scopes}],
            "x-graphql-document": f"{ID_PREFIX}{endpoint.document}",
            "parameters": [*parameters_of(endpoint, self._shown())],
            "responses": self._responses(),
        }
        if endpoint.body is not None:
            content = {"schema": self._types.taken(endpoint.body)} | self._shown_as("body")
            made["requestBody"] = {"description": "The object.", "required": True, "content": {_JSON: content}}
        return made

    def _shown(self) -> Sequence[Example]:
        return [example for example in self._examples if not example.is_error]

    def _shown_as(self, part: Literal["body", "answer"]) -> Json:
        """Return the examples' bodies or answers; an endpoint may have none yet."""
        found = {one.name: {"summary": one.summary, "value": getattr(one, part)} for one in self._shown()}
        return {"examples": found} if found else {}

    def _responses(self) -> Json:
        shown = self._endpoint.shown
        done: Json = {
            "description": self._done(),
            "headers": {name: _reference(name) for name in self._headers()},
            "content": {_JSON: {"schema": self._schema()} | self._shown_as("answer")},
        }
        if isinstance(shown, Written) and shown.location is not None:
            done["links"] = _links(shown.location)
        made = {str(shown.status): done}
        if can_be_unchanged(self._endpoint):
            headers = {name: _reference(name) for name in ("x-request-id", "ETag")}
            made["304"] = {"description": "The body has one of the entity tags in `If-None-Match`.", "headers": headers}
        if takes_condition(self._endpoint):
            unchanged = (
                "Nothing had to be changed, and the credential may not read the object: it lacks customers-read."
            )
            made["204"] = {"description": unchanged, "headers": {"x-request-id": _reference("x-request-id")}}
        for status in statuses_of(self._endpoint):
            made[str(status)] = {"$ref": f"#/components/responses/{name_of(status)}"}
        return made

    def _done(self) -> str:
        match self._endpoint.shown:
            case Pages():
                return "All objects in order, or one page of them."
            case Written(location=str()):
                return "The keys of the new object."
            case Written():
                return "The object as it is now."
            case One():
                return "The object."

    def _headers(self) -> Iterable[str]:
        match self._endpoint.shown:
            case Pages():
                return ("x-request-id", "Link")
            case Written(location=str()):
                return ("x-request-id", "ETag", "Location")
            case _:
                return ("x-request-id", "ETag")

    def _schema(self) -> Json:
        match self._endpoint.shown:
            case Pages(path=path):
                kind, selections = self._selected([*path, "nodes"])
                return {"type": "array", "items": self._types.shown(kind, selections)}
            case Written(field=field, location=str()):
                return self._types.shown(*self._selected([field, "customer"]), "Created", _KEYS_ALONE)
            case Written(field=field):
                return self._types.shown(*self._selected([field, "customer"]), "Updated", _LESS_TO_WRITERS)
            case One(field=field):
                return self._types.shown(*self._selected([field]))

    def _selected(self, path: Iterable[str]) -> tuple[GraphQLObjectType, SelectionSetNode]:
        """Return the type and the selections that a path of response keys leads to."""
        kind: GraphQLNamedType | None = executable(schema).get_root_type(self._node.operation)
        selections = self._node.selection_set
        for key in path:
            (node,) = [
                node
                for node in selections.selections
                if isinstance(node, FieldNode) and (node.alias or node.name).value == key
            ]
            assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - as the documents are valid
            assert node.selection_set is not None  # noqa: S101
            kind, selections = named_type(kind.fields[node.name.value]), node.selection_set
        return cast("GraphQLObjectType", kind), selections


def _links(location: str) -> Json:
    """Return the operations on a new object, whose id is in the response."""
    place = location.partition("{")[0]
    found = [endpoint for endpoint in ENDPOINTS if endpoint.path.startswith(f"{place}{{")]
    return {
        id_of(endpoint): {
            "operationId": id_of(endpoint),
            "description": endpoint.summary,
            "parameters": {PARAMETER.findall(endpoint.path)[0]: "$response.body#/id"},
        }
        for endpoint in found
    }


def _reference(header: str) -> Json:
    return {"$ref": f"#/components/headers/{header}"}
