"""Drafts: what an input would make of one customer, stored or new. Reads nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db.identifiers import new_id
from app.db.rows import CustomerRow
from app.domain.billing import is_triggered
from app.domain.customer_fields import FIELDS, touches_family
from app.domain.customer_rules import Record
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.errors import Problem
from app.domain.metadata_fields import merged_metadata

_METADATA_CHANGES = {"metadata_set", "metadata_unset"}
_CONCERNS_BILLING = {"billing_day", "default_currency"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A customer as it is stored, and what an input would make of it."""

    id: UUID
    before: CustomerRow | None
    """None for a new customer."""
    values: Mapping[str, Any]
    """The columns that really change; all of a new customer's, with None as the number of one that is to be given one."""
    old: Record | None
    new: Record
    problems: tuple[Problem, ...]
    """What was wrong before anything else was read."""
    touches_family: bool
    """Whether rules look at its parent and its children."""
    acknowledged: Sequence[UUID] | None = None
    digest: str | None = None
    """The digest of the preview that must be carried out exactly."""

    @property
    def is_triggered(self) -> bool:
        """Whether it may move subscriptions."""
        return self.old is not None and is_triggered(self.old.party, self.new.party)

    @property
    def concerns_billing(self) -> bool:
        """Whether subscriptions may decide about it: they move, follow a billing day, or have currencies."""
        return self.old is not None and (self.is_triggered or not _CONCERNS_BILLING.isdisjoint(self.values))


def draft_of_change(
    before: CustomerRow,
    given: Mapping[str, object],
    acknowledged: Sequence[UUID] | None = None,
    digest: str | None = None,
) -> Draft:
    """Return what fields, read by the domain, make of a stored customer; defaults of the change applied."""
    metadata, problems = merged_metadata(before.metadata, given)
    values = {name: value for name, value in given.items() if name not in _METADATA_CHANGES}
    values["metadata"] = metadata
    detached = "parent_customer_id" in values and values["parent_customer_id"] is None
    if detached and before.parent_customer_id is not None:
        values.setdefault("billing_relationship", BillingRelationship.SELF)
    changed = {name: value for name, value in values.items() if not _same(getattr(before, name), value)}
    return Draft(
        before.id,
        before,
        changed,
        record_of(before),
        record_of(before._replace(**changed)),
        tuple(problems),
        touches_family(given),
        acknowledged,
        digest,
    )


def draft_of_creation(given: Mapping[str, object], acknowledged: Sequence[UUID] | None = None) -> Draft:
    """Return the customer that fields, read by the domain, make; defaults of the table applied."""
    metadata, problems = merged_metadata({}, given)
    values: dict[str, Any] = {"id": new_id()}
    for name, field in FIELDS.items():
        value = given.get(name)
        values[name] = field.default if value is None else value
    values["metadata"] = metadata
    new = _record(values["id"], values)
    return Draft(new.id, None, values, None, new, tuple(problems), new.parent_id is not None, acknowledged)


def record_of(row: CustomerRow) -> Record:
    """Return what rules read of a customer's row."""
    return _record(row.id, row._asdict())


def _record(customer_id: UUID, values: Mapping[str, Any]) -> Record:
    mode = values["consolidation_mode"]
    return Record(
        id=customer_id,
        is_active=values["is_active"],
        currency=values["default_currency"],
        parent_id=values["parent_customer_id"],
        relationship=BillingRelationship(values["billing_relationship"]),
        mode=None if mode is None else ConsolidationMode(mode),
        billing_day=values["billing_day"],
        template_id=values["parent_invoice_template_id"],
    )


def _same(stored: object, value: object) -> bool:
    if isinstance(value, Mapping):
        # In Python 1, 1.0 and True are equal; as metadata they are three values.
        return json.dumps(stored, sort_keys=True) == json.dumps(value, sort_keys=True)
    return stored == value
