"""Answers whose length is unknown when they begin: in chunks, or up to the end of the connection for HTTP/1.0; and such
answers that are cut off, which no client takes for complete ones."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from app.web.answers import Answer
from app.web.envelope import Envelope
from app.web.http_framing import AnswerCut
from app.web.transports import end_with_reset, has_unread
from tests.support.listening import Wire, listening, wired

pytestmark = pytest.mark.usefixtures("reading")

HTTP_1_1 = b"%b /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
HTTP_1_0 = b"%b /%b HTTP/1.0\r\n\r\n"
CHUNKS = b"6\r\nfirst,\r\n4\r\nlast\r\n0\r\n\r\n"
Run = Callable[[Callable[[Wire], Coroutine[Any, Any, None]]], None]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in pieces, in whole or in part."""
    if scope["path"] == "/whole":
        await Answer(200, b'"whole"').send(send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"first,", "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    if scope["path"] == "/left":
        while (await receive())["type"] != "http.disconnect":
            pass
        # The transport is closed a turn later.
        await asyncio.sleep(0.01)
        raise AnswerCut
    if scope["path"] == "/cut":
        # Long enough that what was sent is read.
        await asyncio.sleep(0.05)
        raise AnswerCut
    await send({"type": "http.response.body", "body": b"last", "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Run:
    """Run a test with a connection to the application on an event loop, and assert that nothing is logged."""

    async def on_a_wire(test: Callable[[Wire], Coroutine[Any, Any, None]]) -> None:
        async with listening(Envelope(app)) as port, wired(port) as wire:
            await test(wire)
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []

    def run_(test: Callable[[Wire], Coroutine[Any, Any, None]]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(on_a_wire(test))

    return run_


def test_an_answer_of_unknown_length_has_chunks(run: Run) -> None:
    async def test(wire: Wire) -> None:
        await wire.send(HTTP_1_1 % (b"GET", b"long"))
        assert (await wire.reply()).headers["transfer-encoding"] == "chunked"
        assert await wire.exactly(len(CHUNKS)) == CHUNKS
        # The connection stays open.
        await wire.send(HTTP_1_1 % (b"GET", b"whole"))
        assert (await wire.reply()).body == b'"whole"'

    run(test)


def test_a_client_of_http_1_0_gets_no_chunks(run: Run) -> None:
    async def test(wire: Wire) -> None:
        await wire.send(HTTP_1_0 % (b"GET", b"long"))
        reply = await wire.reply()
        assert "transfer-encoding" not in reply.headers
        assert "content-length" not in reply.headers
        assert reply.headers["connection"] == "close"
        assert await wire.rest() == b"first,last"

    run(test)


def test_a_client_of_http_1_0_gets_the_length_of_a_whole_answer(run: Run) -> None:
    async def test(wire: Wire) -> None:
        await wire.send(HTTP_1_0 % (b"GET", b"whole"))
        assert (await wire.reply()).body == b'"whole"'
        assert await wire.rest() == b""

    run(test)


@pytest.mark.parametrize("path", [b"long", b"whole"])
@pytest.mark.parametrize("line", [HTTP_1_1, HTTP_1_0])
def test_the_answer_to_head_has_no_body(line: bytes, path: bytes, run: Run) -> None:
    async def test(wire: Wire) -> None:
        await wire.send(line % (b"HEAD", path))
        head = await wire.exactly(12)
        wire.end()
        assert head == b"HTTP/1.1 200"
        assert (await wire.rest()).endswith(b"\r\n\r\n")

    run(test)


def test_an_answer_that_is_cut_off_lacks_its_last_chunk(run: Run) -> None:
    async def test(wire: Wire) -> None:
        await wire.send(HTTP_1_1 % (b"GET", b"cut"))
        assert (await wire.reply()).headers["transfer-encoding"] == "chunked"
        assert await wire.rest() == b"6\r\nfirst,\r\n"

    run(test)


def test_an_answer_without_chunks_that_is_cut_off_ends_with_a_reset(run: Run) -> None:
    async def test(wire: Wire) -> None:
        await wire.send(HTTP_1_0 % (b"GET", b"cut"))
        await wire.reply()
        assert await wire.exactly(6) == b"first,"
        with pytest.raises(ConnectionResetError):
            await wire.rest()

    run(test)


@pytest.mark.parametrize("line", [HTTP_1_1, HTTP_1_0])
def test_a_client_that_leaves_its_answer_is_not_a_failure(line: bytes, run: Run) -> None:
    async def test(wire: Wire) -> None:
        await wire.send(line % (b"GET", b"left"))
        await wire.reply()
        wire.reset()
        await asyncio.sleep(0.1)

    run(test)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("has_socket", [True, False])
def test_a_closed_connection_has_no_socket(
    *, has_socket: bool, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def test() -> None:
        made, lost = asyncio.Event(), asyncio.Event()
        transports: list[asyncio.Transport] = []

        class Kept(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                # uvloop's is no subclass.
                transports.append(cast("asyncio.Transport", transport))
                # uvloop makes the socket when it is first asked for.
                assert not has_socket or transport.get_extra_info("socket") is not None
                made.set()

            def connection_lost(self, exc: Exception | None) -> None:
                assert exc is None or isinstance(exc, OSError)
                lost.set()

        async with await asyncio.get_running_loop().create_server(Kept, "127.0.0.1", 0) as server:
            async with wired(server.sockets[0].getsockname()[1]) as wire:
                await made.wait()
                wire.reset()
                await lost.wait()
            await asyncio.sleep(0)
            assert not has_unread(transports[0])
            end_with_reset(transports[0], is_on=True)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(test())
