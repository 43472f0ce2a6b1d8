"""What the OpenAPI document says about one endpoint."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

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

from app.domain.metadata import MAX_FILTER_PAIRS
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
from app.rest.openapi.types import METADATA_KEY, NOT_BLANK, Types
from app.rest.parameters import MAX_LIMIT, Kind, Parameter

Json: TypeAlias = dict[str, Any]

_JSON = "application/json"
_PARAMETER = re.compile(r"\{(\w+)\}")
TOKEN, KEY = "token", "apiKey"
"""The names of the ways to authenticate."""
_KINDS: Mapping[Kind, Json] = {
    Kind.ID: {"type": "string", "format": "uuid"},
    Kind.TEXT: {"type": "string", "minLength": 1, "pattern": NOT_BLANK},
    Kind.COUNT: {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    Kind.CURSOR: {"type": "string", "minLength": 1},
    Kind.PAIRS: {
        "type": "object",
        "propertyNames": METADATA_KEY,
        "additionalProperties": {"type": "string"},
        "maxProperties": MAX_FILTER_PAIRS,
    },
}
_TAG = r'(W/)?"[!#-~]*"'
_TAGS = rf"^(\*|{_TAG}(, *{_TAG})*)$"
# With or without the quotation marks of a string in structured fields.
_KEYS = r'^("[ !#-\[\]-~]+"|[!#-+\--~]+)$'
_KEYS_ALONE = " Only its keys are shown."
_LESS_TO_WRITERS = " Without customers-read, what belongs to other objects is left out."
_IF_NONE_MATCH = "Entity tags: if the body still has one of them, the answer is 304 without a body."
_IF_MATCH = (
    "Entity tags, of which the versions are compared: if the object has none of them, the answer is 412 and nothing is"
    " written."
)
_IDEMPOTENCY_KEY = (
    "Makes it safe to send the request again: 1 to 255 characters, chosen by the caller. For 24 hours, the same key with"
    " the same request returns the first answer and writes nothing; with another request it is rejected with"
    " IDEMPOTENCY_KEY_REUSED."
)


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
            "parameters": [*map(self._parameter, endpoint.parameters), *self._header_parameters()],
            "responses": self._responses(),
        }
        if endpoint.body is not None:
            examples = {found.name: {"summary": found.summary, "value": found.body} for found in self._shown()}
            content = {"schema": self._types.taken(endpoint.body), "examples": examples}
            made["requestBody"] = {"description": "The object.", "required": True, "content": {_JSON: content}}
        return made

    def _shown(self) -> Iterable[Example]:
        return [example for example in self._examples if not example.is_error]

    def _parameter(self, parameter: Parameter) -> Json:
        made: Json = {"name": parameter.name, "in": parameter.location, "description": parameter.description}
        made["required"] = parameter.location == "path"
        if parameter.kind is Kind.PAIRS:
            made |= {"style": "deepObject", "explode": True}
        made["schema"] = _KINDS[parameter.kind]
        for example in self._shown():
            value = _value_in(example, parameter, self._endpoint.path)
            if value is not None:
                return {**made, "example": value}
        return made

    def _header_parameters(self) -> Iterable[Json]:
        if can_be_unchanged(self._endpoint):
            yield self._header("If-None-Match", _IF_NONE_MATCH, {})
        if takes_condition(self._endpoint):
            yield self._header("If-Match", _IF_MATCH, {"pattern": _TAGS})
        if self._endpoint.body is not None:
            yield self._header("Idempotency-Key", _IDEMPOTENCY_KEY, {"pattern": _KEYS, "maxLength": 255})

    def _header(self, name: str, description: str, limits: Json) -> Json:
        given = [example.headers[name.lower()] for example in self._shown() if name.lower() in example.headers]
        made = {"name": name, "in": "header", "description": description, "schema": {"type": "string", **limits}}
        return {**made, "example": given[0]} if given else made

    def _responses(self) -> Json:
        shown = self._endpoint.shown
        examples = {found.name: {"summary": found.summary, "value": found.answer} for found in self._shown()}
        done: Json = {
            "description": self._done(),
            "headers": {name: _reference(name) for name in self._headers()},
            "content": {_JSON: {"schema": self._schema(), "examples": examples}},
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


def _value_in(example: Example, parameter: Parameter, path: str) -> object:
    """Return the value of a parameter in an example; None if it has none."""
    if parameter.location == "path":
        pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", path)
        found = re.fullmatch(pattern, example.path)
        return None if found is None else found[parameter.name]
    if parameter.kind is Kind.PAIRS:
        named = re.compile(rf"{parameter.name}\[(.*)\]")
        pairs = {match[1]: value for name, value in example.query if (match := named.fullmatch(name))}
        return pairs or None
    value = dict(example.query).get(parameter.name)
    return int(value) if value is not None and parameter.kind is Kind.COUNT else value


def _links(location: str) -> Json:
    """Return the operations on a new object, whose id is in the response."""
    place = location.partition("{")[0]
    found = [endpoint for endpoint in ENDPOINTS if endpoint.path.startswith(f"{place}{{")]
    return {
        id_of(endpoint): {
            "operationId": id_of(endpoint),
            "description": endpoint.summary,
            "parameters": {_PARAMETER.findall(endpoint.path)[0]: "$response.body#/id"},
        }
        for endpoint in found
    }


def _reference(header: str) -> Json:
    return {"$ref": f"#/components/headers/{header}"}
