"""Many subscribers to changes, over SSE and over WebSockets.

They are plain connections of this process, which only count what they receive, and answer pings.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from tests.support.served import Served, post
from tests.support.until import until

FOLLOW = """subscription ($after: String) {
  changes(after: $after) { cursor version subject { ... on Customer { id name contacts { name } } } }
}"""
_TOGETHER = 200
_HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
_PING, _PONG = b"\x89\x00", b"\x8a\x80\x00\x00\x00\x00"


class Subscriber(asyncio.Protocol):
    """A connection that subscribes, and notes when each event arrived."""

    event: ClassVar[bytes]
    """What each event contains once."""

    def __init__(self, first: bytes) -> None:
        self._first = first
        self.arrived: list[float] = []
        self.is_open = False
        self.pings = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._first)

    def data_received(self, data: bytes) -> None:
        self.arrived += [time.perf_counter()] * data.count(self.event)


class _SseSubscriber(Subscriber):
    event = b"event: next"

    def data_received(self, data: bytes) -> None:
        self.is_open = self.is_open or data.startswith(b"HTTP/1.1 200")
        super().data_received(data)


class _WebSocketSubscriber(Subscriber):
    event = b'"id":"1","type":"next"'

    def __init__(self, token: str, cursor: str) -> None:
        super().__init__(_HANDSHAKE)
        self._token = token
        self._cursor = cursor

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 101"):
            self.transport.write(_frame({"type": "connection_init", "payload": {"authorization": self._token}}))
        elif b"connection_ack" in data:
            payload = {"query": FOLLOW, "variables": {"after": self._cursor}}
            self.transport.write(_frame({"id": "1", "type": "subscribe", "payload": payload}))
            self.is_open = True
        elif data == _PING:
            self.pings += 1
            self.transport.write(_PONG)
        super().data_received(data)


def _frame(message: dict[str, object]) -> bytes:
    """Return a client's frame, whose mask is zero."""
    data = json.dumps(message).encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + data


Transport = Callable[[Served, dict[str, str]], Awaitable[Callable[[], Subscriber]]]
"""Returns what makes subscribers over a transport, from the headers of a request."""


async def over_sse(_service: Served, headers: dict[str, str]) -> Callable[[], Subscriber]:
    """Return what makes subscribers over SSE."""
    body = json.dumps({"query": FOLLOW}).encode()
    named = {**headers, "host": "localhost", "accept": "text/event-stream", "content-type": "application/json"}
    lines = [f"{name}: {value}" for name, value in {**named, "content-length": str(len(body))}.items()]
    request = "\r\n".join(["POST /graphql HTTP/1.1", *lines, "", ""]).encode() + body
    return lambda: _SseSubscriber(request)


async def over_websockets(service: Served, headers: dict[str, str]) -> Callable[[], Subscriber]:
    """Return what makes subscribers over WebSockets, each with a connection, that begin at the same cursor."""
    _, _, answer = await post(service.port, headers, {"query": "{ feedCursor }"})
    token, cursor = headers["authorization"], json.loads(answer)["data"]["feedCursor"]
    return lambda: _WebSocketSubscriber(token, cursor)


@asynccontextmanager
async def subscribers(
    transport: Transport, service: Served, headers: dict[str, str], count: int
) -> AsyncGenerator[Sequence[Subscriber]]:
    """Open this many subscriptions, and wait until they have begun."""
    loop, make = asyncio.get_running_loop(), await transport(service, headers)
    opened: list[tuple[asyncio.Transport, Subscriber]] = []
    try:
        while len(opened) < count:
            # More at once would be told to come back later.
            opened += [
                await loop.create_connection(make, "127.0.0.1", service.port)
                for _ in range(min(_TOGETHER, count - len(opened)))
            ]
            latest = opened[-_TOGETHER:]
            await until(lambda: all(protocol.is_open for _, protocol in latest), 60)  # noqa: B023 - awaited here
        await asyncio.sleep(2)
        yield [protocol for _, protocol in opened]
    finally:
        for opened_transport, _ in opened:
            opened_transport.abort()
