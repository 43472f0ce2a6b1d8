"""The custom scalars, each with the specification of its text."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NewType

import strawberry
from graphql import GraphQLError, ValueNode
from graphql.language import BooleanValueNode, FloatValueNode, IntValueNode, StringValueNode
from strawberry.types.scalar import ScalarDefinition

if TYPE_CHECKING:
    from app.db.rows import MetadataMap as Metadata
    from app.domain.metadata import MetadataValue
else:
    # Names for the scalars below: a type checker sees what their values are instead.
    MetadataValue = NewType("MetadataValue", object)
    Metadata = NewType("Metadata", object)

_NOT_A_VALUE = "A metadata value is a string, a number or a boolean."


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _metadata_value(value: object) -> "MetadataValue":
    if isinstance(value, str | int | float | bool):
        return value
    raise GraphQLError(_NOT_A_VALUE)


def _metadata_literal(node: ValueNode, _variables: Mapping[str, object] | None = None) -> "MetadataValue":
    if isinstance(node, StringValueNode | BooleanValueNode):
        return node.value
    if isinstance(node, IntValueNode):
        return int(node.value)
    if isinstance(node, FloatValueNode):
        return Decimal(node.value)
    raise GraphQLError(_NOT_A_VALUE)


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as a string, such as `"1234.50"`. Amounts are in major units of their currency.',
        specified_by_url="https://www.w3.org/TR/xmlschema11-2/#decimal",
        serialize=lambda value: format(value, "f"),
        parse_value=Decimal,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar date, `YYYY-MM-DD`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=date.isoformat,
        parse_value=date.fromisoformat,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in UTC with microseconds, such as `2026-01-31T12:00:00.000000Z`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_moment,
        parse_value=datetime.fromisoformat,
    ),
    Metadata: strawberry.scalar(
        name="Metadata",
        description="Key-value metadata as a JSON object: at most 50 entries, keys of 1 to 128 characters,"
        " values that are strings of at most 500 characters, finite numbers or booleans.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-4",
    ),
    MetadataValue: strawberry.scalar(
        name="MetadataValue",
        description="One metadata value: a JSON string, number or boolean.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-3",
        parse_value=_metadata_value,
        parse_literal=_metadata_literal,
    ),
}
