"""What is recorded of customers that were written: an entry of the history and an event each."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from app.db import history, outbox
from app.db.pauses import paced
from app.db.rows import CustomerRow
from app.db.unit_of_work import WriteSession
from app.domain.customer_fields import ATTRIBUTES
from app.domain.events import ChangeOperation, EventType
from app.domain.fields import schema_name


class Written(NamedTuple):
    """A customer that was written."""

    before: CustomerRow | None
    """None for a new one."""
    after: CustomerRow
    changed: Collection[str]
    """The columns that changed; not read for a new one."""


async def record_written(session: WriteSession, written: Iterable[Written], actor: str) -> None:
    """Record customers that were written, in two statements."""
    entries = list(written)
    await history.record_all(session, [_entry(each) async for each in paced(entries)], actor=actor)
    await outbox.append_all(session, [_event(each) async for each in paced(entries)], actor=actor)


def _entry(written: Written) -> history.Change:
    customer = written.after
    if written.before is None:
        values = {name: getattr(customer, name) for name in ATTRIBUTES}
        changes = {schema_name(name): (None, value) for name, value in values.items() if value not in (None, {})}
        return history.Change(customer.id, customer.version, ChangeOperation.CREATED, changes)
    changes = {schema_name(name): (getattr(written.before, name), getattr(customer, name)) for name in written.changed}
    return history.Change(customer.id, customer.version, ChangeOperation.UPDATED, changes)


def _event(written: Written) -> outbox.Event:
    customer = written.after
    if written.before is None:
        data = {"version": customer.version, "customerNumber": customer.customer_number}
        return outbox.Event(EventType.CUSTOMER_CREATED, customer.id, data)
    data = {"version": customer.version, "changedFields": changed_names(written.changed)}
    return outbox.Event(EventType.CUSTOMER_UPDATED, customer.id, data)


def changed_names(columns: Iterable[str]) -> tuple[str, ...]:
    """Columns in the schema's names, sorted."""
    return tuple(sorted(schema_name(name) for name in columns))
