"""The bodies of requests, and the `input` of the mutation that each one becomes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInt,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_list_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from graphql.pyutils import suggestion_list

from app.domain.customer_fields import FIELDS
from app.domain.errors import MOST_LISTED, ErrorCode
from app.domain.fields import schema_name
from app.domain.labels import label, shown_value
from app.domain.limits import Limits, limits_of
from app.domain.texts import shown
from app.engine.request_errors import ValueCode
from app.graphql.schema import schema
from app.graphql.strawberry_seam import executable
from app.rest.controls import Condition
from app.rest.problems import MOST_CHARACTERS, Invalid, ValidationProblem, shortened
from app.rest.spelling import REST

_INPUT = "input"
_MOST_COMPARED = 5
"""Maximum number of unknown members for which similar names are looked up, which takes a millisecond for each."""
_HEADERS = {"idempotencyKey": "Idempotency-Key", "expectedVersion": "If-Match"}
"""The headers that stand for fields of inputs."""
_WHOLE_INPUT = re.compile(r"\AThe input ")
"""The subject of messages about a whole input."""


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON object that an endpoint takes."""

    input_type: str
    """The name of the GraphQL input that it becomes."""
    fields: tuple[str, ...]
    """The names of its members. The input may have more, such as those that are headers in REST."""


class Read(NamedTuple):
    """What a body says."""

    input: dict[str, Any]
    """The input that it becomes, without the members that have problems."""
    problems: list[ValidationProblem]
    """What GraphQL can't see. It checks the values of the input."""


def input_of(body: Body, value: object) -> Read:
    """Return the input that a body becomes, and problems of its other members. Raise Invalid if it isn't an object.

    Enumerations are read in either case.
    """
    if not isinstance(value, dict):
        message = f"The body must be an object, not {shown_value(value)}."
        raise Invalid([ValidationProblem("", ErrorCode.FIELD_INVALID, message)])
    members, sent = _members(body), cast("dict[str, object]", value)
    found = Read({}, [])
    for name, given in sent.items():
        if name not in members.known:
            if len(found.problems) <= MOST_LISTED:
                similar = body.fields if len(found.problems) < _MOST_COMPARED else ()
                found.problems.append(_unknown(name, name, similar))
        elif name in members.bounds and _is_beyond_int(given):
            # GraphQL would only say what any Int can be.
            bounds = members.bounds[name]
            message = f"{label(name)} must be between {bounds.least} and {bounds.most}, not {shown_value(given)}."
            found.problems.append(ValidationProblem(name, ErrorCode.FIELD_INVALID, message))
        elif name in members.lists and not _is_list_or_null(given):
            # GraphQL would take it for a list of one.
            message = f"{label(name)} must be a list, not {shown_value(given)}."
            found.problems.append(ValidationProblem(name, ErrorCode.FIELD_INVALID, message))
        else:
            names = members.enumerations.get(name)
            found.input[name] = given if names is None else _named(given, names)
    return found


def problem_of_input(found: Mapping[str, Any], condition: Condition) -> ValidationProblem:
    """Return a problem that GraphQL finds in an input as one of its body.

    `found` is an entry of `extensions.problems` or of a payload's `errors`, `condition` that of the request.
    """
    code, message, path = found["code"], found["message"], cast("Sequence[str]", found["path"])
    names = path[1:] if path[:1] == [_INPUT] else path
    if code == ValueCode.UNKNOWN:
        return _unknown(names[-1], ".".join(names))
    if len(names) == 1:
        names = [_HEADERS.get(names[0], names[0])]
    if code == ErrorCode.VERSION_CONFLICT:
        advice = "read the object again, then retry with its ETag."
        conflict = f'{names[0]} names another version than the stored one, "{found["actualVersion"]}": {advice}'
        message = condition.told(conflict)
    return ValidationProblem(shortened(".".join(names)), code, _WHOLE_INPUT.sub("The body ", message))


def _unknown(name: str, place: str, known: Sequence[str] = ()) -> ValidationProblem:
    if name in _HEADERS:
        advice = f"send it in the header {_HEADERS[name]}."
    else:
        # Comparing takes time proportional to the length of the name.
        similar = suggestion_list(name, known) if len(name) <= MOST_CHARACTERS else []
        advice = f"did you mean {similar[0]}?" if similar else "leave it out."
    message = f"{shown(name)} is not a property of the body: {advice}"
    return ValidationProblem(shortened(place), ValueCode.UNKNOWN, message)


def _is_list_or_null(value: object) -> bool:
    return value is None or isinstance(value, list)


def _is_beyond_int(value: object) -> bool:
    return isinstance(value, int) and not -(2**31) <= value < 2**31


def _named(value: object, names: Mapping[str, str]) -> object:
    """Return the name of an enumeration's value in GraphQL; other values as they are, for GraphQL to reject."""
    return names.get(value.lower(), value) if isinstance(value, str) and value.isascii() else value


class _Members(NamedTuple):
    """What is known of the members of a body before there is one."""

    known: frozenset[str]
    lists: frozenset[str]
    bounds: Mapping[str, Limits]
    """Of each whole number."""
    enumerations: Mapping[str, Mapping[str, str]]
    """Of each member with an enumeration, GraphQL's names of its values by their texts in lower case."""


@lru_cache
def _members(body: Body) -> _Members:
    kind = cast("GraphQLInputObjectType", executable(schema).type_map[body.input_type])
    types: dict[str, Any] = {name: kind.fields[name].type for name in body.fields}
    lists = {name for name, of in types.items() if is_list_type(get_nullable_type(of))}
    named: dict[str, Any] = {name: get_named_type(of) for name, of in types.items() if name not in lists}
    enumerations = {name: _by_text(of) for name, of in named.items() if isinstance(of, GraphQLEnumType)}
    declared = {schema_name(name): field for name, field in FIELDS.items()}
    whole = {name: limits_of(declared[name].read) for name, of in named.items() if of is GraphQLInt}
    return _Members(frozenset(types), frozenset(lists), whole, enumerations)


def _by_text(kind: GraphQLEnumType) -> Mapping[str, str]:
    spelled = REST.enumerations.get(kind.name, {})
    return {text.lower(): name for name in kind.values for text in (name, spelled.get(name, name))}
