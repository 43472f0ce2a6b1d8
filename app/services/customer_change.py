"""Reading what a change of one customer is decided by: under locks, or from one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, cast
from uuid import UUID

from app.db import customer_writes, documents, history
from app.db.rows import CustomerRow
from app.db.unit_of_work import Session, WriteSession
from app.domain.calendar import today_in
from app.domain.customer_fields import canonical, read_fields
from app.domain.customer_rules import Record
from app.domain.errors import ErrorCode, Fault, Refused, VersionFault
from app.services.commands import Repeatable
from app.services.customer_decision import FAMILY_FIELDS, Change, Draft, Facts, draft_of, judge, record_of
from app.services.customer_references import existence_faults


@dataclass(frozen=True, slots=True)
class UpdateCustomerCommand(Repeatable):
    """What a caller wants changed; only the fields that were sent."""

    customer_id: UUID
    fields: Mapping[str, object]
    acknowledged: tuple[UUID, ...] | None = None
    digest: str | None = None
    """The digest of the preview that must be carried out exactly."""
    expected_version: int | None = None

    @property
    def in_order(self) -> Self:
        """With what it acknowledges in order: the list is a set."""
        return replace(self, acknowledged=None if self.acknowledged is None else tuple(sorted(self.acknowledged)))

    @property
    def canonical(self) -> Self:
        """With the fields by what they mean, and what it acknowledges in order; to acknowledge nothing is no acknowledgement."""
        return replace(self, fields=canonical(self.fields), acknowledged=tuple(sorted(self.acknowledged or ())) or None)


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
    draft = draft_of(before, values)
    references = await existence_faults(session, draft.values, family)
    references += await customer_writes.taken_keys(session, before.id, *_changed_keys(draft.values))
    facts = await _facts(session, draft, {row.id: record_of(row) for row in family.values()})
    return judge(draft, references, facts, command.acknowledged, command.digest)


async def _family(session: Session, customer_id: UUID, values: Mapping[str, object]) -> dict[UUID, CustomerRow]:
    """The customer, and where rules look further, its parents and children."""
    writes = isinstance(session, WriteSession)
    if not FAMILY_FIELDS.isdisjoint(values):
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


def _changed_keys(values: Mapping[str, object]) -> tuple[str | None, str | None]:
    number, external_id = values.get("customer_number"), values.get("external_system_id")
    return cast("str | None", number), cast("str | None", external_id)


async def _facts(session: Session, draft: Draft, records: Mapping[UUID, Record]) -> Facts:
    parent = None if draft.new.parent_id is None else records.get(draft.new.parent_id)
    children = [record for record in records.values() if record.parent_id == draft.old.id]
    if not _concerns_billing(draft, parent, children):
        return Facts(parent, records, children)
    ids = [draft.old.id, *(child.id for child in children if child.is_paid_for)]
    subscriptions = await documents.subscriptions_for_billing(session, ids, lock=isinstance(session, WriteSession))
    time_zone, now = await customer_writes.clock(session)
    return Facts(parent, records, children, subscriptions, today_in(time_zone, now))


def _concerns_billing(draft: Draft, parent: Record | None, children: Sequence[Record]) -> bool:
    """Whether subscriptions decide: without a single invoice, a currency or a billing day concerns none of them."""
    if draft.is_triggered or not draft.concerns_billing:
        return draft.is_triggered
    has_parent = draft.new.is_paid_for and parent is not None and parent.has_single_invoice
    pays = draft.new.has_single_invoice and any(child.is_paid_for for child in children)
    return has_parent or pays or ("billing_day" in draft.values and draft.new.has_single_invoice)
