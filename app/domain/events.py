"""Changes as they are recorded: operations of the history, types of events, and values as JSON."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast
from uuid import UUID


class ChangeOperation(StrEnum):
    """The operation that an entry of an object's history records."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"


class EventType(StrEnum):
    """The type of an event in the outbox."""

    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_UPDATED = "customer.updated"
    CONTACT_CREATED = "contact.created"
    CONTACT_UPDATED = "contact.updated"
    CONTACT_DELETED = "contact.deleted"
    DEPARTMENT_CREATED = "department.created"
    DEPARTMENT_UPDATED = "department.updated"
    DEPARTMENT_DELETED = "department.deleted"
    CUSTOMER_GROUP_CREATED = "customer_group.created"
    CUSTOMER_GROUP_UPDATED = "customer_group.updated"
    CUSTOMER_GROUP_DELETED = "customer_group.deleted"
    LEDGER_ACCOUNT_CREATED = "ledger_account.created"
    LEDGER_ACCOUNT_UPDATED = "ledger_account.updated"
    SUBSCRIPTION_CREATED = "subscription.created"
    SUBSCRIPTION_UPDATED = "subscription.updated"
    SUBSCRIPTION_TRANSITIONED = "subscription.transitioned"
    SUBSCRIPTION_RESCHEDULED = "subscription.rescheduled"


MOST_TYPES = 50
"""Maximum number of types in the filter of a follower."""


def _unchanged(value: Any) -> Any:
    return value


_FORMS: Mapping[type, Callable[[Any], Any]] = {
    type(None): _unchanged,
    str: _unchanged,
    int: _unchanged,
    bool: _unchanged,
    Decimal: "{:f}".format,
    UUID: str,
    date: date.isoformat,
}


def plain_values(named: Mapping[str, object]) -> dict[str, Any]:
    """Return named values as JSON values."""
    return {name: plain(value) for name, value in named.items()}


def plain(value: object) -> Any:
    """Return a value as JSON: decimals, dates and UUIDs as strings, timestamps in UTC, metadata unchanged."""
    # First, because most values are of these types, and the check of a mapping is slow.
    form = _FORMS.get(type(value))
    if form is not None:
        return form(value)
    match value:
        # Enumerations are texts.
        case str():
            pass
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case Mapping():
            entries = cast("Mapping[str, object]", value)
            return {key: _number(entry) for key, entry in entries.items()}
        case _:
            pass
    return value


def _number(value: object) -> object:
    # Metadata holds JSON numbers; they are decimals only while they are being processed.
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)
