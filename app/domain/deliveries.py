"""Deliveries of events to webhook endpoints: their outcomes, and when a failed one is repeated."""

from enum import StrEnum

PAUSE_AFTER_SECONDS = 86_400
"""How long deliveries of one event may fail before its endpoint is paused, in seconds."""

_WAITS_SECONDS = (5, 30, 120, 600, 3_600)
"""Waits after the first failed attempts, in seconds; the last one applies to all further attempts."""
_JITTER = 0.2


class DeliveryOutcome(StrEnum):
    """Whether the receiver accepted an event."""

    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class DeliveryError(StrEnum):
    """Why a delivery failed."""

    URL_NOT_ALLOWED = "URL_NOT_ALLOWED"
    """The URL isn't https, and the settings don't allow others."""
    NAME_NOT_FOUND = "NAME_NOT_FOUND"
    """DNS has no address for the host."""
    REFUSED_ADDRESS = "REFUSED_ADDRESS"
    """The host has an address that is not public, such as a private one."""
    CONNECTION = "CONNECTION"
    """No connection could be opened, or it was lost."""
    TLS = "TLS"
    """The TLS handshake failed, for example because the certificate isn't valid for the host."""
    TIMEOUT = "TIMEOUT"
    """The receiver didn't answer in time."""
    INVALID_ANSWER = "INVALID_ANSWER"
    """The connection was closed before an answer, or the answer is not HTTP, or its headers are too large."""
    REDIRECT = "REDIRECT"
    """The receiver answered with a redirect, which is not followed."""
    HTTP_STATUS = "HTTP_STATUS"
    """The receiver answered with another status than 2xx."""
    DOCUMENT_TOO_SLOW = "DOCUMENT_TOO_SLOW"
    """The answer to the endpoint's document took too long to read, so nothing was sent."""
    RESULT_TOO_LARGE = "RESULT_TOO_LARGE"
    """The answer to the endpoint's document has too many bytes, so nothing was sent."""


def wait_after(attempts: int, failing_seconds: float, chance: float) -> float | None:
    """Return how long to wait after a failed attempt, in seconds; None if the endpoint must be paused.

    `attempts` is the number of failed attempts, the first of which was `failing_seconds` ago. `chance`, from 0 to 1,
    varies the wait, so that endpoints that failed together aren't tried again together.
    """
    if failing_seconds >= PAUSE_AFTER_SECONDS:
        return None
    wait = _WAITS_SECONDS[min(attempts, len(_WAITS_SECONDS)) - 1] * (1 + _JITTER * (2 * chance - 1))
    # The last attempt is made at the end of the day.
    return min(wait, PAUSE_AFTER_SECONDS - failing_seconds)
