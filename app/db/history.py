"""The history of customers: who changed which fields when, from what to what. Written once, never changed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from app.db.declarations import narrowed
from app.db.pauses import paced
from app.db.record_set import at_this_moment, insert_all
from app.db.tables import customer_history
from app.db.unit_of_work import Session, WriteSession
from app.domain.events import ChangeOperation, plain

Changes = Mapping[str, tuple[object, object]]
"""By the schema's name of a field: its value before and after."""


class Change(NamedTuple):
    """An entry of a customer's history."""

    customer_id: UUID
    version: int
    """The customer's version after the change."""
    operation: ChangeOperation
    changes: Changes


async def record_all(session: WriteSession, entries: Sequence[Change], *, actor: str) -> None:
    """Record changes of customers in one statement."""
    rows = [each._asdict() | {"actor": actor, "changes": told(each.changes)} async for each in paced(entries)]
    await insert_all(session, customer_history, rows, occurred_at=at_this_moment)


def told(changes: Changes) -> dict[str, dict[str, Any]]:
    """Changes as they are stored and sent: values as JSON holds them."""
    return {name: {"before": plain(before), "after": plain(after)} for name, (before, after) in changes.items()}


async def fields_changed_since(session: Session, customer_id: UUID, version: int) -> list[str]:
    """The fields of a customer that changed after a version, in the schema's names."""
    field = func.jsonb_object_keys(customer_history.c.changes)
    rows = await session.rows(
        select(field)
        .distinct()
        .where(
            narrowed(customer_history),
            customer_history.c.customer_id == customer_id,
            customer_history.c.version > version,
        ),
        {},
    )
    return sorted(row[0] for row in rows)
