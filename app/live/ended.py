"""Why a stream ends."""

from enum import StrEnum


class LiveCode(StrEnum):
    """The code of a stream's end. If its credential is rejected, the code is that of the credential's error."""

    SLOW_CONSUMER = "SLOW_CONSUMER"
    """The client reads more slowly than events arrive."""
    FEED_CURSOR_EXPIRED = "FEED_CURSOR_EXPIRED"
    """Events that the client has not received are no longer kept."""
    TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS"
    """The company or the process has as many streams as it may have, or another company needs a place."""
    SERVICE_RESTARTING = "SERVICE_RESTARTING"
    """The process shuts down; another one, or this one after its restart, goes on."""
    UNAVAILABLE = "UNAVAILABLE"
    """The response to an event couldn't be read, or the credential couldn't be verified for a while."""
    CLIENT_LEFT = "CLIENT_LEFT"
    """The client closed the stream."""


class LiveEnded(Exception):
    """The stream has ended. `cursor`: where the client stands; None if the stream never began."""

    def __init__(self, code: str, message: str, cursor: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.cursor = cursor
