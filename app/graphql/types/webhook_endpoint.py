"""The types WebhookEndpoint and WebhookDelivery."""

from collections.abc import Mapping
from datetime import datetime

import strawberry

from app.db import webhooks
from app.db.webhook_rows import WebhookDeliveryRow, WebhookEndpointRow
from app.domain.events import EventType
from app.domain.identity import Scope as DomainScope
from app.graphql import feed_cursors
from app.graphql.context import Info
from app.graphql.types.edges import edge_connection
from app.graphql.types.enums import (
    ChangeEventType,
    Scope,
    WebhookDeliveryError,
    WebhookDeliveryOutcome,
    WebhookPauseReason,
    WebhookStatus,
)

Endpoint = strawberry.Parent[WebhookEndpointRow]
Delivery = strawberry.Parent[WebhookDeliveryRow]
_TYPES: Mapping[str, EventType] = {kind.value: kind for kind in EventType}


def _cursor(info: Info, position: int | None) -> str | None:
    return None if position is None else feed_cursors.encode(info.context.principal.company_id, position)


@strawberry.type(description="An attempt to send an event to a webhook endpoint.")
class WebhookDelivery:
    """A delivery, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The delivery's id, a UUID.")
    event_id: strawberry.ID = strawberry.field(description="The event's id, which its payload and headers have, too.")

    @strawberry.field(
        description="The event's type; null for a test event, and for a type that this release doesn't know.",
        graphql_type=ChangeEventType | None,
    )
    @staticmethod
    def event_type(delivery: Delivery) -> EventType | None:
        """Return the type."""
        return _TYPES.get(delivery.event_type)

    @strawberry.field(description="The cursor after the event; null for a test event.")
    @staticmethod
    def cursor(delivery: Delivery, info: Info) -> str | None:
        """Return the cursor, which is built only if selected."""
        return _cursor(info, delivery.position)

    @strawberry.field(
        description="The cursor before the event: replayWebhookEndpoint sends the event again from here. Null for a test"
        " event."
    )
    @staticmethod
    def cursor_before(delivery: Delivery, info: Info) -> str | None:
        """Return the cursor, which is built only if selected."""
        return _cursor(info, None if delivery.position is None else delivery.position - 1)

    attempt: int = strawberry.field(description="The number of this attempt to send the event, from 1.")
    outcome: WebhookDeliveryOutcome = strawberry.field(description="Whether the receiver accepted the event.")
    http_status: int | None = strawberry.field(
        description="The status of the receiver's answer; null if there is none."
    )
    error: WebhookDeliveryError | None = strawberry.field(description="Why it failed; null if it didn't.")
    latency_ms: int = strawberry.field(description="How long the request took, in milliseconds.")
    response: str | None = strawberry.field(
        description="The beginning of the answer's body, at most 1,000 bytes; null if there was no answer."
    )
    attempted_at: datetime = strawberry.field(description="When it was sent.")


@strawberry.type(description="A URL to which the company's events are sent, signed, in order and at least once.")
class WebhookEndpoint:
    """A webhook endpoint, resolved from its row. Its secrets are no part of it."""

    id: strawberry.ID = strawberry.field(description="The endpoint's id, a UUID.")
    url: str = strawberry.field(description="Where events are sent.")

    @strawberry.field(
        description="The types of the events that are sent; null for all.", graphql_type=list[ChangeEventType] | None
    )
    @staticmethod
    def types(endpoint: Endpoint) -> list[EventType] | None:
        """Return the types, without those that only a later release knows."""
        return [_TYPES[name] for name in endpoint.types if name in _TYPES] if endpoint.types else None

    document: str | None = strawberry.field(
        description="The subscription whose selection on the event is sent besides its envelope; null if there is none."
    )

    @strawberry.field(
        description="What its events may show: the scopes to read of the credential that created it, or last changed"
        " its URL, types or document. They stay when the credential ends.",
        graphql_type=list[Scope],
    )
    @staticmethod
    def scopes(endpoint: Endpoint) -> list[DomainScope]:
        """Return the scopes."""
        return [DomainScope(name) for name in endpoint.scopes]

    status: WebhookStatus = strawberry.field(description="Whether events are sent.")
    paused_reason: WebhookPauseReason | None = strawberry.field(description="Why it is paused; null if it isn't.")
    paused_at: datetime | None = strawberry.field(description="Since when it is paused; null if it isn't.")

    @strawberry.field(
        description="Its place in the feed: all events up to here are delivered, left out by `types`, or lost."
    )
    @staticmethod
    def cursor(endpoint: Endpoint, info: Info) -> str:
        """Return the cursor, which is built only if selected."""
        return feed_cursors.encode(info.context.principal.company_id, endpoint.position)

    @strawberry.field(
        description="Number of events, of whatever type, that were removed from the feed before they could be sent,"
        " because the endpoint was paused or failing for longer than events are kept. Counts since the last replay."
    )
    @staticmethod
    def lost_events(endpoint: Endpoint) -> int:
        """Return the number of positions that were lost."""
        return (
            0 if endpoint.lost_from is None or endpoint.lost_to is None else endpoint.lost_to - endpoint.lost_from + 1
        )

    attempts: int = strawberry.field(description="Number of failed attempts to send the next event.")
    failing_since: datetime | None = strawberry.field(
        description="When the first of these attempts failed; null if none did. After a day the endpoint is paused."
    )

    @strawberry.field(description="When the next attempt is due, after a failed one; null if none has failed.")
    @staticmethod
    def next_attempt_at(endpoint: Endpoint) -> datetime | None:
        """Return the time. Without a failed attempt it only paces the sender."""
        return endpoint.next_attempt_at if endpoint.attempts else None

    previous_secret_until: datetime | None = strawberry.field(
        description="Until when events are signed with the previous secret as well; null if it was never rotated."
    )
    test_requested_at: datetime | None = strawberry.field(
        description="When testWebhookEndpoint asked for a test event that isn't sent yet; null if none is waiting."
    )
    version: int = strawberry.field(description="The number of the latest change of its configuration, from 1.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When its configuration was last changed.")
    deliveries = edge_connection(
        webhooks.deliveries,
        WebhookDelivery,
        "The attempts to send events to it, the newest first. They are kept as long as events.",
    )
