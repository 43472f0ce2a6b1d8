"""The history of objects: who changed which fields, when, and their values before and after. Entries never change."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from app.db.declarations import narrowed
from app.db.pauses import paced
from app.db.record_set import at_this_moment, insert_all
from app.db.tables import history
from app.db.unit_of_work import Session, WriteSession
from app.domain.events import ChangeOperation, plain

Changes = Mapping[str, tuple[object, object]]
"""Values before and after, by the schema names of fields."""


class Change(NamedTuple):
    """An entry of an object's history."""

    subject_id: UUID
    version: int
    """The object's version after the change."""
    operation: ChangeOperation
    changes: Changes


async def record_all(session: WriteSession, entries: Sequence[Change], *, actor: str) -> None:
    """Record changes in one statement."""
    rows = [entry._asdict() | {"actor": actor, "changes": as_json(entry.changes)} async for entry in paced(entries)]
    await insert_all(session, history, rows, occurred_at=at_this_moment)


def as_json(changes: Changes) -> dict[str, dict[str, Any]]:
    """Return changes as JSON values, as they are stored and returned."""
    return {name: {"before": plain(before), "after": plain(after)} for name, (before, after) in changes.items()}


async def fields_changed_since(session: Session, subject_id: UUID, version: int) -> list[str]:
    """Return the schema names of an object's fields that changed after a version."""
    field = func.jsonb_object_keys(history.c.changes)
    rows = await session.rows(
        select(field)
        .distinct()
        .where(
            narrowed(history),
            history.c.subject_id == subject_id,
            history.c.version > version,
        ),
        {},
    )
    return sorted(row[0] for row in rows)
