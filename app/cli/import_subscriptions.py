"""The import of the billing system's subscriptions."""

from collections.abc import Mapping, Sequence

from app.cli.import_cells import json_amount, parse_amount, parse_day, parse_whole
from app.cli.import_kind import CUSTOMER_KEY_FIELDS, CUSTOMER_NUMBERS, Kind, RowKey, given_keys
from app.cli.import_rows import Columns, by_attribute
from app.domain import subscription_fields
from app.domain.fields import schema_name
from app.services.upsert_subscriptions import UpsertSubscriptionsCommand, upsert_subscriptions


def _keys(row: Mapping[str, object]) -> Sequence[RowKey]:
    found = subscription_fields.read_keys(row)
    return given_keys(("id", found.id), ("externalSystemId", found.external_system_id))


_OBJECTS = {"customer": CUSTOMER_KEY_FIELDS, "current_period": tuple(subscription_fields.PERIOD_FIELDS)}
_NAMES, _row = by_attribute(("id", *subscription_fields.FIELDS, "expected_version"), _OBJECTS)
_AMOUNTS = ("netAmount", *(f"currentPeriod.{name}" for name in ("netAmount", "billedAmount", "creditedAmount")))
_DAYS = (
    *("startedOn", "endsOn", "trialEndsOn", "nextBillingDate"),
    *(f"currentPeriod.{name}" for name in ("startsOn", "endsOn", "billedOn")),
)

SUBSCRIPTIONS: Kind[Mapping[str, object]] = Kind(
    columns=Columns(
        "subscriptions",
        "UpsertSubscriptionRow",
        _NAMES,
        _row,
        cells={
            **dict.fromkeys(_AMOUNTS, parse_amount),
            **dict.fromkeys(_DAYS, parse_day),
            **dict.fromkeys(("intervalMonths", "anchorDay", "expectedVersion"), parse_whole),
        },
        numbers=frozenset({"externalSystemId", "name"}) | CUSTOMER_NUMBERS,
        values=dict.fromkeys(_AMOUNTS, json_amount),
        objects={schema_name(name): [schema_name(part) for part in parts] for name, parts in _OBJECTS.items()},
        required_parts={"currentPeriod": ("startsOn", "endsOn", "netAmount")},
    ),
    key="externalSystemId",
    keys=_keys,
    problems=lambda row: subscription_fields.read_subscription(row, creating=False)[1],
    command=UpsertSubscriptionsCommand,
    upsert=upsert_subscriptions,
    has_ids=True,
)
