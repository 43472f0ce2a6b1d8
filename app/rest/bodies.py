"""JSON bodies, and how they become the `input` of a mutation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from app.rest.problems import Invalid, ValidationProblem


@dataclass(frozen=True, slots=True)
class Body:
    """The body of an endpoint's requests."""

    input_type: str
    """The GraphQL input that describes its fields."""
    fields: tuple[str, ...]
    """The fields that REST has of this input."""


def input_of(body: Body, value: object) -> dict[str, Any]:
    """Return the input of a body's value. Raise Invalid with all problems."""
    if not isinstance(value, dict):
        raise Invalid([ValidationProblem("", "FIELD_INVALID", "The body must be a JSON object.")])
    given = cast("Mapping[str, Any]", value)
    unknown = [name for name in given if name not in body.fields]
    if unknown:
        raise Invalid([ValidationProblem(name, "FIELD_UNKNOWN", f"There is no field {name}.") for name in unknown])
    return dict(given)
