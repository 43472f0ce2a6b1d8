"""Requests that are sent before the answers to earlier ones: all are answered, and few are kept meanwhile."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from app.web.connections import ConnectionLimits, usage
from app.web.http_protocol import HttpProtocol
from app.web.pipelining import MAX_AHEAD, PIECE_BYTES
from tests.support.listening import Wire, listening, wired
from tests.support.tracked import tracked

pytestmark = pytest.mark.usefixtures("reading")

SHORTEST = b"GET / HTTP/1.1\r\n\r\n"
MANY = 10_000
_PIECE = PIECE_BYTES // len(SHORTEST) + 1


class Slow:
    """Answers a request with its body when it is let go on; looks meanwhile whether the client is still there."""

    def __init__(self) -> None:
        self.may_go_on = asyncio.Event()
        self.answered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        watching = asyncio.ensure_future(receive())
        await self.may_go_on.wait()
        watching.cancel()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.answered += 1


@asynccontextmanager
async def asked(app: Slow, sent: bytes, limits: ConnectionLimits | None = None) -> AsyncGenerator[Wire]:
    """A connection on which this was sent; its client can't wait until all of it is taken."""
    async with listening(app, limits=limits) as port, wired(port) as wire:
        sending = asyncio.create_task(wire.send(sent))
        await asyncio.sleep(0.3)
        yield wire
        sending.cancel()


def protocol() -> HttpProtocol:
    """The server's end of the one connection that has a request."""
    (found,) = (connection for connection in tracked(HttpProtocol) if connection.pipeline)
    return found


async def test_of_thousands_of_requests_sent_ahead_few_are_parsed_and_all_are_answered() -> None:
    app = Slow()
    async with asked(app, SHORTEST * MANY) as wire:
        connection = protocol()
        assert MAX_AHEAD <= len(connection.pipeline) <= MAX_AHEAD + _PIECE
        before = connection.buffered_bytes
        await asyncio.sleep(0.3)
        assert connection.buffered_bytes == before < 1_000_000
        app.may_go_on.set()
        for _ in range(MANY):
            assert (await wire.reply()).status == 200
    assert app.answered == MANY


async def test_bodies_that_are_sent_ahead_arrive_whole() -> None:
    app = Slow()
    bodies = [bytes([65 + place]) * size for place, size in enumerate((0, 10, 300_000, 3, 100_000, 5_000, 1, 700_000))]
    sent = b"".join(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content) for content in bodies)
    async with asked(app, sent * 3) as wire:
        app.may_go_on.set()
        for body in bodies * 3:
            assert (await wire.reply()).body == body


async def test_nothing_is_kept_of_requests_whose_client_has_left() -> None:
    app = Slow()
    async with listening(app) as port:
        async with wired(port) as wire:
            sending = asyncio.create_task(wire.send(SHORTEST * MANY))
            await asyncio.sleep(0.3)
            connection = protocol()
            sending.cancel()
        app.may_go_on.set()
        end = time.monotonic() + 5
        while connection.pipeline:
            assert time.monotonic() < end
            await asyncio.sleep(0.01)
        assert connection.buffered_bytes == 0


async def test_requests_that_wait_count_toward_what_is_kept_for_clients() -> None:
    before = usage.ended["unsent_bytes"]
    async with asked(Slow(), SHORTEST * MANY, ConnectionLimits(unsent_bytes=100_000)) as wire:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await wire.exactly(1)
    assert usage.ended["unsent_bytes"] == before + 1


async def test_what_is_not_read_does_not_count_as_late_headers() -> None:
    app = Slow()
    async with asked(app, SHORTEST * MANY, ConnectionLimits(head_seconds=0.2)) as wire:
        await asyncio.sleep(2.2)
        app.may_go_on.set()
        for _ in range(MANY):
            assert "connection" not in (await wire.reply()).headers
