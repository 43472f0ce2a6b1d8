"""HTTP as bytes on a connection: an upgrade that isn't taken is ignored, whatever the request looks like and follows
it."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import pytest
import pytest_asyncio

from app.web.http_rejections import MAX_URL_BYTES
from tests.support.listening import Reply, Wire, listening, wired
from tests.support.toy_app import toy_app

# As Java's HttpClient asks for HTTP/2 on a plain connection.
H2C = (
    "Connection: Upgrade, HTTP2-Settings",
    "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    "Upgrade: h2c",
)
WEBSOCKET = (
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
)
UPGRADES = {
    "h2c": H2C,
    "websocket": WEBSOCKET,
    "TLS": ("Upgrade: TLS/1.2", "Connection: upgrade"),
    "unknown": ("Connection: Upgrade", "Upgrade: anything/1, websocket"),
    "twice": ("Upgrade: h2c", "Connection: UPGRADE", "UPGRADE: websocket"),
    "empty": ("Connection: upgrade", "Upgrade:"),
}
HOST = "Host: service.test"
CREDENTIAL = "Authorization: Bearer good"


def head(line: str, *headers: str) -> bytes:
    """Return a request up to its body."""
    return "\r\n".join([line, HOST, CREDENTIAL, *headers, "", ""]).encode()


def body_of(name: str) -> bytes:
    """Return the body of a query whose answer holds the name."""
    return json.dumps({"query": "query($n: String){hello(name: $n)}", "variables": {"n": name}}).encode()


def posted(name: str, *headers: str, version: str = "1.1") -> tuple[bytes, bytes]:
    """Return a POST in two pieces, with the length of its body."""
    body = body_of(name)
    sized = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    return head(f"POST /graphql HTTP/{version}", *sized, *headers), body


def chunked(name: str, *headers: str, trailers: Iterable[str] = ()) -> tuple[bytes, ...]:
    """Return a POST in pieces, its body in chunks."""
    body = body_of(name)
    started = head("POST /graphql HTTP/1.1", "Content-Type: application/json", "Transfer-Encoding: chunked", *headers)
    chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[:7], body[7:])]
    return started, *chunks, "\r\n".join(["0", *trailers, "", ""]).encode()


async def greeted(wire: Wire, *names: str) -> None:
    """Read the answers to queries, in their order."""
    for name in names:
        reply = await wire.reply()
        assert (reply.status, reply.json()) == (200, {"data": {"hello": f"Hello {name}"}})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def port(reading: None) -> AsyncGenerator[int]:  # noqa: ARG001 - decides how the server reads
    """The port of the toy application."""
    async with listening(toy_app()) as port:
        yield port


@pytest_asyncio.fixture(loop_scope="session")
async def wire(port: int) -> AsyncGenerator[Wire]:
    """A connection to the toy application."""
    async with wired(port) as wire:
        yield wire


@pytest.mark.parametrize("asked", UPGRADES.values(), ids=UPGRADES)
async def test_a_request_for_an_upgrade_and_the_next_one_are_answered_without_it(
    wire: Wire, asked: tuple[str, ...]
) -> None:
    await wire.send(b"".join(posted("whole", *asked)))
    await greeted(wire, "whole")
    await wire.send(*posted("in two pieces", *asked))
    await greeted(wire, "in two pieces")
    await wire.send(*chunked("chunked", *asked))
    await greeted(wire, "chunked")
    if asked is not WEBSOCKET:
        # A GET for a WebSocket is a handshake.
        await wire.send(head("GET /graphql?query={hello} HTTP/1.1", *asked))
        await greeted(wire, "you")
    await wire.send(b"".join(posted("without")))
    await greeted(wire, "without")


async def test_it_may_arrive_byte_by_byte(wire: Wire) -> None:
    request = b"".join([*posted("slow", *H2C), *chunked("slower", *WEBSOCKET)])
    await wire.send(*[request[at : at + 1] for at in range(len(request))])

    await greeted(wire, "slow", "slower")


async def test_pipelined_requests_with_and_without_an_upgrade_are_answered_in_their_order(wire: Wire) -> None:
    requests = [posted("1", *H2C), posted("2"), chunked("3", *WEBSOCKET), posted("4", *H2C), chunked("5")]
    await wire.send(b"".join(piece for request in requests for piece in request))

    await greeted(wire, "1", "2", "3", "4", "5")


async def test_thousands_of_pipelined_requests_that_ask_for_an_upgrade_are_answered(wire: Wire) -> None:
    # More than Python lets calls nest.
    number = 2_000
    await wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n" * number)

    assert {(await wire.reply()).status for _ in range(number)} == {401}


async def test_a_body_that_waits_for_100_continue_is_asked_for(wire: Wire) -> None:
    started, body = posted("waiting", *H2C, "Expect: 100-continue")
    await wire.send(started)
    assert (await wire.reply()).status == 100
    await wire.send(body)
    await greeted(wire, "waiting")
    await wire.send(*posted("next"))
    await greeted(wire, "next")


@pytest.mark.parametrize(("version", "connection"), [("1.0", "Upgrade"), ("1.1", "close, Upgrade")])
async def test_a_connection_that_is_to_be_closed_is_closed_after_the_answer(
    wire: Wire, version: str, connection: str
) -> None:
    await wire.send(*posted("last", f"Connection: {connection}", "Upgrade: h2c", version=version))

    await greeted(wire, "last")
    assert await wire.rest() == b""


def assert_rejected_early(reply: Reply, status: int, code: str, request_id: str | None = None) -> None:
    """Assert that an answer which the application didn't give looks like those that it gives."""
    assert (reply.status, reply.json()["errors"][0]["extensions"]["code"]) == (status, code)
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert (reply.headers["connection"], reply.headers["x-content-type-options"]) == ("close", "nosniff")
    assert reply.headers.get("x-request-id") == request_id


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT service.test:80 HTTP/1.1\r\nHost: service.test\r\n\r\n",
        b"CONNECT service.test:80 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_rejected_and_the_connection_closed(wire: Wire, request_: bytes) -> None:
    await wire.send(request_)

    assert_rejected_early(await wire.reply(), 400, "BAD_REQUEST")
    assert await wire.rest() == b""


@pytest.mark.parametrize("asked", [(), H2C])
async def test_a_request_is_answered_before_what_follows_it_is_rejected(wire: Wire, asked: tuple[str, ...]) -> None:
    first, second = posted("first"), posted("second", *asked)
    await wire.send(b"".join([*first, *second, b"nonsense\r\n\r\n", *posted("not read")]))

    await greeted(wire, "first", "second")
    assert_rejected_early(await wire.reply(), 400, "BAD_REQUEST")
    assert await wire.rest() == b""


async def test_a_body_that_cannot_be_read_is_rejected_after_the_requests_before_it(wire: Wire) -> None:
    started, *_ = chunked("broken", "X-Request-Id: broken-one")
    await wire.send(b"".join([*posted("first"), started, b"no length\r\n"]))

    await greeted(wire, "first")
    assert_rejected_early(await wire.reply(), 400, "BAD_REQUEST", "broken-one")
    assert await wire.rest() == b""


async def test_a_url_that_is_too_long_for_the_parser_is_rejected_as_json(wire: Wire) -> None:
    beginning = b"GET /graphql?query={hello}&extra="
    ending = b" HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nX-Request-Id: mine-7\r\n\r\n"
    longest = b"x" * (MAX_URL_BYTES - len(beginning) + len("GET "))
    await wire.send(beginning + longest + ending)
    # The application has a lower limit for the URL's query.
    reply = await wire.reply()
    assert (reply.status, reply.headers["x-request-id"], "connection" in reply.headers) == (414, "mine-7", False)
    await wire.send(beginning + longest + b"x" + ending)
    reply = await wire.reply()
    # The headers may not have been read yet.
    assert_rejected_early(reply, 414, "PAYLOAD_TOO_LARGE", reply.headers.get("x-request-id"))
    assert "65,535 bytes" in reply.json()["errors"][0]["message"]


async def test_headers_that_are_too_many_are_rejected_with_the_id_of_the_request(wire: Wire) -> None:
    await wire.send(head("GET /graphql HTTP/1.1", "X-Request-Id: mine-8", *["X: 1"] * 100))

    assert_rejected_early(await wire.reply(), 431, "PAYLOAD_TOO_LARGE", "mine-8")


async def test_a_client_that_sends_a_huge_request_before_it_reads_sees_why_it_is_rejected(port: int) -> None:
    def ask() -> bytes:
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            client.sendall(b"GET /" + b"x" * 5_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            return client.recv(100)

    assert (await asyncio.to_thread(ask)).startswith(b"HTTP/1.1 414 ")


@pytest.mark.parametrize("asked", [(), H2C])
async def test_trailers_are_no_headers(wire: Wire, asked: tuple[str, ...]) -> None:
    smuggled = b"".join(chunked("x", *asked, trailers=["Authorization: Bearer good"])).replace(
        f"{CREDENTIAL}\r\n".encode(), b"", 1
    )
    empty = head("POST /graphql HTTP/1.1", "Transfer-Encoding: chunked").replace(f"{CREDENTIAL}\r\n".encode(), b"")
    await wire.send(smuggled, empty + b"0\r\nAuthorization: Bearer good\r\nHost: another\r\n\r\n")

    assert [(await wire.reply()).status for _ in range(2)] == [401, 401]
    await wire.send(*chunked("in the headers", *asked, trailers=["Host: another"]))
    await greeted(wire, "in the headers")


class Echo(asyncio.Protocol):
    """What a library for WebSockets is to uvicorn: it is handed the handshake, and then has the connection."""

    def __init__(self, **_of_uvicorn: Any) -> None:
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            assert b"upgrade: websocket\r\n" in data
            self._transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            self._is_open = True
            return
        self._transport.write(data)


async def test_a_websocket_is_taken_where_there_is_a_protocol_for_it_and_nothing_else_is() -> None:
    async with listening(toy_app(), ws=Echo) as port, wired(port) as wire:
        await wire.send(*posted("no handshake", *WEBSOCKET))
        await greeted(wire, "no handshake")
        await wire.send(*posted("another protocol", *H2C))
        await greeted(wire, "another protocol")
        await wire.send(head("GET /graphql HTTP/1.1", *WEBSOCKET))
        assert (await wire.reply()).status == 101
        await wire.send(b"frame")
        assert await wire.exactly(5) == b"frame"
