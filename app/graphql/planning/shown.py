"""How a plain field of a row that the service holds is shown: as graphql-core completes it."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from graphql import (
    GraphQLField,
    GraphQLNonNull,
    Undefined,
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)

ShowField = Callable[[Any], object]
"""Returns a plain field of a row as it is shown. Raises an exception for a value that the schema doesn't allow."""


def completion_of(field: GraphQLField) -> Callable[[object], object]:
    """Return a function that completes a value of a plain field; it raises an exception for one that isn't allowed."""
    is_required = isinstance(cast("Any", field.type), GraphQLNonNull)
    coerce: Callable[[object], object] = cast("Any", get_nullable_type(cast("Any", field.type))).coerce_output_value

    def complete(value: object) -> object:
        if value is not None:
            # As the field's resolver: GraphQL's ID is a string.
            value = coerce(str(value) if isinstance(value, UUID) else value)
        if value is Undefined or (value is None and is_required):
            msg = "A field has no value."
            raise ValueError(msg)
        return value

    return complete


def shown_by(field: GraphQLField, attribute: str) -> ShowField:
    """Return a function that shows an attribute of a row."""
    complete = completion_of(field)
    return lambda row: complete(getattr(row, attribute))
