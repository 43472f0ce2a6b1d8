"""Clients that end their side of the connection before they read, and clients that leave altogether, on both event
loops."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from app.web.envelope import Envelope
from app.web.http_protocol import HttpProtocol
from app.web.pipelining import MAX_AHEAD
from tests.support.listening import Wire, listening, wired
from tests.support.tracked import tracked

pytestmark = pytest.mark.usefixtures("reading")

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"
OK = b"HTTP/1.1 200"
_SECONDS = 20
Test = Callable[..., Coroutine[Any, Any, None]]


class Held:
    """Answers requests when it is let go on, in two pieces; counts those whose client has left."""

    def __init__(self) -> None:
        self.may_go_on = asyncio.Event()
        self.begun = asyncio.Event()
        self.left = 0
        self.is_watching = False
        """Whether it waits for the client to leave."""

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        while message.get("more_body"):
            message = await receive()
        if message["type"] == "http.disconnect":
            self.left += 1
            return
        self.begun.set()
        if self.is_watching:
            assert (await receive())["type"] == "http.disconnect"
            self.left += 1
            return
        await self.may_go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        await send({"type": "http.response.body", "body": b"k"})


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Callable[[Test], None]:
    """Run a test of a held application on an event loop, and assert that nothing is logged and no connection is
    left."""

    async def on_a_wire(test: Test) -> None:
        app = Held()
        async with asyncio.timeout(_SECONDS), listening(Envelope(app)) as port, wired(port) as wire:
            await test(app, wire)
            await no_connection()
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []

    def run_(test: Test) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(on_a_wire(test))

    return run_


def connections() -> list[HttpProtocol]:
    """The server's ends of open connections."""
    return [
        protocol
        for protocol in tracked(HttpProtocol)
        if protocol in protocol.connections and protocol.loop is asyncio.get_running_loop()
    ]


async def no_connection() -> None:
    """Wait until the server has no connection."""
    while connections():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("sent", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("count", [1, 2, MAX_AHEAD, 8, 300])
def test_all_requests_of_a_client_that_sends_no_more_are_answered(
    run: Callable[[Test], None], sent: bytes, count: int
) -> None:
    async def test(app: Held, wire: Wire) -> None:
        wire.write(sent * count)
        wire.end()
        await app.begun.wait()
        await asyncio.sleep(0.05)
        app.may_go_on.set()
        assert (await wire.rest()).count(OK) == count

    run(test)


@pytest.mark.parametrize("sent", [b"", GET[:20], POST[:-1]], ids=["nothing", "half a head", "half a body"])
def test_a_connection_without_a_complete_request_is_closed_at_once(run: Callable[[Test], None], sent: bytes) -> None:
    async def test(app: Held, wire: Wire) -> None:
        begun = time.monotonic()
        await wire.send(sent)
        wire.end()
        assert await wire.rest() == b""
        assert time.monotonic() - begun < 5
        assert app.left == (sent == POST[:-1])

    run(test)


@pytest.mark.parametrize("sent", [GET[:20], POST[:-1]], ids=["half a head", "half a body"])
@pytest.mark.parametrize("count", [1, 2, 8])
def test_complete_requests_are_answered_and_one_that_stays_incomplete_is_not(
    run: Callable[[Test], None], sent: bytes, count: int
) -> None:
    async def test(app: Held, wire: Wire) -> None:
        wire.write(GET * count + sent)
        wire.end()
        await app.begun.wait()
        await asyncio.sleep(0.05)
        app.may_go_on.set()
        assert (await wire.rest()).count(b"HTTP/1.1 ") == count

    run(test)


def test_a_connection_that_was_used_is_closed_when_its_client_sends_no_more(run: Callable[[Test], None]) -> None:
    async def test(app: Held, wire: Wire) -> None:
        app.may_go_on.set()
        await wire.send(GET)
        assert (await wire.reply()).status == 200
        wire.end()
        assert await wire.rest() == b""

    run(test)


@pytest.mark.parametrize("has_ended", [False, True], ids=["reset", "reset after its end"])
@pytest.mark.parametrize("count", [1, 2, 8, 300])
def test_a_client_that_has_left_is_noticed_without_a_traceback(
    run: Callable[[Test], None], count: int, *, has_ended: bool
) -> None:
    async def test(app: Held, wire: Wire) -> None:
        wire.write(GET * count)
        await app.begun.wait()
        if has_ended:
            wire.end()
            await asyncio.sleep(0.05)
        wire.reset()
        await asyncio.sleep(0.05)
        app.may_go_on.set()

    run(test)


def test_the_answered_request_is_told_that_its_client_left_although_others_wait(
    run: Callable[[Test], None],
) -> None:
    async def test(app: Held, wire: Wire) -> None:
        app.is_watching = True
        wire.write(GET * 3)
        await app.begun.wait()
        wire.reset()
        while not app.left:  # noqa: ASYNC110 - the client's leaving is what it waits for
            await asyncio.sleep(0.01)

    run(test)
