"""The history of objects: who changed which fields, when, and their values before and after. Entries never change."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Executable, func, select

from app.db.declarations import narrowed
from app.db.record_set import arrays_of, at_this_moment, insert_all, record_set_of
from app.db.tables import history
from app.db.unit_of_work import Session, WriteSession
from app.domain.events import ChangeOperation, plain
from app.scheduling.pauses import paced

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


async def fields_changed_since(session: Session, versions: Mapping[UUID, int]) -> dict[UUID, tuple[str, ...]]:
    """Return the schema names of each object's fields that changed after the version given for its id."""
    given = [{"subject_id": id_, "version": version} for id_, version in versions.items()]
    changed: dict[UUID, tuple[str, ...]] = dict.fromkeys(versions, ())
    for subject_id, field in await session.rows(_changed_since(), arrays_of(given)):
        changed[subject_id] = (*changed[subject_id], field)
    return changed


@cache
def _changed_since() -> Executable:
    given = record_set_of(history, ("subject_id", "version"))
    return (
        select(history.c.subject_id, func.jsonb_object_keys(history.c.changes).label("field"))
        .distinct()
        .where(narrowed(history), history.c.subject_id == given.c.subject_id, history.c.version > given.c.version)
        .order_by("field")
    )
