"""Webhook endpoints: their limits, and why they are paused."""

from enum import StrEnum

MOST_ENDPOINTS = 20
"""Maximum number of endpoints of a company."""
MOST_URL_CHARACTERS = 2_048
MOST_DOCUMENT_CHARACTERS = 10_000


class WebhookStatus(StrEnum):
    """Whether events are sent to an endpoint."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"


class PauseReason(StrEnum):
    """Why an endpoint is paused."""

    REQUESTED = "REQUESTED"
    """A caller has paused it."""
    FAILING = "FAILING"
    """The deliveries of one event have failed for a day."""
    GONE = "GONE"
    """The receiver has answered with the status 410."""
    DOCUMENT_INVALID = "DOCUMENT_INVALID"
    """Its document is no longer valid in the schema."""
