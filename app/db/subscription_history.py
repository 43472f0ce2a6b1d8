"""The history of subscriptions: what a write changed of them and of their current periods."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from app.db.history import Change
from app.db.mirror_reads import StoredPeriod, StoredSubscription
from app.db.tables import subscription_periods
from app.domain.events import ChangeOperation, plain, plain_values
from app.domain.fields import schema_name

_ATTRIBUTES = (
    *("external_system_id", "customer_id", "name", "status", "billing_direction", "currency", "net_amount"),
    *("interval_months", "anchor_day", "started_on", "ends_on", "trial_ends_on", "next_billing_date"),
)
_OF_PERIOD = tuple(name for name in StoredPeriod._fields if name in subscription_periods.c and name != "id")


def created(after: StoredSubscription) -> Change:
    """Return the entry of a new subscription, with the values that are set."""
    changes = {schema_name(name): (None, _shown(value)) for name, value in _values(after).items() if value is not None}
    return Change(after.row.id, after.row.version, ChangeOperation.CREATED, changes)


def updated(before: StoredSubscription, after: StoredSubscription) -> Change:
    """Return the entry of a change, with the values that differ."""
    old, new = _values(before), _values(after)
    # Compared before they are shown, because 300 and 300.00 are the same amount.
    changes = {schema_name(name): (_shown(old[name]), _shown(new[name])) for name in new if old[name] != new[name]}
    return Change(after.row.id, after.row.version, ChangeOperation.UPDATED, changes)


def all_updated(
    before: Mapping[UUID, StoredSubscription], after: Mapping[UUID, StoredSubscription]
) -> Sequence[Change]:
    """Return the entries of those subscriptions that have a new version."""
    pairs = ((stored, after[id_]) for id_, stored in before.items())
    return [updated(stored, now) for stored, now in pairs if stored.row.version != now.row.version]


def _values(stored: StoredSubscription) -> dict[str, Any]:
    """Return the values by attribute, as the billing system sends them."""
    values = {name: getattr(stored.row, name) for name in _ATTRIBUTES}
    return values | {"current_period": {schema_name(name): getattr(stored.period, name) for name in _OF_PERIOD}}


def _shown(value: object) -> Any:
    # Numbers in mappings would be those of metadata.
    return plain_values(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else plain(value)
