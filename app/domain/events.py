"""What is told of a change: how a customer's history names it, which events others can follow, how values are written."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast
from uuid import UUID


class ChangeOperation(StrEnum):
    """How an entry of a customer's history came about."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"


class EventType(StrEnum):
    """What an event of the outbox says has happened."""

    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_UPDATED = "customer.updated"
    LEDGER_ACCOUNT_CREATED = "ledger_account.created"
    LEDGER_ACCOUNT_UPDATED = "ledger_account.updated"
    SUBSCRIPTION_TRANSITIONED = "subscription.transitioned"
    SUBSCRIPTION_RESCHEDULED = "subscription.rescheduled"


def plain_values(named: Mapping[str, object]) -> dict[str, Any]:
    """Named values as JSON holds them."""
    return {name: plain(value) for name, value in named.items()}


def plain(value: object) -> Any:
    """A value as JSON holds it: exact numbers, dates and identifiers as strings, moments in UTC, metadata as it is."""
    match value:
        case Decimal():
            return format(value, "f")
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case Mapping():
            entries = cast("Mapping[str, object]", value)
            return {key: _number(each) for key, each in entries.items()}
        case _:
            return value


def _number(value: object) -> object:
    # Inside metadata a number is a number; an exact one is only how it travelled here.
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)
