"""Rows of webhook endpoints and deliveries. They aren't in graph.py: no query of billing data leads to them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class WebhookEndpointRow(NamedTuple):
    """A webhook endpoint, without its secrets."""

    id: UUID
    url: str
    types: tuple[str, ...]
    """Types of the events that are sent; none for all."""
    document: str | None
    scopes: tuple[str, ...]
    status: str
    paused_reason: str | None
    paused_at: datetime | None
    position: int
    lost_from: int | None
    lost_to: int | None
    previous_secret_until: datetime | None
    test_requested_at: datetime | None
    attempts: int
    failing_since: datetime | None
    next_attempt_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookDeliveryRow(NamedTuple):
    """An attempt to send one event to an endpoint."""

    id: UUID
    event_id: UUID
    event_type: str
    position: int | None
    attempt: int
    outcome: str
    http_status: int | None
    error: str | None
    latency_ms: int
    response: str | None
    attempted_at: datetime
