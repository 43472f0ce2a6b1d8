"""The bodies of requests, and the `input` of the mutation that each one becomes.

GraphQL checks the values. A member that only REST rejects gets a name that no input of GraphQL has, so that the engine
reports it with all other problems, and nothing is written.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_list_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from graphql.pyutils import suggestion_list

from app.domain.errors import ErrorCode
from app.domain.labels import label, shown_value
from app.domain.texts import shown
from app.engine.request_errors import ValueCode
from app.graphql.schema import schema
from app.graphql.strawberry_seam import executable
from app.rest.problems import MOST_CHARACTERS, Invalid, ValidationProblem, shortened
from app.rest.spelling import REST

_UNFIT = "?"
"""The beginning of the names of members that don't fit. A name in GraphQL can't begin with it."""
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


def input_of(body: Body, value: object) -> dict[str, Any]:
    """Return the input that a body becomes, with its members in their order. Raise Invalid if it isn't an object.

    Enumerations are read in either case. Members that don't fit get other names, which `problem_of_input` reads.
    """
    if not isinstance(value, dict):
        message = f"The body must be an object, not {shown_value(value)}."
        raise Invalid([ValidationProblem("", ErrorCode.FIELD_INVALID, message)])
    members = _members(body)
    found: dict[str, Any] = {}
    for name, given in cast("Mapping[str, Any]", value).items():
        names = members.enumerations.get(name)
        if names is not None and isinstance(given, str) and given.isascii():
            found[name] = names.get(given.lower(), given)
            continue
        # GraphQL would take a value that isn't a list for a list of one.
        fits = name in members.known and (name not in members.lists or isinstance(given, list | None))
        found[name if fits else _UNFIT + name] = given
    return found


def problem_of_input(found: Mapping[str, Any], body: Body) -> ValidationProblem:
    """Return a problem with an input as a problem with the body; `found` has its `code`, `path` and `message`."""
    code, message, names = found["code"], found["message"], cast("Sequence[str]", found["path"])[1:]
    if code == ValueCode.UNKNOWN:
        if len(names) > 1:
            message = _unknown(names[-1], ())
        elif (name := names[0].removeprefix(_UNFIT)) in body.fields:
            names, code, message = [name], ErrorCode.FIELD_INVALID, f"{label(name)} must be a list."
        else:
            names, message = [name], _unknown(name, body.fields)
    elif len(names) == 1:
        names = [_HEADERS.get(names[0], names[0])]
    return ValidationProblem(shortened(".".join(names)), code, _WHOLE_INPUT.sub("The body ", message))


def _unknown(name: str, known: Sequence[str]) -> str:
    """Return the message about an unknown member."""
    if name in _HEADERS:
        advice = f"send it in the header {_HEADERS[name]}."
    else:
        # Comparing takes time proportional to the length of the name.
        similar = suggestion_list(name, known) if len(name) <= MOST_CHARACTERS else []
        advice = f"did you mean {similar[0]}?" if similar else "leave it out."
    return f"{shown(name)} is not a property of the body: {advice}"


class _Members(NamedTuple):
    """What is known of the members of a body before there is one."""

    known: frozenset[str]
    lists: frozenset[str]
    enumerations: Mapping[str, Mapping[str, str]]
    """Of each member with an enumeration, GraphQL's names of its values by their texts in lower case."""


@lru_cache
def _members(body: Body) -> _Members:
    kind = cast("GraphQLInputObjectType", executable(schema).type_map[body.input_type])
    types: dict[str, Any] = {name: kind.fields[name].type for name in body.fields}
    lists = {name for name, of in types.items() if is_list_type(get_nullable_type(of))}
    named: dict[str, Any] = {name: get_named_type(of) for name, of in types.items() if name not in lists}
    enumerations = {name: _by_text(of) for name, of in named.items() if isinstance(of, GraphQLEnumType)}
    return _Members(frozenset(types), frozenset(lists), enumerations)


def _by_text(kind: GraphQLEnumType) -> Mapping[str, str]:
    spelled = REST.enumerations.get(kind.name, {})
    return {text.lower(): name for name in kind.values for text in (name, spelled.get(name, name))}
