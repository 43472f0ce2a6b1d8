"""Deciding a change of a customer: facts in, under locks or from one snapshot; out comes what to write, or every refusal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from app.db import customer_writes, documents, history
from app.db.rows import CustomerRow
from app.db.unit_of_work import Session, WriteSession
from app.domain.billing import Subscription, is_triggered
from app.domain.calendar import today_in
from app.domain.customer_fields import merged_metadata, read_fields
from app.domain.customer_rules import Record, rule_faults
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.errors import ErrorCode, Fault, Refused, TransitionChangedFault, VersionFault
from app.domain.transition import Transition, acknowledgement_refusals, plan

_FAMILY_FIELDS = frozenset(
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
class UpdateCustomerCommand:
    """What a caller wants changed; only the fields that were sent."""

    customer_id: UUID
    fields: Mapping[str, object]
    acknowledged: tuple[UUID, ...] | None = None
    digest: str | None = None
    """The digest of the preview that must be carried out exactly."""
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a command does to a customer as it is stored."""

    before: CustomerRow
    values: Mapping[str, object]
    """The columns that really change."""
    transition: Transition | None
    faults: tuple[Fault, ...]
    """Why it may not happen, in the order of the checks."""


async def decide(session: Session, command: UpdateCustomerCommand) -> Change:
    """Decide a change. Raises Refused for what leaves nothing to decide: malformed fields, an unknown customer, another version.

    A session that may write takes the locks first, so that what was decided is still true when it is written.
    """
    values, faults = read_fields(command.fields, creating=False)
    if faults:
        raise Refused(faults)
    family = await _family(session, command.customer_id, values)
    before = family.get(command.customer_id)
    if before is None:
        raise Refused([Fault(ErrorCode.CUSTOMER_NOT_FOUND, ("input", "id"), "is no customer of the company.")])
    await _check_version(session, before, command.expected_version)
    return await _decide(session, command, before, family, values)


async def _family(session: Session, customer_id: UUID, values: Mapping[str, object]) -> dict[UUID, CustomerRow]:
    """The customer, and where rules look further, its parents and children."""
    writes = isinstance(session, WriteSession)
    if not _FAMILY_FIELDS.isdisjoint(values):
        if writes:
            await customer_writes.lock_parents(session)
        parent_id = values.get("parent_customer_id")
        other = parent_id if isinstance(parent_id, UUID) else None
        return await customer_writes.family(session, customer_id, other, lock=writes)
    return await customer_writes.alone(session, customer_id, lock=writes)


async def _check_version(session: Session, before: CustomerRow, expected: int | None) -> None:
    if expected is None or expected == before.version:
        return
    changed = await history.fields_changed_since(session, before.id, expected)
    message = f"is {expected}, but the customer is at version {before.version}: read it again and decide anew."
    fault = VersionFault(
        ErrorCode.VERSION_CONFLICT, ("input", "expectedVersion"), message, expected, before.version, tuple(changed)
    )
    raise Refused([fault], current=before)


async def _decide(
    session: Session,
    command: UpdateCustomerCommand,
    before: CustomerRow,
    family: Mapping[UUID, CustomerRow],
    given: dict[str, object],
) -> Change:
    values, faults = _effective(before, given)
    after = before._replace(**values)
    faults += await _existence_faults(session, values, family)
    faults += await customer_writes.taken_keys(session, before.id, *_changed_keys(values))
    old, new = record_of(before), record_of(after)
    records = {row.id: record_of(row) for row in family.values()}
    children = [record for record in records.values() if record.parent_id == before.id]
    parent = None if new.parent_id is None else records.get(new.parent_id)
    faults += rule_faults(new, parent, children, old)
    transition, own = await _transition(session, old, new, records, children)
    faults += acknowledgement_refusals(transition, command.acknowledged, own)
    if command.digest is not None and command.digest != digest_of(transition):
        faults.append(_changed(transition))
    return Change(before, values, transition, tuple(faults))


def digest_of(transition: Transition | None) -> str:
    """What stands for a transition; a change that moves no subscription has a digest too."""
    return "nothing-moves" if transition is None else transition.digest


def _effective(before: CustomerRow, given: dict[str, object]) -> tuple[dict[str, object], list[Fault]]:
    """The columns that really change, defaults of the change applied."""
    metadata, faults = merged_metadata(before.metadata, given)
    values = {name: value for name, value in given.items() if name not in {"metadata_set", "metadata_unset"}}
    values["metadata"] = metadata
    detached = "parent_customer_id" in values and values["parent_customer_id"] is None
    if detached and before.parent_customer_id is not None:
        values.setdefault("billing_relationship", BillingRelationship.SELF)
    return {name: value for name, value in values.items() if not _same(getattr(before, name), value)}, faults


def _same(stored: object, value: object) -> bool:
    if isinstance(value, Mapping):
        # In Python 1, 1.0 and True are equal; as metadata they are three values.
        return json.dumps(stored, sort_keys=True) == json.dumps(value, sort_keys=True)
    return stored == value


def _changed_keys(values: Mapping[str, object]) -> tuple[str | None, str | None]:
    number, external_id = values.get("customer_number"), values.get("external_system_id")
    return cast("str | None", number), cast("str | None", external_id)


async def _existence_faults(
    session: Session, values: Mapping[str, object], family: Mapping[UUID, CustomerRow]
) -> list[Fault]:
    faults: list[Fault] = []
    group_id = values.get("customer_group_id")
    if isinstance(group_id, UUID) and not await customer_writes.group_exists(session, group_id):
        message = "is no customer group of the company."
        faults.append(Fault(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("input", "customerGroupId"), message))
    parent_id = values.get("parent_customer_id")
    if isinstance(parent_id, UUID) and parent_id not in family:
        message = "is no customer of the company."
        faults.append(Fault(ErrorCode.PARENT_CUSTOMER_NOT_FOUND, ("input", "parentCustomerId"), message))
    return faults


async def _transition(
    session: Session, old: Record, new: Record, records: Mapping[UUID, Record], children: Sequence[Record]
) -> tuple[Transition | None, list[Subscription]]:
    """The transition, and all subscriptions of the customer itself."""
    if not is_triggered(old.party, new.party):
        return None, []
    paying = [child.id for child in children if child.is_paid_for]
    subscriptions = await documents.subscriptions_for_billing(
        session, [old.id, *paying], lock=isinstance(session, WriteSession)
    )
    time_zone, now = await customer_writes.clock(session)
    transition = plan(old, new, records, children, subscriptions, today_in(time_zone, now))
    return transition, [each for each in subscriptions if each.customer_id == old.id]


def _changed(transition: Transition | None) -> Fault:
    message = "is no longer what would be booked: preview again, and send the new digest."
    return TransitionChangedFault(
        ErrorCode.TRANSITION_CHANGED, ("input", "transitionDigest"), message, digest_of(transition)
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
