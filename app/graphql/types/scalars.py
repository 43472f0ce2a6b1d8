"""The custom scalars, each with the specification of its text."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NewType, cast

import strawberry
from graphql import GraphQLError, Undefined, ValueNode, value_from_ast_untyped
from graphql.language import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ObjectValueNode,
    StringValueNode,
)

from app.domain.dates import day_of
from app.domain.decimals import WrittenFloat, decimal_of
from app.domain.fields import A_DECIMAL
from app.domain.texts import stored_form
from app.graphql.strawberry_seam import ScalarDefinition

if TYPE_CHECKING:
    from app.db.rows import MetadataMap as Metadata
    from app.domain.metadata import MetadataValue
else:
    # Names for the scalars below: a type checker sees what their values are instead.
    MetadataValue = NewType("MetadataValue", object)
    Metadata = NewType("Metadata", object)

_NOT_A_VALUE = "A metadata value is a string, a number or a boolean."
_NOT_ENTRIES = "Metadata is an object of keys and values."
_NOT_A_DATE = "A date is a string."
_NOT_A_DECIMAL = "A decimal is a string or a number."
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:)(\d\d)(?:(\.\d{1,6})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MOMENT_CHARACTERS = 255
"""Maximum length of a time's text from which blanks at its ends are removed in any case."""
_LEAP_SECOND = "60"
_NOT_A_MOMENT = 'A time is a string of an existing date, time and offset from UTC, such as "2026-01-31T12:00:00Z".'


def moment_text(value: datetime) -> str:
    """Return a time as the scalar DateTime writes it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _read_moment(value: object) -> datetime:
    """Return a time in UTC. Without an offset it would be another time on each server.

    RFC 3339 allows any number of decimals, of which those after the sixth are dropped, and leap seconds, which are the
    start of the next minute, as in PostgreSQL.
    """
    parts = _MOMENT.fullmatch(stored_form(value, most=_MOMENT_CHARACTERS)) if isinstance(value, str) else None
    try:
        if parts is not None:
            minute, second, fraction, offset = parts.groups(default="")
            if second == _LEAP_SECOND:
                moment = datetime.fromisoformat(f"{minute}59{offset}".upper()) + timedelta(seconds=1)
            else:
                moment = datetime.fromisoformat(f"{minute}{second}{fraction}{offset}".upper())
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        # No such day or hour, or outside the years 1 to 9999 in UTC.
        pass
    raise GraphQLError(_NOT_A_MOMENT)


def _decimal(value: object) -> Decimal | str:
    """Return a decimal, or unreadable text as it is, which the domain reports with the other problems of the input."""
    found = decimal_of(value)
    if found is None:
        if isinstance(value, float):
            return value.text if isinstance(value, WrittenFloat) else repr(value)
        if isinstance(value, str):
            return value
        raise GraphQLError(_NOT_A_DECIMAL)
    return found


def _decimal_literal(node: ValueNode, _variables: Mapping[str, object] | None = None) -> Decimal | str:
    if isinstance(node, FloatValueNode):
        return _decimal(WrittenFloat(node.value))
    if isinstance(node, IntValueNode | StringValueNode):
        return _decimal(node.value)
    raise GraphQLError(_NOT_A_DECIMAL, node)


def _date(value: object) -> date | str:
    """Return a date, or unreadable text as it is, which the domain reports with the other problems of the input."""
    if not isinstance(value, str):
        raise GraphQLError(_NOT_A_DATE)
    found = day_of(value)
    return value if found is None else found


def _metadata(value: object) -> "Metadata":
    """Check that the value is an object. The domain checks keys and values, and reports all problems at once.

    Sorted by key, because the order has no meaning: equal maps make equal commands.
    """
    if isinstance(value, dict):
        entries = sorted(cast("dict[str, Any]", value).items())
        return {key: float(entry) if isinstance(entry, float) else entry for key, entry in entries}
    raise GraphQLError(_NOT_ENTRIES)


def _metadata_entries_literal(node: ValueNode, variables: Mapping[str, object] | None = None) -> "Metadata":
    if not isinstance(node, ObjectValueNode):
        raise GraphQLError(_NOT_ENTRIES, node)
    if any(isinstance(field.value, EnumValueNode) for field in node.fields):
        raise GraphQLError(_NOT_A_VALUE, node)
    entries: dict[str, Any] = value_from_ast_untyped(node, dict(variables or {}))
    # A variable that was left out leaves out its entry, as it does a field of any input.
    return _metadata({key: value for key, value in entries.items() if value is not Undefined})


def _metadata_value(value: object) -> "MetadataValue":
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str | int | bool):
        return value
    raise GraphQLError(_NOT_A_VALUE)


def _metadata_literal(node: ValueNode, _variables: Mapping[str, object] | None = None) -> "MetadataValue":
    if isinstance(node, StringValueNode | BooleanValueNode):
        return node.value
    if isinstance(node, IntValueNode):
        return int(node.value)
    if isinstance(node, FloatValueNode):
        return Decimal(node.value)
    raise GraphQLError(_NOT_A_VALUE, node)


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as a string, such as `"1234.50"`. Amounts are in major units of their'
        " currency. An input may be a number as well. Trailing zeros count as decimals: `12.500` has"
        " three. Other text is a problem of its field (FIELD_INVALID).",
        specified_by_url="https://www.w3.org/TR/xmlschema11-2/#decimal",
        serialize=lambda value: format(value, "f"),
        parse_value=_decimal,
        parse_literal=_decimal_literal,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar date, `YYYY-MM-DD`, in an input from 1900-01-01 to 9999-12-30. Other text, also other"
        " forms of ISO 8601, is a problem of its field (FIELD_INVALID).",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=date.isoformat,
        parse_value=_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in UTC with microseconds, such as `2026-01-31T12:00:00.000000Z`. An input needs an offset"
        " from UTC, such as `Z` or `+01:00`; the fraction may be left out, and decimals after the sixth are dropped.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=moment_text,
        parse_value=_read_moment,
    ),
    Metadata: strawberry.scalar(
        name="Metadata",
        description="Key-value metadata as a JSON object: at most 50 entries, trimmed keys of 1 to 128 visible"
        " characters, values that are strings of at most 500 characters, finite numbers or booleans.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-4",
        parse_value=_metadata,
        parse_literal=_metadata_entries_literal,
    ),
    MetadataValue: strawberry.scalar(
        name="MetadataValue",
        description="One metadata value: a JSON string, number or boolean.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-3",
        parse_value=_metadata_value,
        parse_literal=_metadata_literal,
    ),
}

EXPECTED: Mapping[str, str] = {
    "Decimal": A_DECIMAL,
    "Date": "a date such as 2026-01-31",
    "DateTime": "an existing time with an offset, such as 2026-01-31T12:00:00Z",
    "Metadata": "an object of keys and values that are strings, numbers or booleans",
    "MetadataValue": "a string, a number or a boolean",
}
"""What a value of each scalar must be, for messages."""
