"""Handshakes of WebSockets: those that are rejected are answered as other requests are."""

import asyncio
import logging
from http import HTTPStatus
from typing import Any, cast

from typing_extensions import override
from uvicorn._types import ASGISendEvent, WebSocketScope
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.http11 import Request

from app.web.connections import Connections
from app.web.http_errors import FailureCode, HttpError
from app.web.http_rejections import path_in, rejection, too_large_headers
from app.web.rejected import rejection_of
from app.web.websocket_reading import ReadingProtocol

RESTARTING = "The service is restarting. Connect again, and resume subscriptions with `after`."
_EXPLAINING = {"Upgrade", "Sec-WebSocket-Version"}
"""Headers that tell a client what it must send in a handshake instead."""

# The libraries log each handshake, with the client's address and the URL. The line per operation replaces that.
_quiet = logging.getLogger("uvicorn.error.websocket")
_quiet.setLevel(logging.WARNING)


class HandshakeProtocol(ReadingProtocol):
    """Accepts a handshake unless it is invalid or the server is shutting down."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(server_state, Connections)  # noqa: S101 - app.web.server makes it
        self._state = server_state
        self.logger = self.conn.logger = _quiet
        self._target = b""
        # uvicorn sets it when the handshake is valid.
        self.scope = cast("WebSocketScope", {})

    @override
    def data_received(self, data: bytes) -> None:
        if not self._target:
            # The first data is the whole handshake, as the protocol for HTTP passes it on.
            self._target = data.split(b" ", 2)[1]
        super().data_received(data)
        if not self.handshake_initiated:
            # The library has rejected the handshake without an answer: it accepts shorter headers than HTTP.
            self._reject(too_large_headers())

    @override
    def handle_connect(self, event: Request) -> None:
        response = self.conn.accept(event)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            message = f"This is not a handshake of a WebSocket: {self.conn.handshake_exc}."
            headers = tuple(
                (name.lower(), value) for name, value in response.headers.raw_items() if name in _EXPLAINING
            )
            self._reject(HttpError(response.status_code, FailureCode.BAD_REQUEST, message, headers))
        elif self._state.is_draining:
            self._reject(HttpError(503, FailureCode.SERVICE_UNAVAILABLE, RESTARTING, (("retry-after", "1"),)))
        else:
            super().handle_connect(event)

    @override
    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            # uvicorn logs an error for a handshake that the application has answered with a response.
            self.handshake_complete = True

    def _reject(self, http_error: HttpError) -> None:
        """Answer a handshake with an error."""
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        answer = rejection_of(http_error, self.app_state, self.root_path, path_in(self._target) or "")
        self.transport.write(rejection(answer, self.default_headers, None))
        self.transport.close()
