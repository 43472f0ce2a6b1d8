"""State of a connection: its last request, what it waits for, and the bytes buffered for its client."""

import asyncio
from functools import partial
from typing import Any, cast

from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from app.web.client_connection import ClientConnection
from app.web.connections import COMPANY_ID, Connections
from app.web.http_errors import HttpError
from app.web.http_framing import AnswerCut, announced_length, drained, framed
from app.web.http_upgrades import UpgradeProtocol
from app.web.leaving import tell_leaving
from app.web.pipelining import REQUEST_BYTES
from app.web.transports import has_unread
from app.web.writing import offer_write


class ConnectionState(UpgradeProtocol):
    """A connection's state, with the properties that `Connections` reads."""

    # Slots beside uvicorn's dictionary: with more than 30 attributes in it, each access would be slower.
    __slots__ = (
        "_ahead",
        "_body_bytes",
        "_body_since",
        "_company_id",
        "_has_ended",
        "_http_error",
        "_last_unsent",
        "_progress_at",
        "_running",
        "_sending_bytes",
        "_slow_since",
        "_state",
        "_unread",
        "_waiting_bytes",
        "_waiting_since",
    )

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
        self._waiting_since: float | None = None
        """The time since when headers are awaited of which none, or a part, has arrived."""
        self._unread = 0
        """Number of bytes parsed since the last headers or piece of a body were complete."""
        self._ahead: bytes | memoryview = b""
        """Received data that must not be parsed before earlier requests are answered."""
        self._body_bytes = 0
        """Number of bytes of the last request's body that have arrived."""
        self._body_since = 0.0
        """The time when the last request's headers were complete."""
        self.url: bytes | bytearray = b""
        self._http_error: HttpError | None = None
        """The error of the last request, if it is rejected; no data after it is read."""
        self._last_unsent: int = 0
        """Number of unsent bytes at the server's last check."""
        self._progress_at = 0.0
        """The time when the client was last known to have read something."""
        self._slow_since = 0.0
        """The time since when many bytes are buffered for the client."""
        self._company_id: object = None
        self._has_ended = False
        """Whether the client has ended its side of the connection: it sends no more, but may still read."""
        self._running: RequestResponseCycle | None = None
        """The request that is being answered, or was answered last. uvicorn's `cycle` is the last that has arrived."""
        self._sending_bytes = self._waiting_bytes = 0
        """Sizes: of the last piece handed to the transport, and of one that waits until earlier ones are read."""

    @property
    def idle_since(self) -> float | None:
        """The time since when there is no request; None while there is one."""
        if self._has_request() or self.transport.is_closing() or self.unsent_bytes:
            return None
        if self._waiting_since is not None:
            return self._waiting_since
        timer = self.timeout_keep_alive_task
        return 0.0 if timer is None else timer.when() - self.timeout_keep_alive

    @property
    def company_id(self) -> object:
        """The company of the last request with a valid credential; None if there was none on this connection."""
        if self.cycle is not None:  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
            self._company_id = self.cycle.scope.get("state", {}).get(COMPANY_ID, self._company_id)
        return self._company_id

    @property
    def unsent_since(self) -> float:
        """The time since when many bytes are buffered for the client and it has read none of them."""
        return max(self._slow_since, self._progress_at)

    @property
    def unsent_bytes(self) -> int:
        """Number of bytes of answers that the client has not read, without those in the kernel's buffers."""
        return self.transport.get_write_buffer_size()

    @property
    def buffered_bytes(self) -> int:
        """Number of bytes buffered for this client: answers, waiting requests, and an incomplete one."""
        waiting = len(self._ahead) + REQUEST_BYTES * len(self.pipeline) + self._unread
        return self._answer_bytes() + waiting + (self._body_bytes if self._awaits_body() else 0)

    @property
    def incomplete_since(self) -> float | None:
        """The time since when the rest of a body is awaited; None if no body is, or if the service itself delays it."""
        is_awaited = self._awaits_body() and not self.flow.read_paused and not self.pipeline
        return self._body_since if is_awaited else None

    def has_arrived(self) -> bool:
        """Return whether the kernel has data of the client that this process has not read yet."""
        return has_unread(self.transport)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the protocol for WebSockets.

        The parser and the flow control refer to this object; without them, all three are freed at once.
        """
        super().handle_websocket_upgrade()
        self._state.discard_slow(cast("ClientConnection", self))
        self.parser = self.flow = None  # pyright: ignore[reportAttributeAccessIssue] - as uvicorn does for a parser

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, cast("ASGI3Application", partial(self._answer, cycle, app)))

    async def _answer(
        self,
        cycle: RequestResponseCycle,
        app: ASGI3Application,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        """Run the application. An error of sending an answer to a client that has left is not a failure."""
        offer_write(scope, self.write_now)
        try:
            await app(scope, receive, cast("ASGISendCallable", partial(self._send, framed(cycle, send))))
        except AnswerCut:
            self._cut_off(cycle)
        except asyncio.CancelledError:
            if not (cycle.response_started or self.flow.write_paused):
                raise
            # The server is shutting down, and the client reads this answer or an earlier one too slowly.
            self._cut_off(cycle)
        except Exception:
            # asyncio raises nothing, uvloop RuntimeError; the application itself answers other errors than those of
            # sending.
            if not self.transport.is_closing():
                raise
        if self.transport.is_closing():
            cycle.disconnected = True

    def _cut_off(self, cycle: RequestResponseCycle) -> None:
        """Close the connection of an incomplete answer. Its client sees that the last chunk is missing, or a reset."""
        cycle.disconnected = True
        self.transport.abort()

    def write_now(self, chunk: bytes) -> bool:
        """Write a chunk of an answer that goes on, unless its client has left, or has earlier chunks to read."""
        cycle, transport = self._running, self.transport
        goes_on = cycle is not None and cycle.chunked_encoding and not (cycle.response_complete or cycle.disconnected)
        if not goes_on or self.flow.write_paused or transport.is_closing():
            return False
        self._sending_bytes = len(chunk)
        transport.write(chunk)
        return True

    async def _send(self, send: ASGISendCallable, message: Any) -> None:
        """Send a part of an answer once the earlier ones are sent, so that the transport has one piece at a time."""
        size = len(message.get("body", b""))
        if self.flow.write_paused:
            self._waiting_bytes = size or announced_length(message)
            self._state.add_slow(cast("ClientConnection", self))
            try:
                await drained(self.flow, self.transport)
            finally:
                self._waiting_bytes = 0
        self._sending_bytes = size
        await send(message)

    def _answer_bytes(self) -> int:
        """Return the size of the answers in memory: the transport keeps a whole piece until its last byte is sent."""
        unsent = self.transport.get_write_buffer_size()
        held = max(unsent, self._sending_bytes) if unsent else 0
        return held if self.transport.is_closing() else held + self._waiting_bytes

    def _awaits_body(self) -> bool:
        """Return whether the last request's body is incomplete and no part of its answer was sent."""
        cycle = self.cycle
        if cycle is None or not cycle.more_body or cycle.response_started or cycle.disconnected:  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
            return False
        return cycle.scope is self.scope and not self.transport.is_closing()

    def _is_answering(self) -> bool:
        """Return whether a request that is complete is being answered."""
        running = self._running
        return running is not None and not (running.response_complete or running.disconnected or running.more_body)

    def _is_idle_stream(self) -> bool:
        """Return whether all of an answer that goes on was sent, and nothing has arrived after its request."""
        cycle = self.cycle
        return (
            cycle is not None  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
            and cycle.response_started
            and not cycle.response_complete
            and not self.flow.write_paused
            and self._waiting_since is None
            and not self._ahead
            and not self._unread
        )

    def _tell_leaving(self) -> None:
        """Tell the answer that is being sent that its client has ended its side of the connection, or has left."""
        if self._running is not None and not self._running.response_complete:
            tell_leaving(cast("dict[str, Any]", self._running.scope))

    def _has_request(self) -> bool:
        """Return whether a request is being answered or waits for that."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.disconnected  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request

    def _is_within_headers(self) -> bool:
        """Return whether a part of a request's headers has arrived."""
        scope = None if self.cycle is None else self.cycle.scope  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
        return self.scope is not scope

    def _header_bytes(self) -> int:
        return sum(len(name) + len(value) + _FIELD_BYTES for name, value in self.headers)


_FIELD_BYTES = len(": \r\n")
