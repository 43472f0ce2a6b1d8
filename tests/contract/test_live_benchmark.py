"""The benchmark of subscriptions ends if a subscriber misses an event, receives one twice, or receives another one."""

import asyncio
import json
import struct
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import typer
from graphql import build_schema, parse, validate
from typer.testing import CliRunner

from bench.__main__ import bench
from bench.database import ROOT
from bench.dialects import dialect_of
from bench.failures import BenchError
from bench.live.audience import Audience
from bench.live.contestants import DOCUMENT, TRANSPORTS
from bench.live.ledger import Ledger, Refused
from bench.live.options import live_options
from bench.live.results import Deliveries, IdleSample, LiveResults, Writes, is_live, tables
from bench.live.sse import EventStream
from bench.live.turns import Idle, Turn, rate
from bench.live.websocket import WebSocket
from bench.live.wire import Ended, Message, Reply, Subscribed, Transport, Update, Wire
from bench.live.writes import Witnesses
from bench.load import HOST, Generator
from bench.measure import Sample

EVENT = "subscription { changes { id } }"
IDS = ("first", "second")
RESULTS: list[Any] = [{"data": {"changes": {"id": id_, "version": 2}}} for id_ in IDS]
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
WS_HEAD = b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"


def chunk(text: str) -> bytes:
    """Return a chunk of an HTTP body."""
    return b"%x\r\n%s\r\n" % (len(text.encode()), text.encode())


def sse(result: object) -> bytes:
    """Return an event of an event stream."""
    return chunk(f"id: cursor\nevent: next\ndata: {json.dumps(result)}\n\n")


def frame(payload: bytes, kind: int = 1) -> bytes:
    """Return a frame of a server."""
    length = len(payload)
    head = struct.pack("!BB", 0x80 | kind, length) if length < 126 else struct.pack("!BBH", 0x80 | kind, 126, length)
    return head + payload


def ws(content: object) -> bytes:
    """Return the frame of a message."""
    return frame(json.dumps(content).encode())


def ws_update(result: object) -> bytes:
    """Return the frame of an execution result."""
    return ws({"id": "1", "type": "next", "payload": result, "extensions": {"padding": "-" * 150}})


STREAMS: dict[Transport, tuple[Callable[[int, str, str | None], Wire], Sequence[bytes]]] = {
    Transport.SSE: (
        EventStream,
        (SSE_HEAD, chunk(":\n\n"), sse(RESULTS[0]), chunk("retry: 100\n\n"), sse(RESULTS[1])),
    ),
    Transport.WEBSOCKET: (
        WebSocket,
        (
            WS_HEAD,
            ws({"type": "connection_ack"}),
            ws({"type": "ping"}),
            ws_update(RESULTS[0]),
            frame(b"?", kind=9),
            frame(b"", kind=10),
            ws_update(RESULTS[1]),
        ),
    ),
}


def unmasked(reply: Reply) -> bytes:
    """Return the payload of a short frame of a client, which must be masked."""
    length = reply.data[1] - 0x80
    begin = 6 if length <= 125 else 8
    return reply.data[begin:]


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_messages_are_the_same_however_their_bytes_are_cut(transport: Transport, size: int) -> None:
    kind, pieces = STREAMS[transport]
    wire, data = kind(80, EVENT, "token"), b"".join(pieces)
    assert b"Bearer token" in wire.greeting
    assert not wire.is_between
    found: list[Message] = []
    for at in range(0, len(data), size):
        found += wire.feed(data[at : at + size])
    assert wire.is_between
    assert [message.result for message in found if isinstance(message, Update)] == RESULTS
    assert [message for message in found if isinstance(message, Subscribed)] == [Subscribed()]
    replies = [unmasked(message) for message in found if isinstance(message, Reply)]
    if transport is Transport.WEBSOCKET:
        assert replies.pop() == b"?"
        assert [json.loads(reply)["type"] for reply in replies] == ["connection_init", "subscribe", "pong"]
    else:
        assert replies == []


@pytest.mark.parametrize(
    ("kind", "pieces", "reason"),
    [
        (EventStream, [b"HTTP/1.1 401 Unauthorized\r\n\r\n"], "401"),
        (EventStream, [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"], "json"),
        (EventStream, [SSE_HEAD, chunk("event: complete\n\n")], "complete"),
        (EventStream, [SSE_HEAD, b"0\r\n\r\n"], "ended"),
        (WebSocket, [b"HTTP/1.1 401 Unauthorized\r\n\r\n"], "401"),
        (WebSocket, [b"HTTP/1.1 101 Switching Protocols\r\n\r\n"], "101"),
        (WebSocket, [WS_HEAD, frame(struct.pack("!H", 4403) + b"Forbidden", kind=8)], "4403 Forbidden"),
        (WebSocket, [WS_HEAD, ws({"id": "1", "type": "error", "payload": []})], "error"),
        (WebSocket, [WS_HEAD, ws({"id": "1", "type": "complete"})], "complete"),
        (WebSocket, [WS_HEAD, b"\x01\x01a"], "0x1"),
    ],
)
def test_a_refused_or_ended_subscription_is_noticed(
    kind: Callable[[int, str, str | None], Wire], pieces: list[bytes], reason: str
) -> None:
    wire = kind(80, EVENT, None)
    assert b"Authorization" not in wire.greeting
    found = [message for piece in pieces for message in wire.feed(piece)]
    (ended,) = (message for message in found if isinstance(message, Ended))
    assert reason in ended.reason


class Streams:
    """A server that sends the same bytes to all its streams."""

    def __init__(self, transport: Transport) -> None:
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []
        self._greetings = STREAMS[transport][1][:2]
        self._update = sse if transport is Transport.SSE else ws_update

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Accept a subscriber, and read until it leaves."""
        await reader.readuntil(b"\r\n\r\n")
        writer.writelines(self._greetings)
        self.writers.append(writer)
        while await reader.read(1_000):
            pass
        writer.close()

    def send(self, *results: object, to: slice = slice(None)) -> None:
        """Send updates to some subscribers in one piece."""
        for writer in self.writers[to]:
            writer.write(b"".join(map(self._update, results)))


@asynccontextmanager
async def followed(
    transport: Transport, subscribers: int, ledger: Ledger | None = None
) -> AsyncGenerator[tuple[Streams, Audience]]:
    """Start a server with subscribers."""
    server = Streams(transport)
    listener = await asyncio.start_server(server.serve, HOST, 0)
    server.port = listener.sockets[0].getsockname()[1]
    async with listener, Audience(transport, server.port, EVENT, "token", ledger) as audience:
        await audience.grow(subscribers)
        yield server, audience


@pytest.mark.parametrize("transport", Transport)
async def test_latencies_are_those_of_every_subscriber_and_event(transport: Transport) -> None:
    async with followed(transport, 3) as (server, audience):
        for result in RESULTS:
            audience.ledger.expect(result["data"]["changes"]["id"], result, is_counted=True)
        await asyncio.sleep(0.02)
        server.send(RESULTS[0])
        await asyncio.sleep(0.02)
        server.send(RESULTS[1])
        await audience.ledger.all_received(5)
        received = audience.ledger.forget()
        assert (received.events, received.deliveries) == (2, 6)
        assert 20 <= received.p50_ms <= received.p99_ms <= received.all_p99_ms
        assert audience.ledger.heard == {0, 1, 2}
        await audience.grow(4)


@pytest.mark.parametrize("transport", Transport)
async def test_a_missing_event_ends_the_run(transport: Transport) -> None:
    async with followed(transport, 3) as (server, audience):
        audience.ledger.expect("first", RESULTS[0], is_counted=True)
        server.send(RESULTS[0], to=slice(2))
        with pytest.raises(BenchError, match="1 receipts of events are missing"):
            await audience.ledger.all_received(0.1)


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([RESULTS[0], RESULTS[0]], "twice"),
        ([RESULTS[1]], "nobody wrote"),
        ([{"data": {"changes": {"id": "first", "version": 3}}}], "and not"),
        ([{"errors": [{"message": "Sorry."}]}], "Sorry"),
    ],
)
async def test_an_event_that_must_not_come_ends_the_run(transport: Transport, sent: list[Any], reason: str) -> None:
    async with followed(transport, 2) as (server, audience):
        audience.ledger.expect("first", RESULTS[0], is_counted=True)
        server.send(*sent)
        with pytest.raises(BenchError, match=reason):
            await audience.quiet()


async def test_an_event_that_comes_again_after_its_turn_ends_the_run() -> None:
    async with followed(Transport.SSE, 1) as (server, audience):
        audience.ledger.expect("first", RESULTS[0], is_counted=True)
        server.send(RESULTS[0])
        await audience.ledger.all_received(5)
        audience.ledger.forget()
        server.send(RESULTS[0])
        with pytest.raises(BenchError, match="twice"):
            await audience.quiet()


async def test_a_disconnected_subscriber_ends_the_run() -> None:
    async with followed(Transport.WEBSOCKET, 2) as (server, audience):
        server.writers[0].close()
        with pytest.raises(Refused, match="disconnected"):
            await audience.quiet()


async def test_followers_of_writes_must_all_receive_what_one_received() -> None:
    witnesses = Witnesses()
    async with followed(Transport.SSE, 2, witnesses) as (server, audience):
        server.send(RESULTS[0])
        await audience.quiet()
        await witnesses.all_received(5)
        assert witnesses.witnessed == 1
        server.send(RESULTS[1], to=slice(1))
        await audience.quiet()
        with pytest.raises(BenchError, match="1 receipts of events are missing"):
            await witnesses.all_received(0.1)


def test_each_server_has_the_document_with_the_same_answer() -> None:
    texts = [dialect_of(server).documents[DOCUMENT].replace("id: rowId", "id") for server in TRANSPORTS]
    assert len(texts) == 3
    assert len(set(texts)) == 1
    for schema in ("schema.graphql", "bench/peers/node/shared/schema.graphql"):
        text = (ROOT / schema).read_text(encoding="utf-8")
        assert validate(build_schema(text), parse(texts[0])) == []


def test_a_turn_has_fewer_events_for_many_subscribers() -> None:
    assert [rate(subscribers, 20) for subscribers in (1, 100, 1_000)] == [20, 20, 5]


def _results() -> LiveResults:
    def deliveries(server: str, cpu_ms: float, *, is_peer: bool) -> Deliveries:
        turns = [Turn(20, 2_000, 2.0, 10.0 * place, 20, 30, cpu_ms, cpu_ms / 2, 0.01) for place in (1, 2, 3)]
        return Deliveries(server, "WebSocket", 100, tuple(turns), is_peer)

    sample = Sample(300, 5, 9, 1.5, 1, 0.1, 80, 900)
    slower = Sample(250, 6, 11, 1.8, 1.2, 0.1, 80, 750)
    return LiveResults(
        5_000,
        "wrk 4.1.0",
        (
            deliveries("planned", 0.02, is_peer=False),
            deliveries("mercurius", 0.08, is_peer=True),
            deliveries("postgraphile", 0.4, is_peer=True),
        ),
        (IdleSample("planned", "SSE", Idle(1_000, 20.5, 1.25, 0.5)),),
        (Writes("no feed", 0, (sample,)), Writes("feed", 0, (slower,))),
    )


def test_the_tables_compare_with_the_better_peer_and_with_writes_without_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.live.results.FOLDER", tmp_path)
    # The peers aren't installed for tests.
    monkeypatch.setattr("bench.live.results.packages", dict[str, str])
    path = _results().save(live_options(Generator.PYTHON, {}, is_quick=True))
    assert is_live(path)
    loaded = LiveResults.load(path)
    assert asdict(loaded) == asdict(_results())
    lines = [" ".join(line.replace("|", " ").split()) for line in tables(loaded).splitlines()]
    assert "planned WebSocket 100 0.25 0.02 0.01 0.01 20 20 30 1,000" in lines
    assert "postgraphile WebSocket 100 5.00 0.4 0.2 0.01 20 20 30 1,000" in lines
    assert "planned SSE 1,000 20.5 1.2 0.5" in lines
    assert "feed 0 1.20 1.20-1.20 250 1.8 1.2 6 11" in lines


def test_options_replace_the_defaults_of_their_kind_of_run() -> None:
    changes = {"rounds": 2, "per_second": 0.5, "idle": None, "subscribers": (7,)}
    options = live_options(Generator.WRK, changes, is_quick=False)
    assert options.timing.per_second == 0.5
    assert options.timing.rounds == 2
    assert options.timing.seconds == 5
    assert options.subscribers == (7,)
    assert options.idle == (1_000, 10_000)


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--quick", "--plot"], "remove --quick"), (["--servers", "apollo"], "'apollo' is unknown")],
)
def test_a_run_with_subscribers_rejects_options_that_it_lacks(options: list[str], message: str) -> None:
    application = typer.Typer()
    application.command()(bench)
    result = CliRunner().invoke(application, ["--live", *options])
    assert result.exit_code == 2
    assert message in result.output
