"""The fields of a subscription as the billing system sends it, and how each is read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast
from uuid import UUID

from app.domain.customer_keys import CUSTOMER, CustomerKey
from app.domain.dates import day
from app.domain.errors import Path, Problem
from app.domain.fields import amount, choice, formed, invalid, key_text, missing, read_uuid, schema_name, text, whole
from app.domain.forms import currency
from app.domain.inputs import EXPECTED_VERSION, Field, as_read, read_input
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from app.domain.upserts import missing_key

_DAY, _AMOUNT = Field(day, clearable=False, required=True), Field(amount(signed=False), clearable=False)
PERIOD_FIELDS: Mapping[str, Field] = {
    "starts_on": _DAY,
    "ends_on": _DAY,
    "net_amount": _AMOUNT,
    "billed_amount": _AMOUNT,
    "credited_amount": _AMOUNT,
    "billed_on": Field(day),
}
"""The fields of the current period; its days are always sent."""


def _period(value: object, path: Path) -> object:
    """Read what was sent of the current period."""
    if not isinstance(value, dict | Mapping):
        return invalid(path, f"must be an object with {schema_name('starts_on')} and {schema_name('ends_on')}.")
    values, problems = read_input(cast("Mapping[str, object]", value), PERIOD_FIELDS, creating=True)
    return [replace(problem, path=(*path, *problem.path)) for problem in problems] or values


FIELDS: Mapping[str, Field] = {
    "external_system_id": Field(key_text()),
    "customer": replace(CUSTOMER, required=True),
    "name": Field(text(), clearable=False, required=True),
    "status": Field(choice(SubscriptionStatus), clearable=False, required=True),
    "billing_direction": Field(choice(BillingDirection), clearable=False, default=BillingDirection.ADVANCE),
    "currency": Field(
        formed(currency, "must be a currency of ISO 4217, three letters, such as DKK"), clearable=False, required=True
    ),
    "net_amount": Field(amount(signed=False), clearable=False, required=True),
    "interval_months": Field(whole(1, 120), clearable=False, default=1),
    "anchor_day": Field(whole(1, 31), clearable=False, required=True),
    "started_on": Field(day, clearable=False, required=True),
    "ends_on": Field(day),
    "trial_ends_on": Field(day),
    "current_period": Field(_period, clearable=False, required=True),
    "next_billing_date": Field(day),
}
"""By attribute, in the order in which problems are reported."""
_PERIOD = "current_period"


def of_period(*names: str) -> frozenset[str]:
    """Return fields of the current period by names that differ from those of the subscription's own fields."""
    return frozenset(f"{_PERIOD}.{name}" for name in names)


EVERY_FIELD = FIELDS.keys() | of_period(*PERIOD_FIELDS)
"""The fields of a subscription and of its current period, all of which change when it is created."""
_KEYS: Mapping[str, Field] = {"id": Field(read_uuid), "external_system_id": FIELDS["external_system_id"]}
_ALL: Mapping[str, Field] = {"id": _KEYS["id"], **FIELDS, "expected_version": EXPECTED_VERSION}


class SubscriptionKeys(NamedTuple):
    """The keys of a row's subscription and customer; None for a key that is missing or can't be read.

    Beside an id that can't be read, the external system id is no key, because the row may give it another one.
    """

    id: UUID | None
    external_system_id: str | None
    customer: CustomerKey | None


def read_keys(given: Mapping[str, object]) -> SubscriptionKeys:
    """Return the keys of a row; problems are found by `read_subscription`."""
    named = {**_KEYS, "customer": FIELDS["customer"]}
    values, _ = read_input({name: given[name] for name in named if name in given}, named)
    if given.get("id") is not None and "id" not in values:
        values.pop("external_system_id", None)
    return SubscriptionKeys(*(cast("None", values.get(name)) for name in SubscriptionKeys._fields))


def read_subscription(given: Mapping[str, object], *, creating: bool) -> tuple[dict[str, object], Sequence[Problem]]:
    """Return the values of the fields that were sent, by attribute, and the problems of the others."""
    values, problems = read_input(given, _ALL, creating=creating)
    path = ("external_system_id",)
    if given.get("id") is None and given.get("external_system_id") is None:
        problems.append(missing_key(path, "subscription", unless="id"))
    elif given.get("id") is None and values.get("external_system_id", "") is None:
        problems.append(missing(path))
    return values, problems


class SentRow(NamedTuple):
    """What was sent of a subscription."""

    values: dict[str, Any]
    """The well-formed fields, by attribute, and those of the current period."""
    problems: Sequence[Problem]
    """The problems of the others."""

    @property
    def malformed(self) -> frozenset[str]:
        """The fields that are malformed or missing."""
        return frozenset(str(problem.path[0]) for problem in self.problems)

    @property
    def malformed_of_period(self) -> frozenset[str]:
        """The same of the current period."""
        paths = [problem.path for problem in self.problems if problem.path[0] == _PERIOD]
        if (_PERIOD,) in paths:
            return frozenset(PERIOD_FIELDS)
        return frozenset(str(path[1]) for path in paths)


def read_row(given: Mapping[str, object], *, creating: bool) -> SentRow:
    """Return what was sent of a subscription, for rules that need only some of the fields."""
    values, problems = read_subscription(given, creating=creating)
    row = SentRow(values, problems)
    if _PERIOD in row.malformed:
        sent = given.get(_PERIOD)
        is_object = isinstance(sent, dict | Mapping)
        values[_PERIOD], _ = read_input(cast("Mapping[str, object]", sent) if is_object else {}, PERIOD_FIELDS)
    return row


def canonical(given: Mapping[str, object]) -> dict[str, object]:
    """Return a row in canonical form: each field as it would be stored."""
    return as_read(given, read_subscription(given, creating=False)[0])
