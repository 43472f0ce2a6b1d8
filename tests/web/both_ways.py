"""Streams of bytes to two servers, of which one reads ordinary requests as a whole and one parses all."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import strategies as st
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
_PIECES = (b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b"0\r\n\r\n", BODY, CHUNKS, SMUGGLED)
"""What is inserted into requests of all kinds."""


def request(
    *headers: bytes, line: bytes = b"POST /graphql HTTP/1.1", body: bytes = BODY, end: bytes = b"\r\n"
) -> bytes:
    """Return a request with these headers."""
    return end.join((line, *headers, b"", b"")) + body


def changed_and_cut(
    ordinary: bytes, headers: Iterable[bytes], *pieces: bytes
) -> st.SearchStrategy[tuple[bytes, bytes]]:
    """Return an ordinary request with a few changes, in two parts.

    `headers` are its own, which are inserted as other headers are; `pieces` are inserted beside those of all requests.
    """
    lines = (*headers, LENGTH, CHUNKED, b"Connection: close", b"Expect: 100-continue", b"Content-Length: 3", b"X: y")
    inserted = st.sampled_from([*(line + b"\r\n" for line in lines), *_PIECES, ordinary, *pieces])
    places = st.integers(0, len(ordinary))
    changes = st.lists(st.tuples(places, st.integers(0, 12), inserted), min_size=1, max_size=3)
    return st.builds(_changed_and_cut, st.just(ordinary), changes, places)


def _changed_and_cut(sent: bytes, changes: Sequence[tuple[int, int, bytes]], cut: int) -> tuple[bytes, bytes]:
    for place, removed, inserted in changes:
        sent = sent[:place] + inserted + sent[place + removed :]
    return sent[:cut], sent[cut:]


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
