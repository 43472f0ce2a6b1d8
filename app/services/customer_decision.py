"""Deciding a change of one customer from facts that were read: what to write, or every reason against it. Reads nothing itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.db.rows import CustomerRow
from app.domain.billing import Subscription, is_triggered
from app.domain.customer_rules import Record, rule_faults, subscription_currency_faults
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.digests import difference, digest_of
from app.domain.errors import ErrorCode, Fault, Refused, TransitionChangedFault
from app.domain.metadata_fields import merged_metadata
from app.domain.transition import Transition, acknowledgement_refusals, plan

FAMILY_FIELDS = frozenset(
    {
        "parent_customer_id",
        "billing_relationship",
        "consolidation_mode",
        "billing_day",
        "parent_invoice_template_id",
        "default_currency",
        "is_active",
    }
)
"""Fields whose rules look at the parent and the children."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A customer as it is stored, and what a change would make of it."""

    before: CustomerRow
    values: Mapping[str, object]
    """The columns that really change."""
    faults: tuple[Fault, ...]
    old: Record
    new: Record

    @property
    def is_triggered(self) -> bool:
        """Whether it may move subscriptions."""
        return is_triggered(self.old.party, self.new.party)

    @property
    def concerns_billing(self) -> bool:
        """Whether subscriptions must be read to judge it: they move, follow a billing day, or have currencies."""
        return self.is_triggered or not {"billing_day", "default_currency"}.isdisjoint(self.values)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a draft is judged by."""

    parent: Record | None
    """The parent after the change, None also where it does not exist."""
    records: Mapping[UUID, Record]
    """Holds the parent before and the one after."""
    children: Sequence[Record]
    subscriptions: Sequence[Subscription] = ()
    """Those of the customer and of the children that it pays for, if the draft concerns billing."""
    today: date | None = None
    """Known if the draft concerns billing."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a command does to a customer as it is stored."""

    before: CustomerRow
    values: Mapping[str, object]
    """The columns that really change."""
    transition: Transition | None
    faults: tuple[Fault, ...]
    """Why it may not happen, in the order of the checks."""


def draft_of(before: CustomerRow, given: Mapping[str, object]) -> Draft:
    """What fields, read by the domain, make of a customer; defaults of the change applied."""
    metadata, faults = merged_metadata(before.metadata, given)
    values = {name: value for name, value in given.items() if name not in {"metadata_set", "metadata_unset"}}
    values["metadata"] = metadata
    detached = "parent_customer_id" in values and values["parent_customer_id"] is None
    if detached and before.parent_customer_id is not None:
        values.setdefault("billing_relationship", BillingRelationship.SELF)
    changed = {name: value for name, value in values.items() if not _same(getattr(before, name), value)}
    after = before._replace(**changed)
    return Draft(before, changed, tuple(faults), record_of(before), record_of(after))


def judge(
    draft: Draft,
    references: Sequence[Fault],
    facts: Facts,
    acknowledged: Sequence[UUID] | None,
    digest: str | None = None,
) -> Change:
    """Judge a draft; `references` are the faults of what it refers to and of its unique keys."""
    old, new = draft.old, draft.new
    faults = [*draft.faults, *references, *rule_faults(new, facts.parent, facts.children, old)]
    if draft.is_triggered or "default_currency" in draft.values:
        faults += subscription_currency_faults(old, new, facts.parent, facts.children, facts.subscriptions)
    transition, undatable = _transition(draft, facts)
    own = [each for each in facts.subscriptions if each.customer_id == old.id]
    faults += acknowledgement_refusals(acknowledged, own, triggered=draft.is_triggered)
    faults += undatable
    if digest is not None and not undatable and digest != digest_of(transition):
        faults.append(_changed(digest, transition))
    return Change(draft.before, draft.values, transition, tuple(faults))


def _transition(draft: Draft, facts: Facts) -> tuple[Transition | None, Sequence[Fault]]:
    """Return what the change would move, and the faults of subscriptions for which no dates can be computed."""
    if facts.today is None:
        return None, ()
    try:
        return plan(draft.old, draft.new, facts.records, facts.children, facts.subscriptions, facts.today), ()
    except Refused as refused:
        return None, refused.faults


def _same(stored: object, value: object) -> bool:
    if isinstance(value, Mapping):
        # In Python 1, 1.0 and True are equal; as metadata they are three values.
        return json.dumps(stored, sort_keys=True) == json.dumps(value, sort_keys=True)
    return stored == value


def _changed(previewed: str, transition: Transition | None) -> Fault:
    message = "is no longer what would be booked: preview again, and send the new digest."
    return TransitionChangedFault(
        ErrorCode.TRANSITION_CHANGED,
        ("input", "transitionDigest"),
        message,
        digest_of(transition),
        difference(previewed, transition),
    )


def record_of(row: CustomerRow) -> Record:
    """What rules read of a customer's row."""
    return Record(
        id=row.id,
        is_active=row.is_active,
        currency=row.default_currency,
        parent_id=row.parent_customer_id,
        relationship=BillingRelationship(row.billing_relationship),
        mode=None if row.consolidation_mode is None else ConsolidationMode(row.consolidation_mode),
        billing_day=row.billing_day,
        template_id=row.parent_invoice_template_id,
    )


def new_record(customer_id: UUID, values: Mapping[str, Any]) -> Record:
    """What rules read of a customer that is to be made of values that were read."""
    return Record(
        id=customer_id,
        is_active=values.get("is_active", True),
        currency=values["default_currency"],
        parent_id=values.get("parent_customer_id"),
        relationship=values.get("billing_relationship", BillingRelationship.SELF),
        mode=values.get("consolidation_mode"),
        billing_day=values.get("billing_day"),
        template_id=values.get("parent_invoice_template_id"),
    )
