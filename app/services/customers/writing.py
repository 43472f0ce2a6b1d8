"""Write decisions about customers: rows, history, events and transitions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import booking, customer_reads, customer_writes, history, outbox
from app.db.pauses import paced
from app.db.rows import CustomerRow
from app.db.unit_of_work import WriteSession
from app.domain.customer_fields import FIELDS
from app.domain.events import ChangeOperation, EventType
from app.domain.fields import schema_name
from app.services.customers.deciding import Decision


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    customers: dict[UUID, CustomerRow]
    """Customers after the write, by id; only those that were written."""
    transition_ids: tuple[UUID, ...]
    """Ids of the recorded transitions, in the order of the decisions."""


async def write(session: WriteSession, decisions: Sequence[Decision], actor: str) -> Written:
    """Write and record accepted decisions. The number of statements doesn't depend on their number."""
    created = [decision for decision in decisions if decision.writes and decision.before is None]
    updated = [(decision.before, decision) for decision in decisions if decision.writes and decision.before is not None]
    await customer_writes.insert_customers(session, [decision.values for decision in created])
    await customer_writes.update_customers(session, _of_the_same_columns(updated))
    ids = [decision.values["id"] for decision in created] + [before.id for before, _ in updated]
    stored = await customer_reads.customers_by_id(session, ids)
    entries = [_creation(stored[decision.values["id"]]) async for decision in paced(created)]
    entries += [_update(before, stored[before.id], decision.values) async for before, decision in paced(updated)]
    await history.record_all(session, entries, actor=actor)
    events = [_event(entry, stored[entry.customer_id]) async for entry in paced(entries)]
    await outbox.append_all(session, events, actor=actor)
    transitions = [decision.transition for decision in decisions if decision.writes and decision.transition is not None]
    transition_ids = await booking.book_all(session, transitions, actor)
    return Written(stored, tuple(id_ for id_ in transition_ids if id_ is not None))


def changed_names(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the sorted schema names of columns."""
    return tuple(sorted(schema_name(name) for name in columns))


def _of_the_same_columns(updated: Sequence[tuple[CustomerRow, Decision]]) -> list[dict[str, Any]]:
    """Return a row per customer with its new values in every column that changes in any of them."""
    names = sorted({name for _, decision in updated for name in decision.values})
    return [
        {"id": before.id} | {name: decision.values.get(name, getattr(before, name)) for name in names}
        for before, decision in updated
    ]


def _creation(customer: CustomerRow) -> history.Change:
    values = {name: getattr(customer, name) for name in FIELDS}
    changes = {schema_name(name): (None, value) for name, value in values.items() if value not in (None, {})}
    return history.Change(customer.id, customer.version, ChangeOperation.CREATED, changes)


def _update(before: CustomerRow, after: CustomerRow, columns: Iterable[str]) -> history.Change:
    changes = {schema_name(name): (getattr(before, name), getattr(after, name)) for name in columns}
    return history.Change(after.id, after.version, ChangeOperation.UPDATED, changes)


def _event(entry: history.Change, customer: CustomerRow) -> outbox.Event:
    if entry.operation is ChangeOperation.CREATED:
        data = {"version": customer.version, "customerNumber": customer.customer_number}
        return outbox.Event(EventType.CUSTOMER_CREATED, customer.id, data)
    data = {"version": customer.version, "changedFields": tuple(sorted(entry.changes))}
    return outbox.Event(EventType.CUSTOMER_UPDATED, customer.id, data)
