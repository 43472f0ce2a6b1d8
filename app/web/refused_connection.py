"""A connection that is one too many, and the answers that are given before a request reaches the application."""

import asyncio

from app.web.answers import to_json
from app.web.failures import FailureCode

_SECONDS = 1.0


class RefusedConnection(asyncio.Protocol):
    """Reads nothing of what the client sends, until it has had time to read why it is refused.

    Closed at once, the connection would be reset, because bytes are left unread; the client may then never see the answer.
    """

    def __init__(
        self, transport: asyncio.Transport, refused: set[asyncio.Protocol], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._refused = refused
        refused.add(self)
        transport.set_protocol(self)
        self._timer = loop.call_later(_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        del exc
        self._refused.discard(self)
        self._timer.cancel()


def error_body(code: FailureCode, message: str) -> bytes:
    """Return an error as the service writes them, as JSON."""
    return to_json({"errors": [{"message": message, "extensions": {"code": code}}]})
