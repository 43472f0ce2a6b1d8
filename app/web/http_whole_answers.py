"""Answers to requests that arrived in one piece: headers and body are written together."""

from asyncio import Event
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

from typing_extensions import override
from uvicorn._types import ASGIReceiveEvent, ASGISendEvent, HTTPResponseStartEvent, HTTPScope
from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

_SMALL_BODY = 16_384
"""Maximum size of a body, in bytes, that is copied to be written together with its headers."""
_FRAMING = frozenset({b"content-length: ", b"transfer-encoding: ", b"connection: "})
_PLAIN = bytes({*b"\t", *range(0x20, 0x7F), *range(0x80, 0x100)})
"""The bytes that the value of a header may contain."""


class WholeCycle(RequestResponseCycle):
    """A request that was read as a whole. Its answer is written as a whole, too, unless it is sent in pieces."""

    # uvicorn sets these for each request.
    disconnected = False
    keep_alive = True
    waiting_for_100_continue = False
    more_body = False
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    access_log = False

    def __init__(
        self,
        protocol: HttpToolsProtocol,
        answered: Callable[[RequestResponseCycle], None],
        scope: HTTPScope,
        body: bytes,
    ) -> None:  # pyright: ignore[reportMissingSuperCall] - it takes longer than all of this
        self.scope = scope
        self.transport = protocol.transport
        self.flow = protocol.flow
        self.logger = protocol.logger
        self.access_logger = protocol.access_logger
        self.default_headers = protocol.server_state.default_headers
        self.on_response = lambda: answered(self)
        self._whole_body: bytes | None = body
        self._start: HTTPResponseStartEvent | None = None

    @cached_property
    def message_event(self) -> Event:  # pyright: ignore[reportIncompatibleVariableOverride] - most requests need none
        """Set when the client leaves, or when the answer is complete."""
        return Event()

    @cached_property
    def body(self) -> bytearray:  # pyright: ignore[reportIncompatibleVariableOverride] - the same
        """The part of the body that `receive` has not returned yet, as uvicorn keeps it: none."""
        return bytearray()

    @override
    async def receive(self) -> ASGIReceiveEvent:
        body = self._whole_body
        if body is None or self.disconnected or self.response_complete:
            return await super().receive()
        self._whole_body = None
        return {"type": "http.request", "body": body, "more_body": False}

    @override
    async def send(self, message: ASGISendEvent) -> None:
        start = self._start
        if start is None:
            if message["type"] == "http.response.start" and not self.response_started:
                # Written together with the body.
                self._start = message
                self.response_started = True
            else:
                await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        self._start = None
        if not (message["type"] == "http.response.body" and self.keep_alive and self._has_written(start, message)):
            self.response_started = False
            await super().send(start)
            await super().send(message)

    def _has_written(self, start: HTTPResponseStartEvent, message: Any) -> bool:
        """Write a whole answer, and return whether it was one."""
        body: bytes = message.get("body", b"")
        if message.get("more_body", False) or start["status"] in {204, 304}:
            return False
        lines = [STATUS_LINE[start["status"]]]
        size: bytes | None = None
        for name, value in (*self.default_headers, *start.get("headers", ())):
            beginning = _beginning_of(name)
            if beginning in _FRAMING:
                if beginning != b"content-length: " or size is not None:
                    return False
                size = value
            lines += (beginning, value, b"\r\n")
        lines.append(b"\r\n")
        if size != b"%d" % len(body):
            return False
        head = b"".join(lines)
        if head.translate(None, _PLAIN) != b"\r\n" * ((len(lines) - 2) // 3 + 2):
            msg = "Invalid HTTP header value."
            raise RuntimeError(msg)
        if len(body) <= _SMALL_BODY:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)
        self.response_complete = True
        if "message_event" in vars(self):
            self.message_event.set()
        self.on_response()
        return True


@lru_cache(maxsize=256)
def _beginning_of(name: bytes) -> bytes:
    """Return the beginning of a header's line. Raise RuntimeError for an invalid name, as uvicorn does."""
    if HEADER_RE.search(name):
        msg = "Invalid HTTP header name."
        raise RuntimeError(msg)
    return name.lower() + b": "
