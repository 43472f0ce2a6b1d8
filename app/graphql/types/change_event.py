"""The types of the feed: events, and a page of them."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from app.db.rows import EventRow
from app.domain.events import EventType
from app.graphql import feed_cursors
from app.graphql.context import Info
from app.graphql.feed import ChangesRead, entity_of
from app.graphql.permissions import READS, forbidden
from app.graphql.types.enums import ChangeEventType
from app.graphql.types.history import FieldChange, field_changes
from app.graphql.types.node import Node

Event = strawberry.Parent[EventRow]


def _cursor(event: Event, info: Info) -> str:
    """Return the cursor, which is built only if selected."""
    return feed_cursors.encode(info.context.principal.company_id, event.position)


def _type(event: Event) -> EventType:
    """Return the type."""
    return EventType(event.type)


def _subject(event: Event, info: Info) -> Awaitable[Any]:
    """Return the object; all objects of one entity are read together."""
    entity = entity_of(EventType(event.type))
    if entity.scope not in info.context.principal.scopes:
        raise forbidden(entity.scope)
    return info.context.loaders.one(entity).load(event.subject_id)


def _changed_fields(event: Event) -> list[Any]:
    """Return the changes in the order of the history's entry."""
    return field_changes(event.changes)


@strawberry.type(
    description="A change of an object, as an event of the company's feed. It may come more than once: ignore ids that"
    " you have handled."
)
class ChangeEvent:
    """An event of the feed, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The event's id, a UUID.")
    cursor: str = strawberry.field(
        resolver=_cursor, description="The position after the event: follow from here with `changes`."
    )
    type: ChangeEventType = strawberry.field(
        resolver=_type, description="What happened. Types may be added; ignore those that you don't know."
    )
    subject_id: strawberry.ID = strawberry.field(description="The id of the changed object.")
    subject: Node | None = strawberry.field(
        resolver=_subject,
        description="The changed object as it is now, which may be later than the event; null if it has been deleted."
        " Ledger accounts also need accounts-read. Needs customers-read.",
        extensions=READS,
    )
    customer_id: strawberry.ID | None = strawberry.field(
        description="The id of the customer that the object is or belongs to; null for groups and ledger accounts."
    )
    version: int | None = strawberry.field(
        description="The object's version after the change; null if the event has none."
    )
    changed_fields: list[FieldChange] = strawberry.field(
        resolver=_changed_fields,
        description="The fields that the event changed, by name, with their values before and after, as in the object's"
        " `history`. Empty for ledger accounts, which have no history.",
    )
    actor: str = strawberry.field(description="The subject of the credential that made the change.")
    occurred_at: datetime = strawberry.field(description="When it was written.")
    data: JSON = strawberry.field(
        description="What else the event says, depending on its type: see docs/events.md. Members may be added."
    )


@strawberry.type(description="Events after a cursor, in the order of the feed.")
class ChangeEvents:
    """Events that were read together."""

    @strawberry.field(description="The events, the oldest first.", graphql_type=list[ChangeEvent])
    @staticmethod
    def events(changes: strawberry.Parent[ChangesRead]) -> list[EventRow]:
        """Return the events."""
        return [*changes.events]

    @strawberry.field(
        description="The cursor to go on from. It also passes events that the filter leaves out, so keep it even if"
        " `events` is empty."
    )
    @staticmethod
    def end_cursor(changes: strawberry.Parent[ChangesRead], info: Info) -> str:
        """Return the cursor of what was read."""
        return feed_cursors.encode(info.context.principal.company_id, changes.position)

    @strawberry.field(
        description="Whether the feed goes on after `endCursor`: ask again at once. One answer looks at a limited"
        " number of events, so with a filter `events` may be empty and more may follow."
    )
    @staticmethod
    def has_next_page(changes: strawberry.Parent[ChangesRead]) -> bool:
        """Return whether there are further events, of whatever types."""
        return changes.has_more
