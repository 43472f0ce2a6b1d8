"""Mirror subscriptions from the billing system: a list of rows, each created, updated, left unchanged or rejected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import customer_reads, customer_writes, history, mirror_reads, mirror_writes, outbox, subscription_history
from app.db.identifiers import new_id
from app.db.mirror_reads import StoredSubscription
from app.db.rows import SubscriptionRow
from app.db.unit_of_work import LostRace, WriteSession
from app.domain.calendar import today_in
from app.domain.customer_keys import values_by_attribute
from app.domain.errors import (
    CustomersProblem,
    LimitProblem,
    Problem,
    SubscriptionMovedProblem,
    SubscriptionsProblem,
    VersionProblem,
)
from app.domain.events import ChangeOperation, EventType
from app.domain.mirroring import MirroredSubscription
from app.domain.subscription_fields import PERIOD_FIELDS, SubscriptionKeys, canonical, read_keys
from app.domain.upserts import RowOutcome
from app.scheduling.pauses import paced
from app.services.customer_references import ids_by_key
from app.services.customers.drafts import record_of
from app.services.lists.commands import Fields, ListCommand
from app.services.lists.deciding import decide_rows
from app.services.lists.results import ListOutcome, RowResult
from app.services.lists.upsert import Upsert
from app.services.mirror_rows import SubscriptionDecision, SubscriptionJudge

SubscriptionRowProblem = (
    SubscriptionMovedProblem | VersionProblem | CustomersProblem | SubscriptionsProblem | LimitProblem | Problem
)
"""Kinds of problems of a row. Stored outcomes read problems by these kinds."""


@dataclass(frozen=True, slots=True)
class UpsertSubscriptionsCommand(ListCommand[Fields]):
    """A list of subscriptions, and how it is carried out."""

    canonical_row = staticmethod(canonical)


@dataclass(frozen=True, slots=True)
class SubscriptionResult(RowResult):
    """The result of a row."""

    errors: tuple[SubscriptionRowProblem, ...]
    subscription: SubscriptionRow | None = None

    @property
    def shown(self) -> SubscriptionRow | None:
        """The stored subscription; None if there is none."""
        return self.subscription


@dataclass(frozen=True, slots=True)
class UpsertSubscriptionsOutcome(ListOutcome):
    """The results of all rows, in order."""

    results: tuple[SubscriptionResult, ...]


async def _decide(session: WriteSession, command: UpsertSubscriptionsCommand) -> list[SubscriptionDecision]:
    """Decide every row under the locks that transitions take, in their order: customers, then subscriptions."""
    keys = [read_keys(row) async for row in paced(command.rows)]
    return await decide_rows(await _read(session, keys), command.rows, keys)


async def _read(session: WriteSession, keys: Sequence[SubscriptionKeys]) -> SubscriptionJudge:
    ids = {row_keys.id for row_keys in keys if row_keys.id is not None}
    external_ids = {row_keys.external_system_id for row_keys in keys if row_keys.external_system_id is not None}
    named = values_by_attribute(row_keys.customer for row_keys in keys)
    named["id"] |= {*(await mirror_reads.customers_of(session, ids, external_ids)).values()}
    customers = await customer_reads.lock_named(session, named)
    stored = await mirror_reads.locked(session, ids, external_ids)
    if any(subscription.customer_id not in customers for subscription in stored):
        # It was made between the two statements.
        raise LostRace
    # A change of the mode or the currency of a parent locks its children too, so reading the parent is enough.
    parents = {
        customer.parent_customer_id for customer in customers.values() if customer.parent_customer_id
    } - customers.keys()
    known = customers | await customer_reads.customers_by_id(session, parents)
    today = today_in(*await customer_writes.clock(session))
    records = {id_: record_of(row) for id_, row in known.items()}
    # Sorted, because ids of one moment sort at random.
    new_ids = iter(sorted(new_id() for _ in keys))
    return SubscriptionJudge(stored, records, ids_by_key(customers.values()), today, new_ids)


async def _write(
    session: WriteSession, decisions: Sequence[SubscriptionDecision], actor: str
) -> dict[UUID, SubscriptionRow]:
    """Write and record what was decided; return the subscriptions that were written, as they are now."""
    created = [decision for decision in decisions if decision.outcome is RowOutcome.CREATED]
    updated = [decision for decision in decisions if decision.outcome is RowOutcome.UPDATED]
    kept = [decision for decision in updated if decision.begins_for is None and "current_period" in decision.changed]
    await mirror_writes.insert_subscriptions(session, [_new_row(decision) async for decision in paced(created)])
    await mirror_writes.update_subscriptions(session, [_changed_row(decision) async for decision in paced(updated)])
    await mirror_writes.update_periods(session, [_kept_period(decision) async for decision in paced(kept)])
    begun = [decision for decision in decisions if decision.begins_for is not None]
    await mirror_writes.begin_periods(session, [_new_period(decision) async for decision in paced(begun)])
    # Not a change of the subscription: neither its version nor its history tells it.
    known = [decision for decision in decisions if decision.outcome is RowOutcome.UNCHANGED and decision.known_on]
    await mirror_writes.mark_known(session, [_known(decision) async for decision in paced(known)])
    ids = [decision.subject_id for decision in (*created, *updated) if decision.subject_id is not None]
    stored = await mirror_reads.subscriptions_by_id(session, ids)
    entries = [_entry(decision, stored) async for decision in paced([*created, *updated])]
    await history.record_all(session, entries, actor=actor)
    events = [_event(stored[entry.subject_id].row, entry) async for entry in paced(entries)]
    await outbox.append_all(session, events, actor=actor)
    return {id_: after.row for id_, after in stored.items()}


def _columns(after: MirroredSubscription) -> dict[str, Any]:
    period = after.current_period
    names = (name for name in after.__slots__ if name != "current_period")
    return {
        **{name: getattr(after, name) for name in names},
        "current_period_start": period.starts_on,
        "current_period_end": period.ends_on,
    }


def _new_row(decision: SubscriptionDecision) -> dict[str, Any]:
    return {"id": decision.subject_id, "customer_id": decision.customer_id, **_columns(_after(decision))}


def _changed_row(decision: SubscriptionDecision) -> dict[str, Any]:
    return {"id": decision.subject_id, **_columns(_after(decision)), "moved_known_on": decision.known_on}


def _known(decision: SubscriptionDecision) -> dict[str, Any]:
    return {"id": decision.subject_id, "moved_known_on": decision.known_on}


def _kept_period(decision: SubscriptionDecision) -> dict[str, Any]:
    return {"id": decision.stored and decision.stored.period.id, **_period(decision)}


def _new_period(decision: SubscriptionDecision) -> dict[str, Any]:
    keys = {
        "id": new_id(),
        "subscription_id": decision.subject_id,
        "payer_customer_id": decision.begins_for,
    }
    return keys | _period(decision)


def _period(decision: SubscriptionDecision) -> dict[str, Any]:
    period = _after(decision).current_period
    return {name: getattr(period, name) for name in PERIOD_FIELDS}


def _after(decision: SubscriptionDecision) -> MirroredSubscription:
    if decision.after is None:
        msg = "a decision that writes nothing has nothing to write"
        raise ValueError(msg)
    return decision.after


def _entry(decision: SubscriptionDecision, stored: Mapping[UUID, StoredSubscription]) -> history.Change:
    after = stored[decision.subject_id or UUID(int=0)]
    if decision.stored is None:
        return subscription_history.created(after)
    return subscription_history.updated(decision.stored, after)


def _event(row: SubscriptionRow, entry: history.Change) -> outbox.Event:
    data: dict[str, Any] = {"version": row.version, "customerId": row.customer_id}
    if entry.operation is ChangeOperation.CREATED:
        data["externalSystemId"] = row.external_system_id
        return outbox.Event(EventType.SUBSCRIPTION_CREATED, row.id, data)
    data["changedFields"] = tuple(sorted(entry.changes))
    return outbox.Event(EventType.SUBSCRIPTION_UPDATED, row.id, data)


upsert_subscriptions = Upsert(UpsertSubscriptionsOutcome, SubscriptionResult, _decide, _write)
"""Upserts a list of subscriptions."""
