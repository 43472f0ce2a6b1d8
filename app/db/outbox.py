"""The outbox: events, written in the same transaction as the change that they report (docs/events.md)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from app.db.identifiers import new_id
from app.db.record_set import at_this_moment, insert_all
from app.db.tables import outbox_events
from app.db.unit_of_work import WriteSession
from app.domain.events import EventType, plain_values
from app.scheduling.pauses import paced


class Event(NamedTuple):
    """An event about one subject. docs/events.md lists the `data` of each type."""

    type: EventType
    subject_id: UUID
    data: Mapping[str, Any]


async def append_all(session: WriteSession, events: Sequence[Event], *, actor: str) -> None:
    """Append events in one statement."""
    rows = [
        {
            "id": new_id(),
            "type": event.type,
            "subject_id": event.subject_id,
            "actor": actor,
            "data": plain_values(event.data),
        }
        async for event in paced(events)
    ]
    await insert_all(session, outbox_events, rows, occurred_at=at_this_moment)
