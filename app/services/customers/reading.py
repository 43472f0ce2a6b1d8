"""Read the facts that changes of customers are judged by: under locks, or from one snapshot in a read session.

The number of statements doesn't depend on the number of customers. Statements that no draft needs are skipped.
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
from app.domain.customer_keys import UNIQUE_FIELDS
from app.domain.customer_rules import Record
from app.services.customers.drafts import Draft, record_of


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that drafts are judged by."""

    records: Mapping[UUID, Record]
    """Customers of the drafts and, if rules depend on them, their parents and children."""
    groups: Collection[UUID] = ()
    """Existing groups among those that the drafts name."""
    holders: Mapping[str, Mapping[str, UUID]] = field(default_factory=dict[str, Mapping[str, UUID]])
    """Ids of the customers that have unique keys which the drafts name, by attribute, then by value."""
    subscriptions: Mapping[UUID, Sequence[Subscription]] = field(default_factory=dict[UUID, Sequence[Subscription]])
    """Subscriptions by customer: those that the decisions depend on."""
    today: date | None = None
    """Date in the company's time zone; None if no decision depends on subscriptions."""


async def read_stored(
    session: Session, attribute: str, keys: Collection[Any], parents: Collection[UUID] | None
) -> dict[UUID, CustomerRow]:
    """Return the customers with these keys, locked in the order that all writers use.

    `parents` are ids of customers that become parents. If it isn't None, return those, the current parents and the
    children too.
    """
    locks = isinstance(session, WriteSession)
    if parents is None:
        return await customer_reads.matching(session, attribute, keys, lock=locks)
    if locks:
        await customer_writes.lock_parents(session)
    return await customer_reads.families(session, attribute, keys, parents, lock=locks)


async def read_facts(session: Session, stored: Iterable[CustomerRow], drafts: Sequence[Draft]) -> Facts:
    """Read all other facts that drafts are judged by. `stored` are the customers from `read_stored`."""
    records = {row.id: record_of(row) for row in stored}
    groups = await customer_reads.existing_groups(session, _values(drafts, "customer_group_id"))
    keys = {name: _values(drafts, name) for name in UNIQUE_FIELDS}
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
    """Return the customers whose subscriptions the decisions depend on: customers of drafts, and children they pay for.

    A currency or a billing day concerns subscriptions only under a single invoice. An earlier draft of the same list
    can introduce a single invoice or a paid-for child, so both stored and drafted records count.
    """
    whole = [draft for draft in drafts if not draft.is_partial]
    possible = [*records.values(), *(draft.new for draft in whole)]
    with_single_invoice = {record.id for record in possible if record.has_single_invoice}
    paying = {record.parent_id for record in possible if record.is_paid_for}

    def is_decided(draft: Draft) -> bool:
        if draft.is_triggered or not draft.concerns_billing:
            return draft.is_triggered
        if draft.new.has_single_invoice and (draft.id in paying or "billing_day" in draft.values):
            return True
        return draft.new.is_paid_for and draft.new.parent_id in with_single_invoice

    decided = {draft.id for draft in whole if is_decided(draft)}
    return decided | {record.id for record in records.values() if record.is_paid_for and record.parent_id in decided}
