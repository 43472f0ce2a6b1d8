"""What the OpenAPI document says about the parameters of an endpoint and about the headers of its requests."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from app.domain.metadata import MAX_FILTER_PAIRS, MAX_VALUE_CHARACTERS
from app.graphql import cursors
from app.graphql.arguments import MOST_CHARACTERS
from app.rest.endpoints import Endpoint
from app.rest.openapi.errors import can_be_unchanged, takes_condition
from app.rest.openapi.examples import Example
from app.rest.openapi.types import METADATA_KEY, NOT_BLANK
from app.rest.parameters import MAX_LIMIT, Kind, Parameter

Json: TypeAlias = dict[str, Any]

PARAMETER = re.compile(r"\{(\w+)\}")
"""A parameter in a path."""
_KINDS: Mapping[Kind, Json] = {
    Kind.ID: {"type": "string", "format": "uuid"},
    Kind.TEXT: {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS, "pattern": NOT_BLANK},
    Kind.COUNT: {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    Kind.CURSOR: {
        "type": "string",
        "minLength": cursors.MIN_CHARACTERS,
        "maxLength": cursors.MAX_CHARACTERS,
        "pattern": cursors.PATTERN,
    },
    Kind.PAIRS: {
        "type": "object",
        "propertyNames": METADATA_KEY,
        "additionalProperties": {"type": "string", "maxLength": MAX_VALUE_CHARACTERS},
        "maxProperties": MAX_FILTER_PAIRS,
    },
}
_TAG = r'(W/)?"[!#-~]*"'
_TAGS = rf"^(\*|{_TAG}(, *{_TAG})*)$"
# With or without the quotation marks of a string in structured fields, which don't count.
_KEYS = r'^("[ !#-\[\]-~]{1,255}"|[!#-+\--~]{1,255})$'
_IF_NONE_MATCH = "Entity tags: if the body still has one of them, the answer is 304 without a body."
_IF_MATCH = (
    "Entity tags, of which the versions are compared: if the object has none of them, the answer is 412 and nothing is"
    " written."
)
_IF_MATCH_OF_READS = "Entity tags: if the object has none of them now, the answer is 412."
_IDEMPOTENCY_KEY = (
    "Makes it safe to send the request again: 1 to 255 characters, chosen by the caller. For 24 hours, the same key with"
    " the same request returns the first answer and writes nothing; with another request it is rejected with"
    " IDEMPOTENCY_KEY_REUSED."
)


def parameters_of(endpoint: Endpoint, examples: Sequence[Example]) -> Iterable[Json]:
    """Return the descriptions of an endpoint's parameters, with their values in the first example that has some."""
    for parameter in endpoint.parameters:
        yield _parameter(parameter, examples, endpoint.path)
    if can_be_unchanged(endpoint):
        yield _header("If-Match", _IF_MATCH_OF_READS, {"pattern": _TAGS}, examples)
        yield _header("If-None-Match", _IF_NONE_MATCH, {}, examples)
    if takes_condition(endpoint):
        yield _header("If-Match", _IF_MATCH, {"pattern": _TAGS}, examples)
    if endpoint.body is not None:
        yield _header("Idempotency-Key", _IDEMPOTENCY_KEY, {"pattern": _KEYS, "maxLength": 257}, examples)


def _parameter(parameter: Parameter, examples: Iterable[Example], path: str) -> Json:
    made: Json = {"name": parameter.name, "in": parameter.location, "description": parameter.description}
    made["required"] = parameter.location == "path"
    if parameter.kind is Kind.PAIRS:
        made |= {"style": "deepObject", "explode": True}
    made["schema"] = _KINDS[parameter.kind]
    for example in examples:
        value = _value_in(example, parameter, path)
        if value is not None:
            return {**made, "example": value}
    return made


def _header(name: str, description: str, limits: Json, examples: Iterable[Example]) -> Json:
    given = [example.headers[name.lower()] for example in examples if name.lower() in example.headers]
    made = {"name": name, "in": "header", "description": description, "schema": {"type": "string", **limits}}
    return {**made, "example": given[0]} if given else made


def _value_in(example: Example, parameter: Parameter, path: str) -> object:
    """Return the value of a parameter in an example; None if it has none."""
    if parameter.location == "path":
        pattern = PARAMETER.sub(r"(?P<\1>[^/]+)", path)
        found = re.fullmatch(pattern, example.path)
        return None if found is None else found[parameter.name]
    if parameter.kind is Kind.PAIRS:
        named = re.compile(rf"{parameter.name}\[(.*)\]")
        pairs = {match[1]: value for name, value in example.query if (match := named.fullmatch(name))}
        return pairs or None
    value = dict(example.query).get(parameter.name)
    return int(value) if value is not None and parameter.kind is Kind.COUNT else value
