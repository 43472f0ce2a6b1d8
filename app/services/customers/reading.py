"""Reading what changes of customers are judged by: under locks, or from one snapshot where the session can't write.

However many customers there are, the statements are the same; a statement that nothing needs is left out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from app.db import booking, customer_reads, customer_writes
from app.db.rows import CustomerRow
from app.db.unit_of_work import Session, WriteSession
from app.domain.billing import Subscription
from app.domain.calendar import today_in
from app.domain.customer_rules import Record
from app.services.customers.drafts import Draft, record_of

UNIQUE_KEYS = ("customer_number", "external_system_id")
"""Attributes that no two customers of a company share."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What drafts are judged by."""

    records: Mapping[UUID, Record]
    """The customers that were read: those of the drafts, and where rules look further, their parents and children."""
    groups: Collection[UUID] = ()
    """Those that the drafts name and the company has."""
    holders: Mapping[str, Mapping[str, UUID]] = field(default_factory=dict[str, Mapping[str, UUID]])
    """Who has which of the unique keys that the drafts name: by attribute, then by value."""
    subscriptions: Mapping[UUID, Sequence[Subscription]] = field(default_factory=dict[UUID, Sequence[Subscription]])
    """By customer: those of the drafts that subscriptions decide about, and of the children that these pay for."""
    today: date | None = None
    """In the company's time zone; None if subscriptions decide about no draft."""


async def read_stored(
    session: Session, attribute: str, keys: Collection[Any], parents: Collection[UUID] | None
) -> dict[UUID, CustomerRow]:
    """Return the customers that an attribute's values name, locked in the order of all writers.

    With `parents`, the customers that are to become parents, also these, the present parents and the children.
    """
    locks = isinstance(session, WriteSession)
    if parents is None:
        return await customer_reads.matching(session, attribute, keys, lock=locks)
    if locks:
        await customer_writes.lock_parents(session)
    return await customer_reads.families(session, attribute, keys, parents, lock=locks)


async def read_facts(session: Session, stored: Iterable[CustomerRow], drafts: Sequence[Draft]) -> Facts:
    """Read everything else that drafts are judged by; `stored` were read, under their locks, before."""
    records = {row.id: record_of(row) for row in stored}
    groups = await customer_reads.existing_groups(session, _values(drafts, "customer_group_id"))
    keys = {name: _values(drafts, name) for name in UNIQUE_KEYS}
    holders = await customer_reads.key_holders(session, keys)
    customers = _decided_by_subscriptions(drafts, records)
    if not customers:
        return Facts(records, groups, holders)
    locks = isinstance(session, WriteSession)
    subscriptions: dict[UUID, list[Subscription]] = {}
    for subscription in await booking.subscriptions_for_billing(session, sorted(customers), lock=locks):
        subscriptions.setdefault(subscription.customer_id, []).append(subscription)
    time_zone, now = await customer_writes.clock(session)
    return Facts(records, groups, holders, subscriptions, today_in(time_zone, now))


def _values(drafts: Iterable[Draft], name: str) -> set[Any]:
    return {draft.values[name] for draft in drafts if draft.values.get(name) is not None}


def _decided_by_subscriptions(drafts: Sequence[Draft], records: Mapping[UUID, Record]) -> set[UUID]:
    """Return the customers whose subscriptions decide: those of such drafts, and the children that they pay for.

    Without a single invoice, a currency or a billing day concerns no subscription. An earlier draft may make a parent one
    that has it, or a child one that is paid for, so both what is stored and what is drafted count.
    """
    possible = [*records.values(), *(draft.new for draft in drafts)]
    with_single_invoice = {record.id for record in possible if record.has_single_invoice}
    paying = {record.parent_id for record in possible if record.is_paid_for}

    def is_decided(draft: Draft) -> bool:
        if draft.is_triggered or not draft.concerns_billing:
            return draft.is_triggered
        if draft.new.has_single_invoice and (draft.id in paying or "billing_day" in draft.values):
            return True
        return draft.new.is_paid_for and draft.new.parent_id in with_single_invoice

    decided = {draft.id for draft in drafts if is_decided(draft)}
    return decided | {record.id for record in records.values() if record.is_paid_for and record.parent_id in decided}
