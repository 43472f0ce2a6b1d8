"""WebSockets as connections of the server: handshakes, limits on what clients may take, and the end of the server."""

import asyncio
import gc
import json
import logging
import struct
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request

from app.web import websocket_connection
from app.web.connections import COMPANY_ID, IDLE_SINCE, RESUMABLE, ConnectionLimits, Connections, usage
from app.web.envelope import Envelope
from app.web.http_whole import WholeProtocol
from app.web.websocket_connection import DRAIN
from tests.support.listening import Wire, listening, wired
from tests.support.tracked import tracked
from tests.support.transport_client import connections
from tests.support.until import until

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: service.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
LARGE = 12_000_000


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each message back: `large` and `stream` with many bytes, and nothing for `quiet`.

    Connections at /busy run an operation until the server ends.
    """
    assert scope["type"] == "websocket"
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    scope["state"][COMPANY_ID] = scope["query_string"] or None
    scope["state"][IDLE_SINCE] = None if scope["path"] == "/busy" else asyncio.get_running_loop().time()
    while True:
        message = await receive()
        if message["type"] == DRAIN:
            await send({"type": "websocket.close", "code": 1012, "reason": "Drained."})
        elif message["type"] == "websocket.disconnect":
            return
        elif message["text"] == "large":
            await send({"type": "websocket.send", "text": "x" * LARGE})
        elif message["text"] == "stream":
            await send(cast("Any", {"type": "websocket.send", "text": "x" * LARGE, RESUMABLE: True}))
        elif message["text"] != "quiet":
            await send({"type": "websocket.send", "text": message["text"]})


def opened(port: int, path: str = "/graphql", **options: Any) -> connect:
    """Open a WebSocket with a client that is pinged, but doesn't ping."""
    return connect(f"ws://127.0.0.1:{port}{path}", ping_interval=None, **options)


async def closing(socket_: ClientConnection) -> tuple[int | None, str]:
    """Wait until the server closes a WebSocket; return its code and reason."""
    async with asyncio.timeout(20):
        await socket_.wait_closed()
    return socket_.close_code, socket_.close_reason or ""


@asynccontextmanager
async def framed(port: int) -> AsyncGenerator[Wire]:
    """Open a WebSocket as bytes on a connection."""
    async with wired(port) as wire:
        await wire.send(HANDSHAKE + b"\r\n")
        assert (await wire.reply()).status == 101
        yield wire


def frame(data: bytes, opcode: int = 1, *, is_final: bool = True) -> bytes:
    """Return a client's frame. Its mask is zero, so that its data are as they are."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
    return bytes([opcode | 0x80 * is_final]) + size + bytes(4) + data


async def ended(reason: str, before: int) -> None:
    """Wait until one more connection was ended for a reason."""
    await until(lambda: usage.ended[reason] > before, 20)


async def test_messages_pass_in_both_directions() -> None:
    async with listening(Envelope(echo)) as port, opened(port) as socket_:
        for text in ("first", "zweite Ø", "x" * 200_000):
            await socket_.send(text)
            assert await socket_.recv() == text


async def test_what_a_client_sends_right_after_its_handshake_is_read() -> None:
    async with listening(Envelope(echo)) as port, wired(port) as wire:
        await wire.send(HANDSHAKE + b"\r\n" + frame(b"early"))
        assert (await wire.reply()).status == 101
        assert await wire.exactly(7) == b"\x81\x05early"


async def test_thousands_of_small_messages_that_arrive_at_once_are_answered() -> None:
    async with listening(Envelope(echo)) as port, framed(port) as wire:
        wire.write(frame(b"a") * 5_000)
        assert await wire.exactly(15_000) == b"\x81\x01a" * 5_000


async def test_small_messages_hold_the_event_loop_for_short_times_only() -> None:
    latest, longest = 0.0, 0.0

    async def watch() -> None:
        nonlocal latest, longest
        while True:
            latest = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - latest)

    async with listening(Envelope(echo)) as port, framed(port) as wire:
        watching = asyncio.create_task(watch())
        wire.write(frame(b"", 9) * 40_000)
        await wire.exactly(80_000)
        watching.cancel()
    # All at once take 0.2 s.
    assert longest < 0.1


@pytest.mark.parametrize(
    ("without", "status", "words"),
    [
        (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400, "missing Sec-WebSocket-Key header"),
        (b"Sec-WebSocket-Version: 13\r\n", 400, "missing Sec-WebSocket-Version header"),
        (b"Host: service.test\r\n", 400, "no `Host` header"),
    ],
)
async def test_an_invalid_handshake_is_answered_as_other_requests_are(without: bytes, status: int, words: str) -> None:
    async with listening(Envelope(echo)) as port, wired(port) as wire:
        await wire.send(HANDSHAKE.replace(without, b"") + b"\r\n")
        reply = await wire.reply()
        assert (reply.status, reply.headers["content-type"]) == (status, "application/json; charset=utf-8")
        (error,) = reply.json()["errors"]
        assert error["extensions"]["code"] == "BAD_REQUEST"
        assert words in error["message"]
        assert await wire.rest() == b""


async def test_a_handshake_with_a_long_header_is_answered_too() -> None:
    async with listening(Envelope(echo)) as port, wired(port) as wire:
        await wire.send(HANDSHAKE + b"Cookie: " + b"c" * 9_000 + b"\r\n\r\n")
        reply = await wire.reply()
        assert (reply.status, reply.json()["errors"][0]["extensions"]["code"]) == (431, "PAYLOAD_TOO_LARGE")
        assert await wire.rest() == b""


async def test_a_handshake_behind_an_unanswered_request_is_an_ordinary_request() -> None:
    kinds: list[str] = []

    async def slow(scope: Scope, _receive: Receive, send: Send) -> None:
        kinds.append(scope["type"])
        await asyncio.sleep(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async with listening(slow) as port, wired(port) as wire:
        await wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + HANDSHAKE + b"\r\n")
        assert [(await wire.reply()).status for _ in range(2)] == [200, 200]
    assert kinds == ["http", "http"]


async def test_no_line_is_logged_for_a_connection(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with listening(Envelope(echo)) as port, opened(port, "/graphql?token=secret") as socket_:
            await socket_.send("a")
            await socket_.recv()
    assert [record.getMessage() for record in caplog.records if "ebSocket" in record.getMessage()] == []
    assert "secret" not in caplog.text
    assert "connection open" not in caplog.text


async def test_a_message_over_the_limit_closes_the_connection() -> None:
    async with listening(Envelope(echo)) as port, opened(port) as socket_:
        await socket_.send("x" * 1_000_001)
        code, reason = await closing(socket_)
    assert (code, "1000000" in reason or "limit" in reason) == (1009, True)


@pytest.mark.parametrize(
    ("sent", "code", "reason"),
    [
        pytest.param(frame(b"ab\xff\xfe"), 1007, "text isn't UTF-8 at byte 2", id="text"),
        pytest.param(frame(b"\xc3", is_final=False) + frame(b"\x28", 0), 1007, "text isn't UTF-8", id="fragments"),
        pytest.param(frame(b"\x03\xe8\xff", 8), 1007, "invalid start byte", id="close reason"),
        pytest.param(bytes([0xC1, 0x80]) + bytes(4), 1002, "reserved bits must be 0", id="reserved bit"),
        pytest.param(frame(b"", 3), 1002, "invalid opcode", id="reserved opcode"),
        pytest.param(frame(b"", 11), 1002, "invalid opcode", id="reserved control opcode"),
        pytest.param(bytes([0x81, 1]) + b"a", 1002, "incorrect masking", id="no mask"),
        pytest.param(frame(b"x" * 126, 9), 1002, "control frame too long", id="long ping"),
        pytest.param(frame(b"x" * 126, 10), 1002, "control frame too long", id="long pong"),
        pytest.param(frame(b"\x03\xe8" + b"x" * 124, 8), 1002, "control frame too long", id="long close"),
        pytest.param(frame(b"", 9, is_final=False), 1002, "fragmented control frame", id="fragmented ping"),
        pytest.param(frame(b"x", 0), 1002, "unexpected continuation frame", id="continuation without a start"),
        pytest.param(frame(b"x", is_final=False) + frame(b"y"), 1002, "expected a continuation", id="unfinished"),
        pytest.param(
            frame(b"x", is_final=False) + frame(b"", 8), 1002, "incomplete fragmented", id="unfinished, closed"
        ),
        pytest.param(frame(b"\x03", 8), 1002, "close frame too short", id="short close"),
        pytest.param(frame(b"\x00\x01", 8), 1002, "invalid status code", id="close code"),
        pytest.param(frame(b"\x03\xed", 8), 1002, "invalid status code", id="close code that is never sent"),
        pytest.param(bytes([0x81, 0xFF]) + b"\xff" * 8 + bytes(4), 1009, "frame with", id="endless"),
    ],
)
async def test_a_malformed_frame_closes_the_connection_and_logs_nothing(
    sent: bytes, code: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with listening(Envelope(echo)) as port, framed(port) as wire:
            # Nothing after it is handled.
            wire.write(sent + frame(b"later"))
            closed = await wire.rest()
    assert (closed[0], closed[2:4]) == (0x88, struct.pack("!H", code))
    assert reason in closed[4:].decode()
    assert caplog.records == []


@pytest.mark.parametrize("data", [b"", b"x"], ids=["empty", "short"])
async def test_a_message_of_very_many_fragments_closes_the_connection(data: bytes) -> None:
    async with listening(Envelope(echo)) as port, framed(port) as wire:
        wire.write(frame(data, is_final=False) + frame(data, 0, is_final=False) * 2_000)
        closed = await wire.rest()
    assert closed[0] == 0x88
    assert closed[2:4] == struct.pack("!H", 1009)
    assert b"fragments" in closed


async def test_a_message_of_some_fragments_is_read() -> None:
    async with listening(Envelope(echo)) as port, framed(port) as wire:
        wire.write(frame(b"x", is_final=False) + frame(b"x", 0, is_final=False) * 98 + frame(b"", 9) + frame(b"x", 0))
        assert await wire.exactly(2) == b"\x8a\x00"
        assert await wire.exactly(102) == b"\x81\x64" + b"x" * 100


async def test_half_a_message_that_drips_closes_the_connection() -> None:
    before = usage.ended["slow_body"]
    async with listening(Envelope(echo), limits=ConnectionLimits(body_seconds=0.3)) as port, framed(port) as wire:
        await wire.send(frame(b"x" * 100)[:50])
        closed = await wire.rest()
    assert closed[2:4] == struct.pack("!H", 1008)
    assert b"took too long to arrive" in closed
    assert usage.ended["slow_body"] == before + 1


async def test_a_silent_client_is_pinged_and_stays_if_it_answers() -> None:
    async with listening(Envelope(echo), limits=ConnectionLimits(ping_seconds=0.2)) as port, opened(port) as socket_:
        await asyncio.sleep(2.5)
        await socket_.send("still here")
        assert await socket_.recv() == "still here"


async def test_a_silent_client_that_does_not_answer_pings_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket_connection, "PONG_SECONDS", 0.5)
    before = usage.ended["silent"]
    async with listening(Envelope(echo), limits=ConnectionLimits(ping_seconds=0.2)) as port, framed(port) as wire:
        assert await wire.exactly(2) == b"\x89\x00"
        closed = await wire.rest()
    assert closed[2:4] == struct.pack("!H", 1013)
    assert usage.ended["silent"] == before + 1


async def test_pings_of_clients_are_answered() -> None:
    async with listening(Envelope(echo)) as port, opened(port) as socket_:
        await asyncio.wait_for(await socket_.ping(), 10)


async def test_a_client_that_reads_nothing_is_cut_off() -> None:
    before = usage.ended["slow_reader"]
    async with listening(Envelope(echo), limits=ConnectionLimits(send_seconds=0.5)) as port, framed(port) as wire:
        wire.write(frame(b"large") * 5)
        await ended("slow_reader", before)


async def test_a_client_that_reads_nothing_is_not_read_from_either() -> None:
    async with listening(Envelope(echo)) as port, framed(port) as wire:
        (connection,) = connections()
        wire.write(frame(b"large"))
        await until(lambda: connection.read_paused)
        wire.write(frame(b"", 9) * 100_000)
        await asyncio.sleep(0.5)
        assert connection.buffered_bytes < 2 * LARGE
        assert connection.read_paused


async def test_unread_messages_count_toward_what_is_kept_for_clients() -> None:
    before = usage.ended["unsent_bytes"]
    limits = ConnectionLimits(unsent_bytes=LARGE * 2)
    async with listening(Envelope(echo), limits=limits) as port, AsyncExitStack() as stack:
        for _ in range(6):
            wire = await stack.enter_async_context(framed(port))
            await wire.send(frame(b"large"))
        await ended("unsent_bytes", before)


async def test_incomplete_messages_count_toward_what_is_kept_for_clients() -> None:
    before = usage.ended["unsent_bytes"]
    limits = ConnectionLimits(unsent_bytes=500_000)
    async with listening(Envelope(echo), limits=limits) as port, AsyncExitStack() as stack:
        for _ in range(2):
            wire = await stack.enter_async_context(framed(port))
            wire.write(bytes([1, 0x80 | 127]) + struct.pack("!Q", 900_000) + bytes(4) + b"x" * 300_000)
        await ended("unsent_bytes", before)
    assert usage.ended["unsent_bytes"] == before + 1


async def test_an_idle_connection_makes_room_and_is_told_so_but_a_busy_one_stays() -> None:
    limits = ConnectionLimits(connections=2)
    async with listening(Envelope(echo), limits=limits) as port, opened(port) as idle, opened(port, "/busy") as busy:
        await asyncio.sleep(1.1)
        async with opened(port) as third:
            assert await closing(idle) == (1013, "Too many connections are open. Connect again shortly.")
            for open_ in (busy, third):
                await open_.send("a")
                assert await open_.recv() == "a"


async def test_connections_beyond_the_limit_are_refused_while_all_are_busy() -> None:
    limits = ConnectionLimits(connections=1)
    async with listening(Envelope(echo), limits=limits) as port, opened(port, "/busy"):
        with pytest.raises(InvalidStatus) as caught:
            await opened(port)
        assert caught.value.response.status_code == 503


async def test_a_connection_is_told_that_the_server_ends_and_is_closed() -> None:
    async with AsyncExitStack() as stack, listening(Envelope(echo)) as port:
        told = await stack.enter_async_context(opened(port))
        await told.send("a")
        await told.recv()
    assert (told.close_code, told.close_reason) == (1012, "Drained.")


async def test_a_client_that_does_not_answer_the_close_frame_delays_no_shutdown() -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack, listening(Envelope(echo)) as port:
        await stack.enter_async_context(framed(port))
        begun = loop.time()
    assert loop.time() - begun < 3


@pytest.mark.parametrize(
    ("path", "unread", "shortest", "longest"),
    [
        (b"/graphql", ["stream"], 0.5, 3),
        (b"/graphql", ["large", "stream"], 4, 8),
        (b"/busy", ["stream"], 4, 8),
    ],
)
async def test_at_a_shutdown_unread_streams_have_less_time_than_answers(
    path: bytes, unread: list[str], shortest: float, longest: float
) -> None:
    loop = asyncio.get_running_loop()
    limits = ConnectionLimits(ending_seconds=0.5, send_seconds=4)
    async with AsyncExitStack() as stack:
        async with listening(Envelope(echo), limits=limits, grace_seconds=20) as port:
            wire = await stack.enter_async_context(wired(port))
            await wire.send(HANDSHAKE.replace(b"/graphql", path) + b"\r\n")
            assert (await wire.reply()).status == 101
            (connection,) = connections()
            for text in unread:
                await wire.send(frame(text.encode()))
            await until(lambda: connection.buffered_bytes >= LARGE / 2)
            begun = loop.time()
        assert shortest < loop.time() - begun < longest


async def test_a_handshake_during_the_shutdown_is_answered_with_503() -> None:
    ending = asyncio.Event()

    async def serve() -> None:
        async with listening(Envelope(echo), settling_seconds=1) as port:
            ports.append(port)
            opening.set()
            await ending.wait()

    ports: list[int] = []
    opening = asyncio.Event()
    serving = asyncio.create_task(serve())
    await opening.wait()
    async with wired(ports[0]) as wire:
        (connection,) = [protocol for protocol in tracked(WholeProtocol) if protocol in protocol.connections]
        ending.set()
        await until(lambda: cast("Connections", connection.server_state).is_draining)
        await wire.send(HANDSHAKE + b"\r\n")
        reply = await wire.reply()
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert json.loads(reply.body)["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    await serving


async def test_a_client_that_leaves_is_noticed() -> None:
    left = asyncio.Event()

    async def waiting(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        assert (await receive())["type"] == "websocket.disconnect"
        left.set()

    async with listening(Envelope(waiting)) as port, framed(port) as wire:
        wire.reset()
        await asyncio.wait_for(left.wait(), 10)


async def test_the_handshake_of_an_open_connection_takes_no_memory() -> None:
    async with listening(Envelope(echo)) as port:
        gc.collect()
        gc.disable()
        try:
            async with framed(port) as wire:
                wire.write(frame(b"a"))
                assert await wire.exactly(3) == b"\x81\x01a"
                assert tracked(WholeProtocol) == []
                assert [len(request.headers) for request in tracked(Request)] == [0]
        finally:
            gc.enable()
