"""One WebSocket as a connection of the server, with the limits that all connections have (ADR 33)."""

import asyncio
from random import uniform
from typing import Any, cast

from typing_extensions import override
from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState
from websockets.http11 import Request

from app.web.connections import COMPANY_ID, IDLE_SINCE, RESUMABLE, TOO_SLOW, TOO_SLOW_REASONS
from app.web.http_rejections import LINGER_SECONDS, MAX_REFUSED
from app.web.http_timeouts import MIN_BODY_RATE
from app.web.transport_ws import CloseCode
from app.web.transports import has_unread
from app.web.websocket_handshake import RESTARTING, HandshakeProtocol
from app.web.writing import offer_write

DRAIN = "websocket.drain"
"""Type of the message that tells the application that the server is shutting down. It is no part of ASGI."""
PONG_SECONDS = 10.0
"""How long a client may take to answer a ping, in seconds."""
_SHORTEST_SILENCE = 0.75
"""Share of the time after which a client is pinged, at least."""
_EMPTY_PING = b"\x89\x00"
_POLICY_VIOLATION = 1008
_ENDINGS = {
    "room": (CloseCode.TRY_AGAIN, "Too many connections are open. Connect again shortly."),
    "silent": (CloseCode.TRY_AGAIN, "The client didn't answer a ping in time. Connect again."),
    "slow_body": (_POLICY_VIOLATION, "The rest of a message took too long to arrive."),
}
"""Close codes and reasons for clients that may still read them."""


class WebSocketConnection(HandshakeProtocol):
    """One connection, with the properties and methods that `Connections` reads and calls."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._heard_at = self._progress_at = self._slow_since = self.loop.time()
        """The times when the client last sent something, when it last read something, and since when it is slow."""
        # Clients that connect together, as after a restart, would otherwise be pinged together for hours.
        self._ping_seconds = self._state.limits.ping_seconds * uniform(_SHORTEST_SILENCE, 1)  # noqa: S311 - no secret
        self._is_pinged = False
        """Whether the client has sent nothing since the last ping."""
        self._is_slow = False
        """Whether something is unsent: the transport pauses writing until nothing is."""
        self._is_resumable = True
        """Whether all that is unsent is of streams."""
        self._last_unsent: int = 0
        self._sending_bytes = 0
        """Size of the last message that was handed to the transport."""
        self._waiting_bytes = 0
        """Size of the messages that wait until the client has read earlier ones."""

    @property
    def idle_since(self) -> float | None:
        """The time since when no operation runs; None while one does, or while the connection is being closed."""
        if self.close_sent or not self.handshake_complete or self.transport.is_closing():
            return None
        return cast("float | None", self._shared.get(IDLE_SINCE))

    @property
    def company_id(self) -> object:
        """The company of its credential; None before that is verified."""
        return self._shared.get(COMPANY_ID)

    @property
    def unsent_since(self) -> float:
        """The time since when something is buffered for the client and it has read none of it."""
        return max(self._slow_since, self._progress_at)

    @property
    def buffered_bytes(self) -> int:
        """Number of bytes buffered for this client: messages to it, and messages of it that were not handled yet."""
        if not self._is_slow:
            return self.unread_bytes
        # The transport keeps a message until its last byte is sent.
        held = max(self.transport.get_write_buffer_size(), self._sending_bytes)
        return held + self._waiting_bytes + self.unread_bytes

    def has_arrived(self) -> bool:
        """Return whether data of the client has arrived that was not parsed yet."""
        return bool(self._ahead) or has_unread(self.transport)

    def close_after_answer(self) -> None:
        """Tell the application that the server is shutting down. It closes the connection once its operations end."""
        self.queue.put_nowait(cast("Any", {"type": DRAIN}))

    def look(self, now: float, stalled: float) -> None:
        """Close the connection if its client has taken too long, and ping a client that has been silent."""
        # Called each second for thousands of idle connections: no other object is looked at for those.
        if self._is_slow:
            self._look_at_reading(now, stalled)
        elif self.close_sent or not self.handshake_complete:
            pass
        elif self.incomplete_since is not None:
            self.incomplete_since += stalled
            allowed = self._state.limits.body_seconds + self.unread_bytes / MIN_BODY_RATE
            if now - self.incomplete_since >= allowed and not self.has_arrived():
                self.end("slow_body")
        elif now - self._heard_at >= self._ping_seconds:
            self._look_at_silence(now)

    def end(self, reason: str) -> None:
        """Close the connection at once, discarding unsent data. A client that reads is told why."""
        self._state.count(reason)
        self._state.connections.discard(cast("Any", self))
        if reason in TOO_SLOW_REASONS:
            self._shared[TOO_SLOW] = True
        told = _ENDINGS.get(reason)
        if told is None or self._is_slow or len(self._state.refused) >= MAX_REFUSED:
            self.transport.abort()
            return
        self._state.refused.add(self)
        self._close(*told, LINGER_SECONDS)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        # uvicorn removes it, and expects it to be there.
        self._state.connections.add(cast("Any", self))
        super().connection_lost(exc)
        self._state.discard_slow(self)
        self._state.refused.discard(self)
        self._ahead = b""

    @override
    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        self._is_pinged = False
        before = self.unread_bytes
        super().data_received(data)
        if before <= HIGH_WATER_LIMIT < self.unread_bytes:
            self._state.add_slow(self)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._is_slow = True
        self._slow_since = self._progress_at = self.loop.time()
        self._state.add_slow(self)

    @override
    def resume_writing(self) -> None:
        self._is_slow = False
        self._is_resumable = True
        super().resume_writing()
        if self.unread_bytes <= HIGH_WATER_LIMIT:
            self._state.discard_slow(self)

    @override
    async def send(self, message: ASGISendEvent) -> None:
        size = len(cast("dict[str, str]", message).get("text", ""))
        if not self.writable.is_set():
            self._waiting_bytes += size
            self._state.add_slow(self)
            try:
                await self.writable.wait()
            finally:
                self._waiting_bytes -= size
        if self.close_sent:
            # uvicorn raises RuntimeError: it doesn't expect that the server closes a connection, too.
            raise ClientDisconnected
        self._sending_bytes = size
        await super().send(message)
        if self._is_slow and message["type"] == "websocket.send" and not message.get(RESUMABLE):
            self._is_resumable = False
        if message["type"] == "websocket.accept":
            # They take 5 kB for as long as the connection is open, and nothing reads them any more.
            self.request.headers.clear()
            self.response.headers.clear()
        if self.close_sent:
            # What the client has sent before it answers the close frame is read, and dropped.
            self._continue()

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.scope:
            offer_write(self.scope, self.write_now)

    def write_now(self, frames: bytes) -> bool:
        """Send messages, unless the connection is being closed, or its client has earlier ones to read."""
        if not self.writable.is_set() or self.close_sent or self.disconnected or self.transport.is_closing():
            return False
        self._sending_bytes = len(frames)
        self.transport.write(frames)
        return True

    @override
    def _forget_unread(self) -> None:
        super()._forget_unread()
        if self.writable.is_set():
            self._state.discard_slow(self)

    @override
    def shutdown(self) -> None:
        if self.close_sent:
            super().shutdown()
        elif self.idle_since is not None:
            self._close(CloseCode.RESTARTING, RESTARTING, 0)
        # Otherwise, the application closes the connection once its operations have ended.

    @property
    def _shared(self) -> dict[str, Any]:
        """What the application tells the limits on connections."""
        return self.scope.get("state", {})

    def _look_at_reading(self, now: float, stalled: float) -> None:
        """Close the connection of a client that has read nothing for too long."""
        self._progress_at += stalled
        has_operation = self._shared.get(IDLE_SINCE) is None
        if self._state.has_waited(now) and self._is_resumable and not has_operation:
            self.end("slow_reader")
            return
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._last_unsent:
            self._last_unsent, self._progress_at = unsent, now
        elif now - self._progress_at >= self._state.limits.send_seconds:
            self.end("slow_reader")

    def _look_at_silence(self, now: float) -> None:
        """Ping a client that has sent nothing for some time; close the connection if it didn't answer that."""
        if self.has_arrived():
            # This process has not read it yet.
            self._heard_at = now
        elif not self._is_pinged:
            self._is_pinged = True
            self.transport.write(_EMPTY_PING)
        elif now - self._heard_at >= self._ping_seconds + PONG_SECONDS:
            self.end("silent")

    def _close(self, code: int, reason: str, linger_seconds: float) -> None:
        """Send a close frame, and close the connection when the client has answered it, or after some seconds."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(linger_seconds, self.transport.close)
        self._continue()
