"""Requests that are read as a whole: which ones are, and that all others are answered exactly as by the parser alone.

Each stream of bytes is sent to two servers, of which one reads ordinary requests as a whole. What a proxy and a server
understand differently can be used to smuggle a request, so the answers must agree for every stream.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from starlette.types import Receive, Scope, Send

from app.cli.serving import server_config
from app.web.http_protocol import HttpProtocol
from app.web.http_whole import WholeProtocol
from app.web.http_whole_heads import MAX_WHOLE_HEAD, read_head
from tests.support import listening as support
from tests.support.listening import Wire, listening, wired
from tests.support.thorough import examples
from tests.support.toy import ToyContext
from tests.support.toy_app import opening, toy_app
from tests.web.both_ways import (
    BODY,
    CHUNKED,
    CHUNKS,
    HEADERS,
    LAST,
    LENGTH,
    SMUGGLED,
    answers,
    assert_alike,
    both_ways,
    changed_and_cut,
    request,
)

ORDINARY = request(*HEADERS, LENGTH)
PARSED = {
    "both length headers": request(*HEADERS, LENGTH, CHUNKED, body=CHUNKS),
    "both, the other way around": request(*HEADERS, CHUNKED, LENGTH, body=CHUNKS),
    "an encoding nobody knows": request(*HEADERS, LENGTH, b"Transfer-Encoding: xchunked"),
    "an encoding with a tab": request(*HEADERS, LENGTH, b"Transfer-Encoding:\tchunked", body=CHUNKS),
    "an encoding with a space before the colon": request(*HEADERS, LENGTH, b"Transfer-Encoding : chunked", body=CHUNKS),
    "an encoding in a fold": request(*HEADERS, LENGTH, b"X: y", b" Transfer-Encoding: chunked", body=CHUNKS),
    "an encoding twice": request(*HEADERS, CHUNKED, b"Transfer-Encoding: identity", body=CHUNKS),
    "an encoding in a quoted list": request(*HEADERS, LENGTH, b'Transfer-Encoding: "chunked"', body=CHUNKS),
    "an encoding after a vertical tab": request(*HEADERS, LENGTH, b"Transfer-Encoding: \x0bchunked", body=CHUNKS),
    "an encoding after a bare line feed": request(*HEADERS, LENGTH, b"X: y\nTransfer-Encoding: chunked", body=CHUNKS),
    "an encoding after a bare carriage return": request(
        *HEADERS, LENGTH, b"X: y\rTransfer-Encoding: chunked", body=CHUNKS
    ),
    "chunks with an extension": request(*HEADERS, CHUNKED, body=CHUNKS.replace(b"\r\n", b";a=b\r\n", 1)),
    "chunks with a bare line feed": request(*HEADERS, CHUNKED, body=CHUNKS.replace(b"\r\n", b"\n", 1)),
    "chunks with a negative size": request(*HEADERS, CHUNKED, body=b"-1\r\n" + CHUNKS),
    "chunks with a prefix": request(*HEADERS, CHUNKED, body=b"0x" + CHUNKS),
    "chunks with a huge size": request(*HEADERS, CHUNKED, body=b"f" * 17 + b"\r\n" + CHUNKS),
    "chunks and trailers": request(*HEADERS, CHUNKED, body=CHUNKS[:-2] + b"Content-Length: 3\r\n\r\n"),
    "chunks that end too early": request(*HEADERS, CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "two lengths": request(*HEADERS, LENGTH, b"Content-Length: 0"),
    "one length twice": request(*HEADERS, LENGTH, LENGTH),
    "two lengths in a list": request(*HEADERS, LENGTH + b", %d" % len(BODY)),
    "a length with a sign": request(*HEADERS, b"Content-Length: +%d" % len(BODY)),
    "a negative length": request(*HEADERS, b"Content-Length: -1"),
    "a length with zeros": request(*HEADERS, b"Content-Length: 00%d" % len(BODY)),
    "a length with an underscore": request(*HEADERS, b"Content-Length: 1_9"),
    "a length in hexadecimal": request(*HEADERS, b"Content-Length: 0x13"),
    "a length with a fraction": request(*HEADERS, LENGTH + b".0"),
    "a length of other digits": request(*HEADERS, "Content-Length: ١٩".encode()),
    "a length with a space inside": request(*HEADERS, b"Content-Length: 1 9"),
    "a length with a space after it": request(*HEADERS, LENGTH + b" "),
    "a length with two spaces before it": request(*HEADERS, b"Content-Length:  %d" % len(BODY)),
    "a length without a space": request(*HEADERS, b"Content-Length:%d" % len(BODY)),
    "a length after a tab": request(*HEADERS, b"Content-Length:\t%d" % len(BODY)),
    "a length with a space before the colon": request(*HEADERS, b"Content-Length : %d" % len(BODY)),
    "a length in a fold": request(*HEADERS, b"Content-Length:", b" %d" % len(BODY)),
    "a length that is too small": request(*HEADERS, b"Content-Length: 3"),
    "a length of nothing": request(*HEADERS, b"Content-Length: 0", body=b""),
    "a length of nothing and a body": request(*HEADERS, b"Content-Length: 0", body=SMUGGLED),
    "an empty length": request(*HEADERS, b"Content-Length: "),
    "no length": request(*HEADERS),
    "a length that is too long": request(*HEADERS, b"Content-Length: " + b"9" * 30),
    "a fold": request(*HEADERS, b"X: y", b" z", LENGTH),
    "a fold in the first line": request(b" X: y", *HEADERS, LENGTH),
    "no name": request(*HEADERS, b": value", LENGTH),
    "no colon": request(*HEADERS, b"name", LENGTH),
    "no value": request(*HEADERS, b"X:", LENGTH),
    "a name with a space": request(*HEADERS, b"X Y: z", LENGTH),
    "a name with brackets": request(*HEADERS, b"X(Y): z", LENGTH),
    "a name with a zero byte": request(*HEADERS, b"X\0: z", LENGTH),
    "a value with a zero byte": request(*HEADERS, b"X: \0", LENGTH),
    "a value with a tab": request(*HEADERS, b"X: y\tz", LENGTH),
    "a value with Latin letters": request(*HEADERS, b"X: \xe9", LENGTH),
    "bare line feeds": request(*HEADERS, LENGTH, end=b"\n"),
    "one bare line feed": ORDINARY.replace(b"\r\n", b"\n", 1),
    "an empty line before it": b"\r\n" + ORDINARY,
    "lower-case method": request(*HEADERS, LENGTH, line=b"post /graphql HTTP/1.1"),
    "two spaces in the first line": request(*HEADERS, LENGTH, line=b"POST  /graphql HTTP/1.1"),
    "a space after the first line": request(*HEADERS, LENGTH, line=b"POST /graphql HTTP/1.1 "),
    "no version": request(*HEADERS, LENGTH, line=b"POST /graphql"),
    "an old version": request(*HEADERS, LENGTH, line=b"POST /graphql HTTP/1.0"),
    "a new version": request(*HEADERS, LENGTH, line=b"POST /graphql HTTP/1.2"),
    "a version in lower case": request(*HEADERS, LENGTH, line=b"POST /graphql http/1.1"),
    "a whole URL": request(*HEADERS, LENGTH, line=b"POST http://service.test/graphql HTTP/1.1"),
    "a query": request(*HEADERS, LENGTH, line=b"POST /graphql?a=b HTTP/1.1"),
    "a fragment": request(*HEADERS, LENGTH, line=b"POST /graphql#a HTTP/1.1"),
    "an encoded path": request(*HEADERS, LENGTH, line=b"POST /%67raphql HTTP/1.1"),
    "two slashes": request(*HEADERS, LENGTH, line=b"POST //graphql HTTP/1.1"),
    "dots in the path": request(*HEADERS, LENGTH, line=b"POST /a/../graphql HTTP/1.1"),
    "no slash": request(*HEADERS, LENGTH, line=b"POST graphql HTTP/1.1"),
    "another method": request(*HEADERS, LENGTH, line=b"PUT /graphql HTTP/1.1"),
    "a request to close": request(*HEADERS, LENGTH, b"Connection: close"),
    "a request to close in a list": request(*HEADERS, LENGTH, b"Connection: keep-alive, close"),
    "a request to close a proxy's connection": request(*HEADERS, LENGTH, b"Proxy-Connection: close"),
    "an upgrade": request(*HEADERS, LENGTH, b"Connection: Upgrade", b"Upgrade: h2c"),
    "an upgrade without a connection": request(*HEADERS, LENGTH, b"Upgrade: h2c"),
    "an expectation": request(*HEADERS, LENGTH, b"Expect: 100-continue"),
    "too many headers": request(*HEADERS, LENGTH, *[b"X: y"] * 97),
    "two requests": ORDINARY + ORDINARY,
    "two requests of which one is smuggled": ORDINARY + SMUGGLED,
    "half of another request": ORDINARY + SMUGGLED[:20],
    "a body that is too long": ORDINARY + b"}",
    "an answer before the body": request(*HEADERS[:1], b"Content-Length: 500", body=b"") + request(*HEADERS, LENGTH),
}
TAKEN = {
    "ordinary": ORDINARY,
    "a connection to keep": request(*HEADERS, LENGTH, b"Connection: Keep-Alive"),
    "names in any case": request(*(header.swapcase() for header in HEADERS[:1]), *HEADERS[1:], LENGTH.lower()),
    "a value with spaces": request(*HEADERS, b"User-Agent: a  b (c: d)", LENGTH),
    "many headers": request(*HEADERS, LENGTH, *[b"X: y"] * 96),
    "a repeated header": request(*HEADERS, b"Accept: text/html", b"Accept: application/json", LENGTH),
    "an id": request(*HEADERS, b"X-Request-Id: mine-1", LENGTH),
    "no credential": request(HEADERS[0], HEADERS[2], LENGTH),
    "two credentials": request(*HEADERS, HEADERS[1], LENGTH),
    "two hosts": request(*HEADERS, b"Host: other.test", LENGTH),
    "no host": request(*HEADERS[1:], LENGTH),
    "a malformed host": request(b"Host: a b", *HEADERS[1:], LENGTH),
    "another path": request(*HEADERS, LENGTH, line=b"POST /other HTTP/1.1"),
    "no path": request(*HEADERS, LENGTH, line=b"POST / HTTP/1.1"),
    "another type": request(*HEADERS[:2], b"Content-Type: text/plain", LENGTH),
    "no JSON": request(*HEADERS, b"Content-Length: 1", body=b"{"),
    "a long body": request(*HEADERS, b"Content-Length: 15000", body=BODY.ljust(15_000)),
    "a body over the limit": request(*HEADERS, b"Content-Length: 25000", body=BODY.ljust(25_000)),
    "a compressed body": request(*HEADERS, b"Content-Encoding: gzip", LENGTH),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ports() -> AsyncGenerator[tuple[int, int]]:
    """The ports of the two servers, the parser's last."""
    async with both_ways(toy_app) as ports:
        yield ports


@pytest.mark.parametrize("sent", [*PARSED.values(), *TAKEN.values()], ids=[*PARSED, *TAKEN])
async def test_the_answers_are_those_of_the_parser(ports: tuple[int, int], sent: bytes) -> None:
    await asyncio.gather(
        assert_alike(ports, sent),
        assert_alike(ports, ORDINARY, sent, ORDINARY, LAST),
        assert_alike(ports, sent + ORDINARY, LAST),
        assert_alike(ports, sent[: len(sent) // 2], sent[len(sent) // 2 :], ORDINARY, LAST),
    )


@pytest.mark.parametrize("sent", PARSED.values(), ids=PARSED)
def test_anything_unusual_is_left_to_the_parser(sent: bytes) -> None:
    head = read_head(sent)

    assert head is None or head.size != len(sent)


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN)
def test_an_ordinary_request_is_read_as_a_whole(sent: bytes) -> None:
    head = read_head(sent)

    assert head is not None
    assert head.size == len(sent)


@pytest.mark.parametrize("sent", [*PARSED.values(), *TAKEN.values()], ids=[*PARSED, *TAKEN])
def test_what_is_known_of_an_earlier_request_changes_nothing(sent: bytes) -> None:
    for before in (ORDINARY, *TAKEN.values()):
        assert read_head(sent, read_head(before)) == read_head(sent)


def test_headers_over_the_limit_are_left_to_the_parser() -> None:
    def sized(size: int) -> bytes:
        return request(b"X: " + b"y" * size, LENGTH)

    fits = MAX_WHOLE_HEAD - len(sized(1)) + len(BODY) + 1
    assert read_head(sized(fits)) is not None
    assert read_head(sized(fits + 1)) is None


@settings(max_examples=examples(60))
@given(sent=changed_and_cut(ORDINARY, HEADERS, b"POST /graphql HTTP/1.1\r\n"))
async def test_changed_and_cut_requests_are_answered_as_by_the_parser(
    ports: tuple[int, int], sent: tuple[bytes, bytes]
) -> None:
    await assert_alike(ports, ORDINARY, *sent, ORDINARY, LAST)


@pytest_asyncio.fixture(loop_scope="session")
async def wire(ports: tuple[int, int]) -> AsyncGenerator[Wire]:
    """A connection to the server that reads whole requests."""
    async with wired(ports[0]) as wire:
        yield wire


async def test_the_rest_of_a_body_is_no_request_even_if_it_looks_like_one(wire: Wire) -> None:
    # The answer doesn't wait for the body, so the connection looks idle.
    await wire.send(request(HEADERS[0], b"Content-Length: %d" % (len(ORDINARY) + 3), body=b""))
    assert (await wire.reply()).status == 401
    await wire.send(ORDINARY, b"end")
    await wire.send(ORDINARY)
    assert (await wire.reply()).status == 200
    wire.end()
    assert await wire.rest() == b""


async def test_the_rest_of_headers_is_no_request_even_if_it_looks_like_one(wire: Wire) -> None:
    await wire.send(ORDINARY)
    assert (await wire.reply()).status == 200
    await wire.send(b"GET /nothing HTTP/1.1\r\nX: y", ORDINARY)
    # Had the last one been read as a request, it would have been answered with 200.
    assert b"`query` is missing" in (await wire.reply()).body


async def test_requests_that_are_sent_ahead_are_answered_in_their_order(wire: Wire) -> None:
    def asking(name: str) -> bytes:
        body = json.dumps({"query": "query($n: String){hello(name: $n)}", "variables": {"n": name}}).encode()
        return request(*HEADERS, b"Content-Length: %d" % len(body), body=body)

    names = [f"{number}" for number in range(20)]
    await wire.send(*map(asking, names[:5]), b"".join(map(asking, names[5:15])), *map(asking, names[15:]))
    for name in names:
        assert (await wire.reply()).json() == {"data": {"hello": f"Hello {name}"}}


async def test_a_mutation_outlives_its_client() -> None:
    context = ToyContext()
    body = json.dumps({"query": "mutation {slowly}"}).encode()
    async with listening(toy_app(opener=opening(context))) as port:
        async with wired(port) as wire:
            await wire.send(request(*HEADERS, b"Content-Length: %d" % len(body), body=body))
        while "closed" not in context.finished:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    assert context.finished == ["slowly", "closed"]


async def test_a_query_ends_with_its_client() -> None:
    context = ToyContext()
    body = json.dumps({"query": "{slow}"}).encode()
    async with asyncio.timeout(10), listening(toy_app(opener=opening(context))) as port:
        async with wired(port) as wire:
            await wire.send(request(*HEADERS, b"Content-Length: %d" % len(body), body=body))
            await asyncio.sleep(0.2)
            wire.reset()
        while "closed" not in context.finished:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_an_idle_connection_is_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "keep_alive_seconds", 1)
    async with listening(toy_app()) as port, wired(port) as wire:
        for _ in range(3):
            await wire.send(ORDINARY)
            assert (await wire.reply()).status == 200
            await asyncio.sleep(0.2)
        begun = time.monotonic()
        assert await wire.rest() == b""
        assert 0.5 < time.monotonic() - begun < 5


async def test_a_server_that_ends_closes_the_connection_after_the_answer() -> None:
    body = json.dumps({"query": "mutation {slowly}"}).encode()
    async with AsyncExitStack() as stack:
        async with listening(toy_app()) as port:
            wire = await stack.enter_async_context(wired(port))
            await wire.send(request(*HEADERS, b"Content-Length: %d" % len(body), body=body))
        reply = await wire.reply()
        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert await wire.rest() == b""


class Answering:
    """Answers with what a test says."""

    def __init__(self, *messages: Any) -> None:
        self._messages = messages

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        for message in self._messages:
            await send(message)


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def piece(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


TWO = (b"content-length", b"2")


@pytest.mark.parametrize(
    "messages",
    [
        (start(TWO), piece(b"ok")),
        (start((b"Content-Length", b"2"), (b"X-Any", b"\xe9\t1")), piece(b"ok")),
        (start(TWO), piece(b"o", more=True), piece(b"k")),
        (start(), piece(b"o", more=True), piece(b"k")),
        (start(), piece(b"ok")),
        (start(TWO, TWO), piece(b"ok")),
        (start((b"transfer-encoding", b"chunked")), piece(b"ok")),
        (start((b"connection", b"close"), TWO), piece(b"ok")),
        (start((b"Connection", b"close"), TWO), piece(b"ok")),
        (start(status=204), piece(b"")),
        (start((b"content-length", b"0"), status=304), piece(b"")),
        (start((b"content-length", b"100000")), piece(bytes(100_000))),
    ],
)
async def test_answers_of_any_form_are_written_as_by_uvicorn(
    messages: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    for reads_whole in (True, False):
        monkeypatch.setattr(support, "reads_whole", reads_whole)
        async with listening(Answering(*messages)) as port:
            written.append(await answers(port, ORDINARY, ORDINARY))
    assert written[0] == written[1] != b""


@pytest.mark.parametrize(
    "messages",
    [
        (start((b"content-length", b"3")), piece(b"ok")),
        (start((b"content-length", b"1")), piece(b"ok")),
        (start((b"x", b"y\r\nz: 1"), TWO), piece(b"ok")),
        (start((b"x", b"\0"), TWO), piece(b"ok")),
        (start((b"x y", b"z"), TWO), piece(b"ok")),
        (start(TWO), piece(b"ok"), piece(b"ok")),
        (start(TWO), start(TWO)),
        (piece(b"ok"),),
        (start(TWO),),
        (),
    ],
)
async def test_answers_that_are_invalid_never_reach_the_client_whole(
    messages: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(Answering(*messages)) as port:
        assert (await answers(port, ORDINARY)).count(b"HTTP/1.1 ") <= 1
    assert caplog.records


async def test_they_bypass_the_parser_also_where_the_access_log_has_a_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    # As in `serve`, where the access log is off by its level, and the root logger has the handler.
    parsed: list[bytes] = []

    def read(_self: HttpProtocol, data: bytes) -> None:
        parsed.append(data)

    monkeypatch.setattr(HttpProtocol, "_read", read)
    async with listening(toy_app()) as port:
        monkeypatch.setattr(logging.getLogger("uvicorn.access"), "propagate", True)
        assert logging.getLogger("uvicorn.access").hasHandlers()
        async with wired(port) as wire:
            for _ in range(2):
                await wire.send(ORDINARY)
                assert (await wire.reply()).status == 200
    assert parsed == []


def test_the_setting_decides_which_way_is_taken() -> None:
    for reads_whole, protocol in ((True, WholeProtocol), (False, HttpProtocol)):
        assert server_config(toy_app(), grace_seconds=1, reads_whole=reads_whole).http is protocol
