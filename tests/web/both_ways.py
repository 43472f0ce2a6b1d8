"""Streams of bytes to two servers, of which one reads ordinary requests as a whole and one parses all."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from starlette.types import ASGIApp

from tests.support import listening as support
from tests.support.listening import listening

BODY = json.dumps({"query": "{hello}"}).encode()
HEADERS = (b"Host: service.test", b"Authorization: Bearer good", b"Content-Type: application/json")
LENGTH = b"Content-Length: %d" % len(BODY)
SMUGGLED = b"GET /graphql?query={subject} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
_VARYING = re.compile(rb"(date: |x-request-id: )(?:[0-9a-f]{32}|[A-Z][^\r]*GMT)")
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
CHUNKED = b"Transfer-Encoding: chunked"


def request(
    *headers: bytes, line: bytes = b"POST /graphql HTTP/1.1", body: bytes = BODY, end: bytes = b"\r\n"
) -> bytes:
    """Return a request with these headers."""
    return end.join((line, *headers, b"", b"")) + body


@asynccontextmanager
async def both_ways(make_app: Callable[[], ASGIApp]) -> AsyncGenerator[tuple[int, int]]:
    """Serve two applications, and yield their ports. The second server passes all requests to the parser."""
    async with AsyncExitStack() as stack:
        ports: list[int] = []
        for reads_whole in (True, False):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(support, "reads_whole", reads_whole)
                ports.append(await stack.enter_async_context(listening(make_app())))
        whole, parsed = ports
        yield whole, parsed


class Client(asyncio.Protocol):
    """Keeps what it receives, also if the connection is reset then."""

    def __init__(self) -> None:
        self.received = b""
        self.has_ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.has_ended.set()


async def answers(port: int, *pieces: bytes) -> bytes:
    """Return all bytes that a server sends to a client that sends these pieces and then ends the connection.

    The date and new request ids are replaced.
    """
    transport, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    for piece in pieces:
        if not transport.is_closing():
            transport.write(piece)
            # Long enough for the server, which is in this loop, to read it alone.
            await asyncio.sleep(0.002)
    if not transport.is_closing():
        transport.write_eof()
    async with asyncio.timeout(30):
        await client.has_ended.wait()
    return _VARYING.sub(rb"\1", client.received)


async def assert_alike(ports: tuple[int, int], *pieces: bytes) -> None:
    """Assert that both servers answer with the same bytes."""
    whole, parsed = await asyncio.gather(*(answers(port, *pieces) for port in ports))
    assert whole == parsed
