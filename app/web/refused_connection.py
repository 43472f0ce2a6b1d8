"""Connections over the limit."""

import asyncio


class RefusedConnection(asyncio.Protocol):
    """Discards what the client sends, and closes the connection after the client has had time to read the answer."""

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
        """Remove the connection from the set."""
        del exc
        self._refused.discard(self)
        self._timer.cancel()
