"""Parameters of paths and queries, and how they become variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import parse_qsl
from uuid import UUID

from app.domain.fields import read_uuid
from app.rest.problems import Invalid, Unknown, ValidationProblem


class Kind(StrEnum):
    """The form of a parameter's value."""

    TEXT = "text"
    ID = "id"
    COUNT = "count"
    """A whole number, 1 to 500."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an endpoint."""

    name: str
    location: Literal["path", "query"]
    variable: str
    """The place of the value in the variables, such as `where.customerNumber`."""
    kind: Kind
    description: str


def variables_of(
    parameters: Sequence[Parameter], path_values: Mapping[str, str], query_string: bytes
) -> dict[str, Any]:
    """Return the variables of a request. Raise Invalid with all problems, or Unknown."""
    given = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)) if query_string else {}
    variables: dict[str, Any] = {}
    problems: list[ValidationProblem] = []
    for parameter in parameters:
        text = (path_values if parameter.location == "path" else given).get(parameter.name)
        if text is None:
            continue
        value = _value(parameter, text)
        if isinstance(value, ValidationProblem):
            problems.append(value)
        else:
            _put(variables, parameter.variable.split("."), value)
    if problems:
        raise Invalid(problems)
    return variables


def _value(parameter: Parameter, text: str) -> str | int | ValidationProblem:
    match parameter.kind:
        case Kind.ID:
            if not isinstance(read_uuid(text, ()), UUID):
                raise Unknown
            return text
        case Kind.COUNT if not (text.isascii() and text.isdecimal() and 1 <= int(text[:4]) <= _MOST):
            message = f"`{parameter.name}` must be a whole number from 1 to {_MOST}."
            return ValidationProblem(parameter.name, "FIELD_INVALID", message)
        case Kind.COUNT:
            return int(text)
        case Kind.TEXT:
            return text


def _put(variables: dict[str, Any], place: Sequence[str], value: object) -> None:
    *above, name = place
    for part in above:
        variables = variables.setdefault(part, {})
    variables[name] = value


_MOST = 500
