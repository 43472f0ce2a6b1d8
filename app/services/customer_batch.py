"""Deciding many customers at once: the facts of all in a fixed number of statements, then one after the other, each on what those before it leave."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from app.db import customer_batches, customer_writes, documents
from app.db.pauses import paced
from app.db.rows import CustomerRow
from app.db.unit_of_work import WriteSession
from app.domain.billing import Subscription
from app.domain.calendar import today_in
from app.domain.customer_rules import Record, rule_faults
from app.domain.errors import ErrorCode, Fault, SubscriptionsFault
from app.domain.fields import identifier
from app.domain.transition import Transition, acknowledgement_refusals
from app.domain.upserts import MatchKey, RowOutcome
from app.services.customer_decision import Change, Draft, Facts, judge, new_record, record_of
from app.services.customer_numbers import is_counted, written_out
from app.services.customer_references import missing_references
from app.services.upsert_rows import Proposal, UpsertRow, key_of, propose

_KEYS = ("customer_number", "external_system_id")


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done for a row."""

    outcome: RowOutcome
    before: CustomerRow | None
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The columns that change, or all of a new customer."""
    transition: Transition | None = None
    faults: tuple[Fault, ...] = ()


async def decide_all(session: WriteSession, rows: Sequence[UpsertRow], match_by: MatchKey) -> list[Decision]:
    """Decide every row under locks; later rows are judged by what the accepted ones before them would leave."""
    keys = [key_of(row, match_by) async for row in paced(rows)]
    stored = await _lock(session, rows, {key for key in keys if key is not None}, match_by)
    proposals = await propose(rows, keys, {getattr(row, match_by.attribute): row for row in stored}, match_by)
    desk = await _read(session, proposals, stored)
    return [desk.decide(proposal) async for proposal in paced(proposals)]


async def _lock(
    session: WriteSession, rows: Sequence[UpsertRow], keys: Collection[str], match_by: MatchKey
) -> list[CustomerRow]:
    """The customers that the keys find, and where rules look further, their families; in the order of all writers."""
    if not any(row.touches_family for row in rows):
        return await customer_batches.lock_matching(session, match_by.attribute, keys)
    await customer_writes.lock_parents(session)
    parents = {identifier(row.fields.get("parent_customer_id"), ()) for row in rows}
    others = [each for each in parents if isinstance(each, UUID)]
    return await customer_batches.lock_families(session, match_by.attribute, keys, others)


async def _read(session: WriteSession, proposals: Sequence[Proposal], stored: Iterable[CustomerRow]) -> "_Desk":
    writes: list[Mapping[str, Any]] = [each.draft.values if each.draft else each.creation or {} for each in proposals]
    numbers, external_ids = (_values(writes, name) for name in _KEYS)
    desk = _Desk(
        groups=await customer_batches.existing_groups(session, _values(writes, "customer_group_id")),
        holders=await customer_batches.key_holders(session, numbers, external_ids),
        records={row.id: record_of(row) for row in stored},
    )
    await desk.read_billing(session, [each.draft for each in proposals if each.draft and each.draft.concerns_billing])
    if any(each.creation for each in proposals):
        await customer_writes.lock_numbers(session)
        after_given = [int(number) + 1 for number in numbers if is_counted(number)]
        desk.next_number = max([await customer_writes.next_customer_number(session), *after_given])
    return desk


def _values(rows: Iterable[Mapping[str, Any]], name: str) -> set[Any]:
    return {row[name] for row in rows if row.get(name) is not None}


@dataclass(slots=True)
class _Desk:
    """What rows are judged by, kept up to date with those that were accepted."""

    groups: Collection[UUID]
    holders: Mapping[str, Mapping[str, UUID]]
    records: dict[UUID, Record]
    subscriptions: dict[UUID, list[Subscription]] = field(default_factory=dict[UUID, list[Subscription]])
    today: date | None = None
    next_number: int = 1
    _children: dict[UUID | None, dict[UUID, None]] = field(default_factory=dict[UUID | None, dict[UUID, None]])
    _claimed: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _moved: set[UUID] = field(default_factory=set[UUID])

    def __post_init__(self) -> None:
        for record in self.records.values():
            self._children.setdefault(record.parent_id, {})[record.id] = None

    async def read_billing(self, session: WriteSession, drafts: Sequence[Draft]) -> None:
        """Read the subscriptions that decide about drafts."""
        if not drafts:
            return
        ids = {each.old.id for each in drafts}
        ids |= {child.id for each in drafts for child in self._children_of(each.old.id)}
        for each in await documents.subscriptions_for_billing(session, sorted(ids), lock=True):
            self.subscriptions.setdefault(each.customer_id, []).append(each)
        time_zone, now = await customer_writes.clock(session)
        self.today = today_in(time_zone, now)

    def decide(self, proposal: Proposal) -> Decision:
        """Judge a row, and remember what it does if it is accepted."""
        if proposal.faults:
            return Decision(RowOutcome.REFUSED, proposal.before, faults=proposal.faults)
        if proposal.draft is not None:
            return self._update(proposal, proposal.draft)
        return self._create(proposal, dict(proposal.creation or {}))

    def _create(self, proposal: Proposal, values: dict[str, Any]) -> Decision:
        record = new_record(values["id"], values)
        parent = None if record.parent_id is None else self.records.get(record.parent_id)
        faults = [*self._reference_faults(values, None), *rule_faults(record, parent, ())]
        faults += acknowledgement_refusals(proposal.acknowledged, (), triggered=False)
        is_counted_out = values["customer_number"] is None
        if is_counted_out:
            number = written_out(self.next_number)
            faults += [number] if isinstance(number, Fault) else []
            values["customer_number"] = number
        if faults:
            return Decision(RowOutcome.REFUSED, None, faults=tuple(faults))
        self.next_number += is_counted_out
        self._accept(record, None, values)
        return Decision(RowOutcome.CREATED, None, values)

    def _update(self, proposal: Proposal, draft: Draft) -> Decision:
        if not draft.values and not draft.faults:
            # Whatever it acknowledges: what a list has done once must be nothing the second time.
            return Decision(RowOutcome.UNCHANGED, draft.before)
        references = self._reference_faults(draft.values, draft.old.id)
        change = judge(draft, references, self._facts(proposal, draft), proposal.acknowledged)
        faults = (*change.faults, *self._moved_before(change))
        if faults:
            return Decision(RowOutcome.REFUSED, draft.before, faults=faults)
        self._accept(draft.new, draft.old, draft.values)
        self._moved.update(_moves(change.transition))
        return Decision(RowOutcome.UPDATED, draft.before, draft.values, change.transition)

    def _facts(self, proposal: Proposal, draft: Draft) -> Facts:
        if not proposal.row.touches_family:
            return Facts(None, {}, ())
        parent = None if draft.new.parent_id is None else self.records.get(draft.new.parent_id)
        children = self._children_of(draft.old.id)
        if not draft.concerns_billing:
            return Facts(parent, self.records, children)
        ids = (draft.old.id, *(child.id for child in children if child.is_paid_for))
        subscriptions = [each for id_ in ids for each in self.subscriptions.get(id_, ())]
        return Facts(parent, self.records, children, subscriptions, self.today)

    def _children_of(self, customer_id: UUID) -> list[Record]:
        return [self.records[child] for child in self._children.get(customer_id, ())]

    def _reference_faults(self, values: Mapping[str, Any], customer_id: UUID | None) -> list[Fault]:
        faults = missing_references(values, self.groups, self.records)
        for name in _KEYS:
            value = values.get(name)
            holder = self.holders[name].get(value) if value is not None else None
            if holder is not None and holder != customer_id:
                faults.append(customer_writes.taken_key(name, holder))
            elif (name, value) in self._claimed:
                faults.append(
                    replace(customer_writes.taken_key(name), message="is what an earlier row of the list takes.")
                )
        return faults

    def _moved_before(self, change: Change) -> list[Fault]:
        again = sorted(self._moved & _moves(change.transition))
        if not again:
            return []
        message = "would move subscriptions that an earlier row of the list moves today: send the row in a later list."
        path = ("input", "subscriptionTransitions")
        return [SubscriptionsFault(ErrorCode.FIELD_CONFLICT, path, message, tuple(again))]

    def _accept(self, after: Record, before: Record | None, values: Mapping[str, Any]) -> None:
        self._claimed.update((name, values[name]) for name in _KEYS if values.get(name) is not None)
        self.records[after.id] = after
        if before is not None:
            self._children[before.parent_id].pop(after.id)
        self._children.setdefault(after.parent_id, {})[after.id] = None


def _moves(transition: Transition | None) -> set[UUID]:
    if transition is None:
        return set()
    return {each.subscription.id for each in (*transition.cuts, *transition.moves)}
