"""The bodies of deliveries: an event as JSON, which docs/webhooks.md describes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from app.db.identifiers import new_id
from app.db.rows import EventRow
from app.db.stored_json import JsonText, StoredJson
from app.domain.events import plain

TEST_TYPE = "webhook.test"
"""The type of the event that a test sends. It isn't in the feed."""


def event_of_test(endpoint_id: UUID, moment: datetime) -> EventRow:
    """Return the event that a test sends. It has no position."""
    return EventRow(new_id(), 0, TEST_TYPE, endpoint_id, None, "webhooks", moment, None, {}, ())


def envelope_of(event: EventRow, company_id: UUID, cursor: str | None, result: bytes | None = None) -> bytes:
    """Return the body for an event.

    `result` is the JSON of the answer to the endpoint's document, if it has one. A test has no cursor.
    """
    members: dict[str, Any] = {
        "id": str(event.id),
        "type": event.type,
        "companyId": str(company_id),
        "subjectId": str(event.subject_id),
        "customerId": None if event.customer_id is None else str(event.customer_id),
        "version": event.version,
        "cursor": cursor,
        "occurredAt": plain(event.occurred_at),
        "actor": event.actor,
        "data": event.data,
        "changedFields": [
            {"field": field, "before": JsonText(before), "after": JsonText(after)}
            for field, before, after in event.changes
        ],
    }
    if result is not None:
        members["result"] = orjson.Fragment(result)
    return orjson.dumps(members, _stored, orjson.OPT_PASSTHROUGH_SUBCLASS)


def _stored(value: object) -> orjson.Fragment:
    """Return stored JSON with its text, so that numbers keep all digits."""
    match value:
        case StoredJson():
            return orjson.Fragment(value.text)
        case JsonText():
            return orjson.Fragment(str(value))
        case _:
            raise TypeError
