"""What clients may take of the server by their connections alone: they wait, send endless headers, or don't read."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.web.connections import COMPANY_ID, ClientConnection, ConnectionLimits, Connections, usage
from app.web.deadline import Deadline, Patience
from app.web.envelope import Envelope
from app.web.http_errors import HttpError
from app.web.http_protocol import HttpProtocol
from app.web.http_rejections import MAX_REFUSED
from app.web.http_timeouts import MIN_BODY_RATE
from tests.support.listening import Wire, listening, wired
from tests.support.toy_app import toy_app
from tests.support.tracked import tracked

pytestmark = pytest.mark.usefixtures("reading")

ASK = b"GET /graphql?query={hello} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n"
SOON = ConnectionLimits(head_seconds=0.3)
HUGE_BYTES = 12_000_000


async def huge(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with more than the kernel's buffers hold; /later waits for its body, /soon for a second, and /small is
    small.

    The query of the URL is the company.
    """
    if scope["query_string"]:
        scope["state"][COMPANY_ID] = scope["query_string"]
    if scope["path"] == "/later":
        await receive()
    if scope["path"] == "/soon":
        await asyncio.sleep(1)
    body = bytes(1 if scope["path"] == "/small" else HUGE_BYTES)
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def asked(path: str = "/") -> bytes:
    """A request for one of its answers."""
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{{}}".encode()


async def ended(reason: str, before: int) -> None:
    """Wait until one more connection was ended for a reason."""
    end = time.monotonic() + 10
    while usage.ended[reason] <= before:
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_client_that_sends_nothing_is_hung_up_on_without_a_word() -> None:
    async with listening(toy_app(), limits=SOON) as port, wired(port) as wire:
        assert await wire.rest() == b""


@pytest.mark.parametrize("first", [b"", ASK + b"\r\n"])
async def test_half_a_header_is_answered_with_408_however_its_bytes_drip(first: bytes) -> None:
    async with listening(toy_app(), limits=SOON) as port, wired(port) as wire:
        if first:
            await wire.send(first)
            assert (await wire.reply()).status == 200
        begun = time.monotonic()
        replying = asyncio.create_task(wire.reply())
        for byte in ASK:
            if replying.done():
                break
            await wire.send(bytes([byte]))
            await asyncio.sleep(0.05)
        reply = await replying
        assert (reply.status, reply.headers["connection"]) == (408, "close")
        assert reply.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"
        assert time.monotonic() - begun < 3
        assert await wire.rest() == b""


async def test_empty_lines_are_nothing_either() -> None:
    async with listening(toy_app(), limits=SOON) as port, wired(port) as wire:
        await wire.send(b"\r\n\r\n")
        assert await wire.rest() == b""


async def test_what_follows_an_answered_request_does_not_keep_the_connection_open() -> None:
    unauthorized = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
    async with listening(toy_app(), limits=SOON) as port, wired(port) as wire:
        await wire.send(unauthorized)
        assert (await wire.reply()).status == 401
        await wire.send(b"begin")
        assert await wire.rest() == b""


async def test_a_request_is_answered_before_half_of_the_next_one_is_given_up() -> None:
    async with listening(huge, limits=SOON) as port, wired(port) as wire:
        await wire.send(b"POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
        await asyncio.sleep(1.5)
        await wire.send(b"{}GET / HT")
        reply = await wire.reply()
        assert (reply.status, len(reply.body)) == (200, HUGE_BYTES)


def many_headers(number: int, size: int = 1) -> bytes:
    return b"".join(b"x-%d: %b\r\n" % (place, b"v" * size) for place in range(number))


@pytest.mark.parametrize(
    "headers",
    [many_headers(99), many_headers(1, 33_000), many_headers(90, 400)],
    ids=["many", "a long one", "long together"],
)
async def test_too_large_headers_are_rejected_and_the_connection_is_closed(headers: bytes) -> None:
    async with listening(toy_app()) as port, wired(port) as wire:
        await wire.send(ASK + headers + b"\r\n")
        reply = await wire.reply()
        assert reply.status == 431
        assert reply.json()["errors"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"
        assert await wire.rest() == b""


async def test_a_hundred_headers_and_a_long_url_are_served() -> None:
    url = b"GET /graphql?query={hello}&extra=" + b"x" * 40_000
    async with listening(toy_app()) as port, wired(port) as wire:
        await wire.send(ASK + many_headers(98) + b"\r\n")
        assert (await wire.reply()).status == 200
        await wire.send(ASK.replace(b"GET /graphql?query={hello}", url) + many_headers(90, 300) + b"\r\n")
        assert (await wire.reply()).status == 414
        await wire.send(ASK + b"\r\n")
        assert (await wire.reply()).status == 200


@pytest.mark.parametrize(
    ("begun", "piece", "status"),
    [
        (ASK + b"x: ", b"v" * 10_000, 431),
        (ASK, b"x: v\r\n" * 2_000, 431),
        (b"GET /", b"x" * 100_000, 414),
    ],
    ids=["a value", "headers", "a URL"],
)
async def test_endless_headers_are_rejected_while_they_arrive(begun: bytes, piece: bytes, status: int) -> None:
    async with listening(toy_app()) as port, wired(port) as wire:
        await wire.send(begun)
        replying = asyncio.create_task(wire.reply())
        for _ in range(100):
            await wire.send(piece)
            if replying.done():
                break
        assert (await replying).status == status


async def test_endless_trailers_are_rejected_while_they_arrive() -> None:
    before = usage.ended["headers_too_large"]
    async with listening(toy_app()) as port, wired(port) as wire:
        await wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: ")
        assert (await wire.reply()).status == 401
        for _ in range(10):
            if usage.ended["headers_too_large"] > before:
                break
            await wire.send(b"v" * 10_000)
        assert usage.ended["headers_too_large"] == before + 1


async def test_the_longest_idle_connection_makes_room_for_a_new_one() -> None:
    limits = ConnectionLimits(connections=3)
    async with listening(toy_app(), limits=limits) as port, wired(port) as first, wired(port) as second:
        for wire in (first, second):
            await wire.send(ASK + b"\r\n")
            assert (await wire.reply()).status == 200
        async with wired(port) as silent, wired(port) as fourth:
            await fourth.send(ASK + b"\r\n")
            assert (await fourth.reply()).status == 200
            assert await first.rest() == b""
            async with wired(port) as fifth:
                await fifth.send(ASK + b"\r\n")
                assert (await fifth.reply()).status == 200
                assert await second.rest() == b""
            del silent


async def test_a_connection_too_many_is_told_so_while_all_others_are_busy() -> None:
    limits = ConnectionLimits(connections=2)
    async with listening(huge, limits=limits) as port, wired(port) as first, wired(port) as second:
        for wire in (first, second):
            await wire.send(asked("/soon"))
        async with wired(port) as third:
            await third.send(asked())
            reply = await third.reply()
            assert (reply.status, reply.headers["retry-after"], reply.headers["connection"]) == (503, "1", "close")
            assert reply.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
            assert await third.rest() == b""
        assert (await first.reply()).status == 200
        async with wired(port) as fourth:
            await fourth.send(asked("/small"))
            assert (await fourth.reply()).status == 200


UPLOAD = b"POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\n"


def uploads() -> Envelope:
    """The toy application, which takes bodies of usual sizes."""
    return toy_app(max_body_bytes=1_000_000)


async def test_a_body_that_drips_is_given_up_with_408() -> None:
    before = usage.ended["slow_body"]
    async with listening(uploads(), limits=ConnectionLimits(body_seconds=0.5)) as port, wired(port) as wire:
        await wire.send(UPLOAD + b"Content-Length: 900000\r\n\r\n")
        replying = asyncio.create_task(wire.reply())
        begun = time.monotonic()
        while not replying.done():
            await wire.send(b" ")
            await asyncio.sleep(0.05)
        reply = await replying
        assert (reply.status, reply.headers["connection"]) == (408, "close")
        assert reply.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"
        assert time.monotonic() - begun < 3
    assert usage.ended["slow_body"] == before + 1


async def test_a_body_that_comes_fast_enough_is_waited_for() -> None:
    piece = b" " * (MIN_BODY_RATE // 2)
    body = piece * 5 + b'{"query": "{hello}"}'
    async with listening(uploads(), limits=ConnectionLimits(body_seconds=0.1)) as port, wired(port) as wire:
        await wire.send(UPLOAD + b"Content-Length: %d\r\n\r\n" % len(body))
        for _ in range(5):
            await wire.send(piece)
            await asyncio.sleep(0.3)
        await wire.send(body[-20:])
        assert (await wire.reply()).status == 200


async def test_the_body_that_is_awaited_longest_makes_room_where_no_connection_is_idle() -> None:
    limits = ConnectionLimits(connections=2)
    async with listening(uploads(), limits=limits) as port, wired(port) as first, wired(port) as second:
        for wire in (first, second):
            await wire.send(UPLOAD + b"Content-Length: 20\r\n\r\n")
        async with wired(port) as third:
            await third.send(ASK + b"\r\n")
            assert (await third.reply()).status == 200
            reply = await first.reply()
            assert (reply.status, reply.headers["connection"]) == (408, "close")
            assert await first.rest() == b""
        await second.send(b'{"query": "{hello}"}')
        assert (await second.reply()).status == 200


async def test_new_connections_make_no_room_while_older_bodies_are_incomplete() -> None:
    limits = ConnectionLimits(connections=3)
    async with listening(uploads(), limits=limits) as port, wired(port) as first, wired(port) as second:
        for wire in (first, second):
            await wire.send(UPLOAD + b"Content-Length: 20\r\n\r\n")
        async with wired(port) as third, wired(port) as fourth, wired(port) as fifth:
            for wire in (first, second):
                assert (await wire.reply()).status == 408
            for wire in (third, fourth, fifth):
                await wire.send(ASK + b"\r\n")
                assert (await wire.reply()).status == 200


@pytest.mark.parametrize("begun", [ASK, UPLOAD + b"Content-Length: 20\r\n\r\n"], ids=["headers", "a body"])
async def test_those_that_made_room_take_few_files_until_they_have_read_their_error(begun: bytes) -> None:
    limits = ConnectionLimits(connections=20)
    clients = 2 * (limits.connections + MAX_REFUSED)
    async with listening(uploads(), limits=limits) as port, AsyncExitStack() as stack:
        wires: list[Wire] = []
        for _ in range(clients):
            wires.append(await stack.enter_async_context(wired(port)))
            await wires[-1].send(begun)
        async with wired(port) as last:
            await last.send(ASK + b"\r\n")
            assert (await last.reply()).status == 200
        assert len(open_connections()) <= limits.connections + MAX_REFUSED
        reply = await wires[0].reply()
        assert (reply.status, reply.headers["connection"]) == (408, "close")


def open_connections() -> list[HttpProtocol]:
    """Return the connections that this process serves."""
    return [connection for connection in tracked(HttpProtocol) if not connection.transport.is_closing()]


async def test_who_is_idle_for_a_second_makes_room_before_an_incomplete_body() -> None:
    async with idle_and_uploading() as (port, idle, body), wired(port):
        assert await idle.rest() == b""
        await body.send(b'{"query": "{hello}"}')
        assert (await body.reply()).status == 200


async def test_who_was_idle_does_not_make_room_once_a_request_has_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    make_room = Connections.make_room
    async with idle_and_uploading() as (port, idle, body):

        def make_room_now(self: Connections, newcomer: ClientConnection, *now: float) -> bool:
            idle.write(ASK + b"\r\n")
            return make_room(self, newcomer, *now)

        monkeypatch.setattr(Connections, "make_room", make_room_now)
        async with wired(port):
            assert (await idle.reply()).status == 200
            assert (await body.reply()).status == 408


@asynccontextmanager
async def idle_and_uploading() -> AsyncGenerator[tuple[int, Wire, Wire]]:
    """The port of a server with room for two; a connection that is idle for a second, and one whose body is
    incomplete."""
    limits = ConnectionLimits(connections=2)
    async with listening(uploads(), limits=limits) as port, wired(port) as idle, wired(port) as body:
        await idle.send(ASK + b"\r\n")
        assert (await idle.reply()).status == 200
        await body.send(UPLOAD + b"Content-Length: 20\r\n\r\n")
        await asyncio.sleep(1.1)
        yield port, idle, body


async def test_incomplete_bodies_count_toward_what_is_kept_for_clients() -> None:
    before = usage.ended["unsent_bytes"]
    limits = ConnectionLimits(unsent_bytes=500_000)
    async with listening(uploads(), limits=limits) as port, wired(port) as first, wired(port) as second:
        for wire in (first, second):
            await wire.send(UPLOAD + b"Content-Length: 300001\r\n\r\n", *[b" " * 30_000] * 10)
        assert (await first.reply()).status == 408
        await second.send(b"]")
        assert (await second.reply()).status == 400
    assert usage.ended["unsent_bytes"] == before + 1


async def test_incomplete_urls_count_toward_what_is_kept_for_clients() -> None:
    before = usage.ended["unsent_bytes"]
    limits = ConnectionLimits(unsent_bytes=80_000)
    async with listening(uploads(), limits=limits) as port, wired(port) as first, wired(port) as second:
        for wire in (first, second):
            await wire.send(b"GET /graphql?query={hello}&extra=", *[b"x" * 5_000] * 10)
        assert (await first.reply()).status == 408
        await second.send(ASK.partition(b"{hello}")[2] + b"\r\n")
        assert (await second.reply()).status == 200
    assert usage.ended["unsent_bytes"] == before + 1


async def test_what_arrived_while_the_process_was_busy_is_not_late() -> None:
    limits = ConnectionLimits(head_seconds=0.3, body_seconds=0.3)
    async with listening(uploads(), limits=limits) as port, wired(port) as heads, wired(port) as bodies:
        await heads.send(ASK)
        await bodies.send(UPLOAD + b"Content-Length: 20\r\n\r\n")
        # The loop, which is the clients' as well, stands still; what they have sent is in the kernel.
        heads.write(b"\r\n")
        bodies.write(b'{"query": "{hello}"}')
        time.sleep(2)  # noqa: ASYNC251 - that is what is tried
        assert (await heads.reply()).status == 200
        assert (await bodies.reply()).status == 200


async def test_a_body_that_arrived_while_the_process_was_busy_is_read_in_time() -> None:
    body = b'{"query": "{hello}"' + b" " * 300_000 + b"}"
    app = toy_app(max_body_bytes=1_000_000, timeout_seconds=0.5)
    async with listening(app) as port, wired(port) as wire:
        await wire.send(UPLOAD + b"Content-Length: %d\r\n\r\n" % len(body), body[:10])
        wire.write(body[10:])
        time.sleep(1)  # noqa: ASYNC251 - that is what is tried
        assert (await wire.reply()).status == 200


async def test_a_request_whose_body_is_there_and_that_gets_no_turn_in_time_is_told_so() -> None:
    async def receive() -> Message:
        raise AssertionError

    async def wait() -> None:
        with Deadline(0.05, receive, Patience()) as deadline:
            deadline.end_body()
            await asyncio.sleep(5)

    with pytest.raises(HttpError, match="request took longer") as caught:
        await wait()
    assert caught.value.status == 504


async def test_a_client_that_reads_nothing_of_its_answer_is_cut_off() -> None:
    before = usage.ended["slow_reader"]
    limits = ConnectionLimits(send_seconds=0.5)
    async with listening(huge, limits=limits) as port, wired(port) as wire:
        await wire.send(asked(), asked())
        # The client's buffers are full, and nobody empties them.
        await ended("slow_reader", before)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await wire.exactly(2 * HUGE_BYTES)


async def test_a_client_that_reads_nothing_is_cut_off_after_the_keep_alive_time_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.support.listening.keep_alive_seconds", 1)
    before = usage.ended["slow_reader"]
    async with listening(huge, limits=ConnectionLimits(send_seconds=3)) as port, wired(port) as wire:
        await wire.send(asked())
        await ended("slow_reader", before)


async def test_a_client_that_reads_slowly_is_served() -> None:
    limits = ConnectionLimits(send_seconds=1)
    async with listening(huge, limits=limits) as port, wired(port) as wire:
        await wire.send(asked())
        for _ in range(12):
            await wire.exactly(HUGE_BYTES // 12)
            await asyncio.sleep(0.2)


async def test_beyond_the_bound_of_what_is_unsent_the_oldest_answers_are_cut_off() -> None:
    before = usage.ended["unsent_bytes"]
    limits = ConnectionLimits(unsent_bytes=2 * HUGE_BYTES)
    async with listening(huge, limits=limits) as port, wired(port) as first, wired(port) as second:
        async with wired(port) as third, wired(port) as fourth:
            for wire in (first, second, third, fourth):
                await wire.send(asked())
            await ended("unsent_bytes", before)
            for wire in (third, fourth):
                reply = await wire.reply()
                assert (reply.status, len(reply.body)) == (200, HUGE_BYTES)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await first.exactly(HUGE_BYTES)


async def test_an_answer_counts_as_a_whole_until_its_last_byte_is_sent() -> None:
    before = usage.ended["unsent_bytes"]
    limits = ConnectionLimits(unsent_bytes=2 * HUGE_BYTES)
    async with listening(huge, limits=limits) as port, AsyncExitStack() as stack:
        for number in range(1, 4):
            assert usage.ended["unsent_bytes"] == before
            wire = await stack.enter_async_context(wired(port))
            await wire.send(asked())
            connections = open_connections()
            # Each client reads all but the end of its answer. The third is too many.
            while number < 3 and max(connection.unsent_bytes for connection in connections) > HUGE_BYTES // 4:
                await wire.exactly(50_000)
                await asyncio.sleep(0)
            assert all(connection.unsent_bytes for connection in connections)
        await ended("unsent_bytes", before)


async def test_an_answer_that_waits_for_an_earlier_one_to_be_read_counts_too() -> None:
    before = usage.ended["unsent_bytes"]
    limits = ConnectionLimits(unsent_bytes=HUGE_BYTES + HUGE_BYTES // 2)
    async with listening(huge, limits=limits) as port, wired(port) as wire:
        await wire.send(asked() + asked())
        await ended("unsent_bytes", before)


async def test_answers_that_nobody_reads_are_dropped_at_shutdown_without_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with AsyncExitStack() as stack, listening(huge) as port:
        wire = await stack.enter_async_context(wired(port))
        await wire.send(asked() + asked())
        (connection,) = open_connections()
        async with asyncio.timeout(10):
            while connection.buffered_bytes < 2 * HUGE_BYTES:  # noqa: ASYNC110 - a connection tells nobody
                await asyncio.sleep(0.01)
    assert "Exception in ASGI application" not in caplog.text


@pytest.mark.parametrize("flooding", ["/?flood", "/"], ids=["a company", "without a credential"])
async def test_a_company_that_reads_nothing_leaves_the_answers_of_others_alone(flooding: str) -> None:
    before = usage.ended["unsent_bytes"]
    limits = ConnectionLimits(unsent_bytes=3 * HUGE_BYTES)
    async with listening(huge, limits=limits) as port, wired(port) as reader, AsyncExitStack() as stack:
        await reader.send(asked("/?other"))
        for _ in range(12):
            wire = await stack.enter_async_context(wired(port))
            await wire.send(asked(flooding))
            # The other company's client reads slowly, and its answer is the oldest.
            await reader.exactly(HUGE_BYTES // 12)
            await asyncio.sleep(0.2)
    assert usage.ended["unsent_bytes"] >= before + 8


async def test_of_one_companys_clients_one_that_stopped_reading_is_cut_off_first() -> None:
    before = usage.ended["unsent_bytes"]
    async with listening(huge) as port, wired(port) as reading, wired(port) as stopped:
        await reading.send(asked("/?a"))
        await stopped.send(asked("/?a"))
        for _ in range(6):
            # The kernel takes more of an answer only once the client has read a megabyte or two.
            await reading.exactly(HUGE_BYTES // 12)
            await asyncio.sleep(0.4)
        open_now = [connection for connection in open_connections() if connection.unsent_bytes]
        assert len(open_now) == 2
        state = open_now[0].server_state
        assert isinstance(state, Connections)
        # The next answer doesn't fit. How much of these the kernel holds depends on the machine.
        state.limits = ConnectionLimits(unsent_bytes=sum(connection.buffered_bytes for connection in open_now))
        async with wired(port) as third:
            await third.send(asked("/?a"))
            await ended("unsent_bytes", before)
            assert len((await third.reply()).body) == HUGE_BYTES
        await reading.exactly(HUGE_BYTES // 2)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await stopped.exactly(HUGE_BYTES)
    assert usage.ended["unsent_bytes"] == before + 1
