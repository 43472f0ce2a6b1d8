"""A connection that is one too many."""

import asyncio


class RefusedConnection(asyncio.Protocol):
    """Reads nothing of what the client sends, and closes the connection once the client has had time to read why."""

    def __init__(
        self,
        transport: asyncio.Transport,
        refused: set[asyncio.Protocol],
        loop: asyncio.AbstractEventLoop,
        seconds: float,
    ) -> None:
        self._refused = refused
        refused.add(self)
        transport.set_protocol(self)
        self._timer = loop.call_later(seconds, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        del exc
        self._refused.discard(self)
        self._timer.cancel()
