"""uvicorn's HTTP/1.1 protocol, held to RFC 9110 where it departs from it, and to limits (ADR 18).

One class, longer than others here: what uvicorn calls, in the order in which a connection lives.
"""

import asyncio
from fcntl import ioctl
from http import HTTPStatus
from termios import FIONREAD
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from app.web.connections import GIVEN_UP, Connections
from app.web.failures import FailureCode
from app.web.pipelining import MAX_AHEAD, PIECE_BYTES, REQUEST_BYTES, PipelineFlow
from app.web.refused_connection import RefusedConnection, error_body

_INVALID = "Invalid HTTP request received."
MAX_HEADERS = 100
"""Maximum number of header fields of a request."""
MAX_HEADER_BYTES = 32_768
"""Maximum size of all header fields of a request, or of all its trailers."""
_FIELD_BYTES = len(": \r\n")
_TOO_LARGE_HEADERS = (
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    FailureCode.PAYLOAD_TOO_LARGE,
    f"The request has more than {MAX_HEADERS} header fields, or more than {MAX_HEADER_BYTES} bytes of them. Send fewer.",
)
_TOO_LONG_URL = "The URL is too long. Send the document in the body of a POST."
_TOO_MUCH_TO_DO = "The request took too long to arrive while the service had too much to do. Try again shortly."
_TOO_MANY_CONNECTIONS = "Too many connections are open. Try again shortly."
_MAX_REFUSED = 64
"""How many refused connections are kept until their clients have read why."""
MIN_BODY_RATE = 20_000
"""Bytes of a body for which a client has one more second."""


class HttpProtocol(HttpToolsProtocol):
    """One connection: its clients' upgrades are ignored, its headers and its waiting are bounded.

    A request that asks for an upgrade is read as if it had not asked, unless the upgrade is taken.
    httptools ends such a request with its headers, whether or not a body follows, and raises HttpParserUpgrade with the
    position after them. The headers are then parsed again by a new parser, without `Upgrade`, and what follows as usual.
    """

    # Beside uvicorn's, in its dictionary: with more than 30 attributes there, each look at one would take longer.
    __slots__ = (
        "_ahead",
        "_body_bytes",
        "_body_since",
        "_last_unsent",
        "_progress_at",
        "_refusal",
        "_state",
        "_unread",
        "_waiting_since",
        "unsent_since",
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
        """Since when headers are awaited of which none, or a part, has arrived."""
        self._unread = 0
        """Bytes that were parsed since the last headers or piece of a body were complete."""
        self._ahead: bytes | memoryview = b""
        """What was read and is not to be parsed before earlier requests are answered."""
        self._body_bytes = 0
        """Number of bytes of the last request's body that have arrived."""
        self._body_since = 0.0
        """When the last request's headers were complete."""
        self.url: bytes | bytearray = b""
        self._refusal: tuple[int, FailureCode, str] | None = None
        """What is wrong with the headers that are being parsed."""
        self._last_unsent: int = 0
        self._progress_at = 0.0
        self.unsent_since = 0.0

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
    def unsent_bytes(self) -> int:
        """Number of bytes of answers that the client has not read, beside those in the kernel's buffers."""
        return self.transport.get_write_buffer_size()

    @property
    def buffered_bytes(self) -> int:
        """Number of bytes that are kept for this client: answers, requests that wait for them, and one that is incomplete."""
        waiting = len(self._ahead) + REQUEST_BYTES * len(self.pipeline) + self._unread
        return self.transport.get_write_buffer_size() + waiting + (self._body_bytes if self._awaits_body() else 0)

    @property
    def incomplete_since(self) -> float | None:
        """The time since when a request's body is awaited; None if there is none, or if it is not the client who delays it."""
        is_awaited = self._awaits_body() and not self.flow.read_paused and not self.pipeline
        return self._body_since if is_awaited else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - uvicorn's own
        """Begin to wait for the first headers; refuse the connection if there are too many."""
        super().connection_made(transport)
        self.flow = PipelineFlow(transport, self._may_read)
        now = self.loop.time()
        self._waiting_since = self._progress_at = self.unsent_since = now
        if not self._state.make_room(self, now):
            self._refuse_connection()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._state.discard_slow(self)
        self._forget_waiting()

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, as far as there is room; requests without an upgrade take the same steps as in uvicorn."""
        if self._ahead:
            # Read before the pause took effect.
            self._ahead = bytes(self._ahead) + data
            return
        self._unset_keepalive_if_required()
        position, size = 0, len(data)
        piece: bytes | memoryview = data
        try:
            while True:
                if size > PIECE_BYTES:
                    # A view: a client may send thousands of requests at once.
                    piece = memoryview(data)[position : position + PIECE_BYTES]
                position += self._feed(piece)
                if position == size:
                    break
                if self.transport.get_protocol() is not self:
                    return
                if len(self.pipeline) >= MAX_AHEAD:
                    self._keep_ahead(memoryview(data)[position:])
                    return
                piece = memoryview(data)[position:]
        except HttpParserError:
            self._refuse_request()
            return
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope and not cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
            # The usual case: the headers are complete, and the request is being answered.
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = self.loop.time()

    def _feed(self, piece: bytes | memoryview) -> int:
        """Parse a piece up to its end, or to that of headers which ask for an upgrade; return how many bytes were parsed."""
        parsed = len(piece)
        self._unread += parsed
        try:
            self.parser.feed_data(piece)
        except HttpParserUpgrade as asked:
            parsed = cast("int", asked.args[0])
            if self._takes_upgrade():
                self.handle_websocket_upgrade()
                return parsed
            self._parse_again_without_upgrade()
        if self._unread > MAX_HEADER_BYTES:
            if self._is_too_large():
                raise HttpParserError
            # A long URL is under way.
            self._add_slow()
        return parsed

    def on_headers_complete(self) -> None:
        """Refuse headers that are too large; a server that is about to end closes the connection after the answer."""
        if len(self.headers) > MAX_HEADERS or (
            self._unread > MAX_HEADER_BYTES and self._header_bytes() > MAX_HEADER_BYTES
        ):
            self._refusal = _TOO_LARGE_HEADERS
            raise HttpParserError
        if self._unread > MAX_HEADER_BYTES:
            self._discard_slow()
        self._unread = self._body_bytes = 0
        self._body_since = self.loop.time()
        # Each request passes here, and super() would take longer.
        HttpToolsProtocol.on_headers_complete(self)
        if self._state.is_draining:
            self.close_after_answer()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL: a long one in many pieces would be copied with each, were it not for the array."""
        if not self.url:
            self.url = url
            return
        if isinstance(self.url, bytes):
            self.url = bytearray(self.url)
        self.url += url

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body: whatever has arrived so far was read."""
        self._unread = 0
        before = self._body_bytes
        self._body_bytes = before + len(body)
        super().on_body(body)
        if before <= HIGH_WATER_LIMIT < self._body_bytes and self._awaits_body():
            self._add_slow()

    def on_message_complete(self) -> None:
        """Take note that the body is there."""
        super().on_message_complete()
        if self._body_bytes > HIGH_WATER_LIMIT:
            self._discard_slow()

    def on_response_complete(self) -> None:
        """Begin the next request, and parse and read more if there is room."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._forget_waiting()
            return
        if self._ahead and len(self.pipeline) < MAX_AHEAD:
            ahead, self._ahead = self._ahead, b""
            self.data_received(cast("bytes", ahead))
            if not self._ahead:
                self._discard_slow()
        self.flow.resume_reading()

    def on_chunk_header(self) -> None:
        """Let go of the headers: fields that follow a chunk are trailers, which are not to be merged into them."""
        self.headers = []

    def _should_upgrade(self) -> bool:
        """Have uvicorn's callbacks leave every request that asks for an upgrade to `data_received`."""
        return True

    def _takes_upgrade(self) -> bool:
        """Whether the connection becomes a WebSocket: uvicorn has a protocol for it, and the request is a handshake."""
        return super()._should_upgrade() and self.scope["method"] == "GET"

    def _parse_again_without_upgrade(self) -> None:
        if self.scope["method"] == "CONNECT":
            # It asks for a tunnel by its method, and can't be read in another way.
            raise HttpParserError
        lines = [b"%b %b HTTP/%b" % (self.scope["method"].encode(), self.url, self.scope["http_version"].encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        # As uvicorn's own: after a request with `Connection: close`, more may have been sent.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

    def shutdown(self) -> None:
        """Close the connection, or have it closed after the answers to what has arrived, even if it was not read yet."""
        if self.idle_since is not None and self.has_arrived():
            return
        super().shutdown()

    def pause_writing(self) -> None:
        """Take note that the client reads more slowly than it is sent to."""
        super().pause_writing()
        self.unsent_since = self.loop.time()
        self._state.add_slow(self)

    def resume_writing(self) -> None:
        """Take note that the client has caught up."""
        super().resume_writing()
        self._discard_slow()

    def has_arrived(self) -> bool:
        """Whether the kernel has bytes of the client that this process has not read yet."""
        try:
            count = ioctl(self.transport.get_extra_info("socket").fileno(), FIONREAD, bytes(4))
        except OSError:
            return False
        return any(count)

    def close_after_answer(self) -> None:
        """Close the connection after the answers to the requests that have come."""
        if self._has_request():
            self.cycle.keep_alive = False

    def look(self, now: float, stalled: float) -> None:
        """Close the connection if its client has taken too long to send, or to read; while this process stalled, no time passed."""
        self._body_since += stalled
        self._progress_at += stalled
        if self._waiting_since is not None:
            # What is not read can't arrive.
            self._waiting_since = now if self.flow.read_paused else self._waiting_since + stalled
        unsent = self.unsent_bytes
        if unsent != self._last_unsent or not unsent:
            self._last_unsent, self._progress_at = unsent, now
        elif now - self._progress_at >= self._state.limits.send_seconds:
            self.end("slow_reader")
            return
        if self._waiting_since is None:
            self._look_at_body(now)
        elif now - self._waiting_since >= self._state.limits.head_seconds and not self.has_arrived():
            self._end_waiting()

    def _look_at_body(self, now: float) -> None:
        if not self._awaits_body():
            return
        if self.incomplete_since is None:
            self._body_since = now
        elif (
            now - self._body_since >= self._state.limits.body_seconds + self._body_bytes / MIN_BODY_RATE
            and not self.has_arrived()
        ):
            self._state.count("slow_body")
            self._give_up(
                f"The body took too long to arrive. Send it within {self._state.limits.body_seconds:g} seconds, "
                f"and one more for each {MIN_BODY_RATE:,} bytes."
            )

    def _end_waiting(self) -> None:
        """End the wait for headers, of which none or a part has arrived."""
        if self._has_request():
            # The answers to earlier requests are sent; what came after them is not read to its end.
            self.close_after_answer()
        elif self.transport.is_closing():
            return
        elif self._is_within_headers():
            self._state.count("slow_headers")
            self._give_up(f"The headers took longer than {self._state.limits.head_seconds:g} seconds to arrive.")
        else:
            self._state.count("silent")
            self.transport.close()

    def end(self, reason: str) -> None:
        """Close the connection at once, whatever is still to be sent; a client that has not sent its request is told so."""
        self._state.count(reason)
        self._state.connections.discard(self)
        if self._awaits_body() or (self._is_within_headers() and not self._has_request()):
            self._give_up(_TOO_MUCH_TO_DO)
        else:
            self.transport.abort()

    def _give_up(self, message: str) -> None:
        """Wait no longer for the rest of a request."""
        if self._awaits_body():
            self.cycle.scope["state"][GIVEN_UP] = True  # pyright: ignore[reportTypedDictNotRequiredAccess] - uvicorn sets it
        self._send_refusal(HTTPStatus.REQUEST_TIMEOUT, FailureCode.TIMEOUT, message)

    def _may_read(self) -> bool:
        """Whether there is room for more of what the client sends."""
        if self._ahead or len(self.pipeline) >= MAX_AHEAD:
            return False
        return not self.pipeline or len(self.cycle.body) <= HIGH_WATER_LIMIT

    def _keep_ahead(self, unread: memoryview) -> None:
        """Leave what was read for later."""
        self._ahead = unread
        self._waiting_since = None
        self.flow.pause_reading()
        self._add_slow()

    def _add_slow(self) -> None:
        """Take note that much is kept for the client."""
        if not self._state.is_slow(self):
            self.unsent_since = self.loop.time()
            self._state.add_slow(self)

    def _forget_waiting(self) -> None:
        """Drop the requests that will not be answered, as the connection is closed."""
        self._ahead = b""
        self.pipeline.clear()

    def _discard_slow(self) -> None:
        """Take note that little is kept for the client, unless there is more."""
        if not self._ahead and not self.flow.write_paused:
            self._state.discard_slow(self)

    def _awaits_body(self) -> bool:
        """Whether the last request's body is incomplete, and nothing of its answer was sent."""
        cycle = self.cycle
        if cycle is None or not cycle.more_body or cycle.response_started:  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
            return False
        return cycle.scope is self.scope and not self.transport.is_closing()

    def _has_request(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request

    def _is_within_headers(self) -> bool:
        """Whether a part of a request's headers has arrived."""
        scope = None if self.cycle is None else self.cycle.scope  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
        return self.scope is not scope

    def _is_too_large(self) -> bool:
        """Whether what was read since the last headers or body is more than a URL, headers or trailers may be."""
        if len(self.url) > self._state.limits.url_bytes:
            self._refusal = HTTPStatus.REQUEST_URI_TOO_LONG, FailureCode.PAYLOAD_TOO_LARGE, _TOO_LONG_URL
        elif self._unread - len(self.url) > MAX_HEADER_BYTES:
            self._refusal = _TOO_LARGE_HEADERS
        return self._refusal is not None

    def _header_bytes(self) -> int:
        return sum(len(name) + len(value) + _FIELD_BYTES for name, value in self.headers)

    def _refuse_request(self) -> None:
        """Answer what is no request, or too large a one, and close the connection."""
        if self._refusal is None:
            self._state.count("not_http")
            self.send_400_response(_INVALID)
            return
        self._state.count("headers_too_large")
        self._send_refusal(*self._refusal)

    def _send_refusal(self, status: int, code: FailureCode, message: str) -> None:
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
            self._write_refusal(status, error_body(code, message))
        self.transport.close()

    def _write_refusal(self, status: int, body: bytes, *headers: bytes) -> None:
        lines = [name + b": " + value for name, value in self._state.default_headers]
        lines += [b"content-type: application/json", b"content-length: %d" % len(body), b"connection: close"]
        self.transport.write(STATUS_LINE[status] + b"\r\n".join([*lines, *headers, b"", body]))

    def _refuse_connection(self) -> None:
        """Say that there are too many connections, and close this one once its client has had time to read that."""
        self._state.count("refused")
        self._state.connections.discard(self)
        if len(self._state.refused) >= _MAX_REFUSED:
            self.transport.abort()
            return
        body = error_body(FailureCode.SERVICE_UNAVAILABLE, _TOO_MANY_CONNECTIONS)
        self._write_refusal(HTTPStatus.SERVICE_UNAVAILABLE, body, b"retry-after: 1")
        RefusedConnection(self.transport, self._state.refused, self.loop)
