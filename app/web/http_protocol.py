"""uvicorn's HTTP/1.1 protocol, with limits, and corrected where it deviates from RFC 9110 (ADR 18).

As in uvicorn, each connection is one object. Its concerns are classes that extend each other: `http_upgrades`,
`http_state` (the connection's state), `http_rejections` (errors before the application), `http_timeouts`, and here the
callbacks, in the order of a connection's life.
"""

import asyncio
from typing import cast

from httptools import HttpParserError
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.http_rejections import MAX_HEADER_BYTES, MAX_HEADERS, too_large_headers
from app.web.http_timeouts import TimedProtocol
from app.web.pipelining import MAX_AHEAD, PIECE_BYTES, PipelineFlow


class HttpProtocol(TimedProtocol):
    """One connection. Data of the client is read only while there is room for it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as in uvicorn
        """Start to wait for the first headers; refuse the connection if too many are open."""
        super().connection_made(transport)
        self.flow = PipelineFlow(transport, self._may_read)
        # Pause until all is sent: a piece of an answer stays in memory until its last byte is.
        transport.set_write_buffer_limits(high=0)
        now = self.loop.time()
        self._waiting_since = self._progress_at = self._slow_since = now
        if not self._state.make_room(self, now):
            self._refuse_connection()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection's state, and tell the request that is being answered that its client has left."""
        super().connection_lost(exc)
        running = self._running
        # uvicorn tells only the last request that has arrived.
        if running is not None and not running.response_complete:
            running.disconnected = True
            running.message_event.set()
        self._tell_leaving()
        self._state.discard_slow(self)
        self._state.refused.discard(self)
        self._forget_waiting()

    def eof_received(self) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride] - uvicorn always closes
        """Answer the complete requests of a client that sends no more but still reads, then close the connection.

        A client that has left altogether can't be told apart before something is sent to it.
        """
        self._has_ended = True
        self._state.wake(self)
        self._end_input()
        self._tell_leaving()
        return not self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        """Parse received data while there is room. Requests without an upgrade are handled as in uvicorn."""
        self._read(data)

    def _read(self, data: bytes | memoryview) -> None:
        """Parse data that was just received, or was kept because there was no room for it."""
        self._state.wake(self)
        if self._ahead or self._http_error is not None:
            self._receive_early(data)
            return
        self._unset_keepalive_if_required()
        position, size = 0, len(data)
        piece: bytes | memoryview = data
        try:
            while True:
                if size > PIECE_BYTES:
                    # A view, not a copy: a client may send thousands of requests at once.
                    piece = memoryview(data)[position : position + PIECE_BYTES]
                position += self._feed(piece)
                if position == size:
                    break
                if (successor := self.transport.get_protocol()) is not self:
                    cast("asyncio.Protocol", successor).data_received(bytes(memoryview(data)[position:]))
                    return
                if len(self.pipeline) >= MAX_AHEAD:
                    self._keep_ahead(memoryview(data)[position:])
                    return
                piece = memoryview(data)[position:]
        except HttpParserError:
            self._reject_unreadable()
            return
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope and not cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison] - it is None before the first request
            # The usual case: the headers are complete, and the request is being answered.
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = self.loop.time()

    def _receive_early(self, data: bytes | memoryview) -> None:
        """Keep data that was received before a pause took effect; drop data that follows a rejected request."""
        if self._http_error is None:
            self._ahead = bytes(self._ahead) + data

    def _feed(self, piece: bytes | memoryview) -> int:
        """Parse a piece, and return the number of bytes parsed. Raise HttpParserError if it must be rejected."""
        self._unread += len(piece)
        parsed = self.parse(piece)
        if self._unread > MAX_HEADER_BYTES:
            if self._is_too_large():
                raise HttpParserError
            # A long URL is incomplete.
            self._add_slow()
        return parsed

    def on_headers_complete(self) -> None:
        """Reject a URL or headers that are too long.

        While the server shuts down, close the connection after the answer.
        """
        if len(self.headers) > MAX_HEADERS or (
            self._unread > MAX_HEADER_BYTES and self._header_bytes() > MAX_HEADER_BYTES
        ):
            self._http_error = too_large_headers()
            raise HttpParserError
        if self._unread > MAX_HEADER_BYTES:
            if self._is_too_large():
                raise HttpParserError
            self._discard_slow()
        self._unread = self._body_bytes = 0
        self._body_since = self.loop.time()
        # Called for each request; super() would be slower.
        HttpToolsProtocol.on_headers_complete(self)
        if self._state.is_draining:
            self.close_after_answer()

    def on_url(self, url: bytes) -> None:
        """Append a piece of the URL.

        Further pieces go to a bytearray, because bytes would be copied with each piece.
        """
        if not self.url:
            self.url = url
            return
        if isinstance(self.url, bytes):
            self.url = bytearray(self.url)
        self.url += url

    def on_body(self, body: bytes) -> None:
        """Append a piece of the body. All data received so far has been parsed."""
        self._unread = 0
        before = self._body_bytes
        self._body_bytes = before + len(body)
        super().on_body(body)
        if before <= HIGH_WATER_LIMIT < self._body_bytes and self._awaits_body():
            self._add_slow()

    def on_message_complete(self) -> None:
        """Record that the body is complete."""
        super().on_message_complete()
        if self._body_bytes > HIGH_WATER_LIMIT:
            self._discard_slow()

    def on_response_complete(self) -> None:
        """Start the next request, and parse and read more if there is room."""
        self._state.wake(self)
        if self._http_error is not None:
            self._end_with_error()
            return
        super().on_response_complete()
        if self.transport.is_closing():
            self._forget_waiting()
            return
        if self._ahead and len(self.pipeline) < MAX_AHEAD:
            ahead, self._ahead = self._ahead, b""
            self._read(ahead)
            if not self._ahead:
                self._discard_slow()
        if self._has_ended:
            self._end_input()
        self.flow.resume_reading()

    def shutdown(self) -> None:
        """Close the connection now, or after the answers to requests that have arrived, including unread ones."""
        if self.idle_since is not None and self.has_arrived():
            return
        super().shutdown()

    def pause_writing(self) -> None:
        """Record that the client reads more slowly than the server sends: something is unsent."""
        super().pause_writing()
        self._slow_since = self.loop.time()
        self._state.add_slow(self)

    def resume_writing(self) -> None:
        """Record that the client has caught up: all is sent."""
        super().resume_writing()
        self._discard_slow()

    def _end_with_error(self) -> None:
        """Start the next request before the rejected one, or send the error."""
        if self.pipeline and self.pipeline[0][0].more_body:
            # This is the rejected request: its body can't be read.
            self.pipeline.popleft()
        is_next = not self.pipeline
        super().on_response_complete()
        if is_next and not self.transport.is_closing():
            self._send_error()

    def _end_input(self) -> None:
        """Drop a request whose rest won't arrive, and close the connection now or after the answers to earlier ones."""
        if self._ahead:
            return
        self._waiting_since = None
        if self._http_error is None and self.pipeline and self.pipeline[0][0].more_body:
            self.pipeline.popleft()
            last = self.pipeline[0][0] if self.pipeline else self._running
            assert last is not None  # noqa: S101 - a request only waits while an earlier one is answered
            self.cycle = last
        if not (self.pipeline or self._is_answering()):
            self.transport.close()
        elif self._http_error is None:
            self.close_after_answer()

    def _may_read(self) -> bool:
        """Return whether the client may send more data, and there is room for it."""
        if self._has_ended or self.transport.is_closing():
            return False
        if self._ahead or len(self.pipeline) >= MAX_AHEAD:
            return False
        return not self.pipeline or len(self.cycle.body) <= HIGH_WATER_LIMIT

    def _keep_ahead(self, unread: memoryview) -> None:
        """Keep received data for later."""
        self._ahead = unread
        self._waiting_since = None
        self.flow.pause_reading()
        self._add_slow()

    def _add_slow(self) -> None:
        """Record that many bytes are buffered for the client."""
        if not self._state.is_slow(self):
            self._slow_since = self.loop.time()
            self._state.add_slow(self)

    def _forget_waiting(self) -> None:
        """Drop requests that can't be answered because the connection is closed."""
        self._ahead = b""
        self.pipeline.clear()

    def _discard_slow(self) -> None:
        """Record that few bytes are buffered for the client, unless other data is."""
        if not self._ahead and not self.flow.write_paused:
            self._state.discard_slow(self)
