"""Record writes of objects: a history entry and an event for each, in the transaction of the write."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from app.db import history, outbox
from app.db.unit_of_work import Session, WriteSession
from app.domain.errors import Problem
from app.domain.events import ChangeOperation, EventType
from app.domain.fields import schema_name
from app.domain.inputs import version_problem
from app.scheduling.pauses import paced


@dataclass(frozen=True, slots=True)
class Recording:
    """How writes of one kind of object are recorded. Attributes are those of its rows."""

    attributes: tuple[str, ...]
    """Attributes whose values the history keeps when an object is created or deleted."""
    created: EventType
    updated: EventType
    identity: str
    """Attribute beside the version in events of creations and deletions, such as a number."""
    deleted: EventType | None = None
    """None if objects are never deleted."""
    owner: str | None = None
    """Attribute that is in every event: the id of the object that owns this one."""
    has_history: bool = True
    """False for objects whose writes are only told by events."""


class Write(NamedTuple):
    """A row before and after a write; None before its creation and after its deletion."""

    before: Any
    after: Any
    changed: Collection[str] = ()
    """Attributes that an update changed."""


async def record_all(session: WriteSession, recording: Recording, writes: Sequence[Write], *, actor: str) -> None:
    """Record writes of one kind of object. Runs at most two statements, or none if nothing was written."""
    entries = [_entry(recording, write) async for write in paced(writes)]
    await history.record_all(session, entries if recording.has_history else (), actor=actor)
    written = list(zip(writes, entries, strict=True))
    events = [_event(recording, write, entry) async for write, entry in paced(written)]
    await outbox.append_all(session, events, actor=actor)


async def find_version_problem(session: Session, row: Any, expected: int | None) -> Problem | None:
    """Return the problem of a row whose version isn't the expected one, with the fields that changed since."""
    problem = version_problem(expected, row.version)
    if problem is None:
        return None
    changed = await history.fields_changed_since(session, {row.id: problem.expected_version})
    return replace(problem, changed_fields=changed[row.id])


def _entry(recording: Recording, write: Write) -> history.Change:
    before, after, changed = write
    if before is None:
        values = _stored(recording, after)
        changes = {schema_name(name): (None, value) for name, value in values.items()}
        return history.Change(after.id, after.version, ChangeOperation.CREATED, changes)
    if after is None:
        values = _stored(recording, before)
        changes = {schema_name(name): (value, None) for name, value in values.items()}
        return history.Change(before.id, before.version + 1, ChangeOperation.DELETED, changes)
    changes = {schema_name(name): (getattr(before, name), getattr(after, name)) for name in changed}
    return history.Change(after.id, after.version, ChangeOperation.UPDATED, changes)


def _stored(recording: Recording, row: Any) -> dict[str, object]:
    """Return the values of a row that are set."""
    values = {name: getattr(row, name) for name in recording.attributes}
    return {name: value for name, value in values.items() if value not in (None, {})}


def _event(recording: Recording, write: Write, entry: history.Change) -> outbox.Event:
    row = write.before if write.after is None else write.after
    data: dict[str, Any] = {"version": entry.version}
    if recording.owner is not None:
        data[schema_name(recording.owner)] = getattr(row, recording.owner)
    if entry.operation is ChangeOperation.UPDATED:
        data["changedFields"] = tuple(sorted(entry.changes))
        return outbox.Event(recording.updated, entry.subject_id, data)
    data[schema_name(recording.identity)] = getattr(row, recording.identity)
    kind = recording.created if entry.operation is ChangeOperation.CREATED else recording.deleted
    assert kind is not None, "objects of this kind are never deleted"  # noqa: S101 - a mistake in a declaration
    return outbox.Event(kind, entry.subject_id, data)
