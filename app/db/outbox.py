"""The outbox: events written in the transaction of what they tell, for others to follow (docs/events.md)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from app.db.identifiers import new_id
from app.db.pauses import paced
from app.db.record_set import at_this_moment, insert_all
from app.db.tables import outbox_events
from app.db.unit_of_work import WriteSession
from app.domain.events import EventType, plain_values


class Event(NamedTuple):
    """What happened to one subject; `data` is what docs/events.md lists for the type."""

    type: EventType
    subject_id: UUID
    data: Mapping[str, Any]


async def append_all(session: WriteSession, events: Sequence[Event], *, actor: str) -> None:
    """Append events in one statement."""
    rows = [
        {
            "id": new_id(),
            "type": each.type,
            "subject_id": each.subject_id,
            "actor": actor,
            "data": plain_values(each.data),
        }
        async for each in paced(events)
    ]
    await insert_all(session, outbox_events, rows, occurred_at=at_this_moment)
