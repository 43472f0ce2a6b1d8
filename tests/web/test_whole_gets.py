"""GET and the other forms of requests that are read as a whole: the application is called as by the parser.

The application tells what it was called with, so answers agree only if both ways read the same method, target and
headers, and find the same end of the request.
"""

import json
from collections.abc import AsyncGenerator
from typing import Any, cast
from urllib.parse import unquote

import httptools
import pytest
import pytest_asyncio
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from app.web.http_protocol import HttpProtocol
from app.web.http_whole_heads import MAX_WHOLE_HEAD, read_head
from tests.support.listening import listening, wired
from tests.support.thorough import examples
from tests.web.both_ways import (
    BODY,
    CHUNKED,
    CHUNKS,
    LAST,
    LENGTH,
    SMUGGLED,
    assert_alike,
    both_ways,
    changed_and_cut,
    request,
)

HEADERS = (b"Host: service.test", b"Authorization: Bearer good", b"Accept: application/json")
LINE = b"GET /v1/customers/0198c0de-0000-7000-8000-000000000000 HTTP/1.1"
_IN_TARGETS = b"/?#%&=+;:@!$'()*,.~_-[]{}|\\^`\"<> \t\0\x0b\x7f\x80\xc3\xe9\xff0aZ"


def get(*headers: bytes, line: bytes = LINE, body: bytes = b"") -> bytes:
    """Return a GET with these headers beside the usual ones."""
    return request(*HEADERS, *headers, line=line, body=body)


def at(target: bytes) -> bytes:
    """Return a GET of this target."""
    return get(line=b"GET %b HTTP/1.1" % target)


ORDINARY = get()
PARSED = {
    "a length of nothing": get(b"Content-Length: 0"),
    "a length and a body": get(LENGTH, body=BODY),
    "a length and a request as its body": get(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
    "a length of nothing and a body": get(b"Content-Length: 0", body=SMUGGLED),
    "a length twice": get(LENGTH, LENGTH, body=BODY),
    "a length in a fold": get(b"Content-Length:", b" %d" % len(BODY), body=BODY),
    "a length with a space before the colon": get(b"Content-Length : %d" % len(BODY), body=BODY),
    "a body without a length": get(body=BODY),
    "chunks": get(CHUNKED, body=CHUNKS),
    "no chunks": get(CHUNKED, body=b"0\r\n\r\n"),
    "chunks and a length": get(CHUNKED, LENGTH, body=CHUNKS),
    "an encoding nobody knows": get(b"Transfer-Encoding: xchunked", body=CHUNKS),
    "an encoding with a space before the colon": get(b"Transfer-Encoding : chunked", body=CHUNKS),
    "an encoding in a fold": get(b"X: y", b" Transfer-Encoding: chunked", body=CHUNKS),
    "an encoding after a bare line feed": get(b"X: y\nTransfer-Encoding: chunked", body=CHUNKS),
    "a fold": get(b"X: y", b" z"),
    "a fold in the first line": request(b" X: y", *HEADERS, line=LINE, body=b""),
    "no colon": get(b"name"),
    "no value": get(b"X:"),
    "a name with a space": get(b"X Y: z"),
    "a value with a tab": get(b"X: y\tz"),
    "a value with Latin letters": get(b"X: \xe9"),
    "bare line feeds": request(*HEADERS, line=LINE, body=b"", end=b"\n"),
    "one bare line feed": ORDINARY.replace(b"\r\n", b"\n", 1),
    "an empty line before it": b"\r\n" + ORDINARY,
    "too many headers": get(*[b"X: y"] * 98),
    "a request to close": get(b"Connection: close"),
    "an upgrade": get(b"Connection: Upgrade", b"Upgrade: h2c"),
    "half a handshake of a WebSocket": get(b"Connection: Upgrade", b"Upgrade: websocket"),
    "an expectation": get(b"Expect: 100-continue"),
    "encodings that it takes": get(b"TE: trailers"),
    "two requests": ORDINARY + ORDINARY,
    "two requests of different kinds": ORDINARY + request(*HEADERS, LENGTH),
    "half of another request": ORDINARY + ORDINARY[:30],
    "an empty line after it": ORDINARY + b"\r\n",
    "no version": at(b"/").replace(b" HTTP/1.1", b"", 1),
    "an old version": get(line=b"GET / HTTP/1.0"),
    "a new version": get(line=b"GET / HTTP/1.2"),
    "another protocol": get(line=b"GET / ICE/1.1"),
    "lower-case method": get(line=b"get / HTTP/1.1"),
    "two spaces in the first line": get(line=b"GET  / HTTP/1.1"),
    "a space after the first line": get(line=b"GET / HTTP/1.1 "),
    "a tab in the first line": get(line=b"GET\t/ HTTP/1.1"),
    "only headers": get(line=b"HEAD /v1/customers HTTP/1.1"),
    "only headers, with a body": get(LENGTH, line=b"HEAD /v1/customers HTTP/1.1", body=BODY),
    "options": get(line=b"OPTIONS /v1/customers HTTP/1.1"),
    "options of the server": get(line=b"OPTIONS * HTTP/1.1"),
    "a tunnel": get(line=b"CONNECT service.test:443 HTTP/1.1"),
    "a preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a whole URL": at(b"http://service.test/v1/customers"),
    "a whole URL of another host": at(b"http://other.test/v1/customers"),
    "a host alone": at(b"service.test:80"),
    "a host after two slashes": at(b"//other.test/v1/customers"),
    "a star": at(b"*"),
    "no slash": at(b"v1/customers"),
    "no target": at(b""),
    "two slashes": at(b"/v1//customers"),
    "a slash at the end": at(b"/v1/customers/"),
    "dots": at(b"/v1/../customers"),
    "a dot": at(b"/v1/./customers"),
    "a file": at(b"/v1/openapi.json"),
    "an encoded letter": at(b"/v1/%63ustomers"),
    "an encoded slash": at(b"/v1%2Fcustomers"),
    "encoded dots": at(b"/v1/%2e%2e/customers"),
    "an encoded zero byte": at(b"/v1/%00"),
    "a percent sign": at(b"/v1/%"),
    "a parameter of a path": at(b"/v1;a=b/customers"),
    "a backslash": at(b"/v1\\customers"),
    "a path in UTF-8": at("/v1/kunder/ø".encode()),
    "a path in Latin-1": at(b"/v1/\xf8"),
    "a zero byte in the path": at(b"/v1/\0"),
    "a tab in the path": at(b"/v1/\t"),
    "a space in the path": at(b"/v1/ customers"),
    "an empty query": at(b"/v1/customers?"),
    "two question marks": at(b"/v1/customers?a=b?c=d"),
    "two question marks at once": at(b"/v1/customers??a=b"),
    "a question mark at the end": at(b"/v1/customers?a=b?"),
    "a query without a path": at(b"?a=b"),
    "a fragment": at(b"/v1/customers#a"),
    "a fragment after a query": at(b"/v1/customers?a=b#c?d"),
    "an empty fragment": at(b"/v1/customers?a=b#"),
    "a query in UTF-8": at("/v1/customers?customerNumber=ø".encode()),
    "a query in Latin-1": at(b"/v1/customers?customerNumber=\xf8"),
    "a zero byte in the query": at(b"/v1/customers?a=\0"),
    "a space in the query": at(b"/v1/customers?a= b"),
    "a slash in the query": at(b"/v1/customers?a=/"),
    "quotes in the query": at(b'/v1/customers?a="b"'),
    "braces in the query": at(b"/graphql?query={hello}"),
    "a POST with a query": request(*HEADERS, LENGTH, line=b"POST /v1/customers?a=b HTTP/1.1"),
    "a PATCH with a query": request(*HEADERS, LENGTH, line=b"PATCH /v1/customers?a=b HTTP/1.1"),
    "a PATCH without a length": request(*HEADERS, line=b"PATCH /v1/customers HTTP/1.1", body=b""),
    "a PATCH of nothing": request(*HEADERS, b"Content-Length: 0", line=b"PATCH /v1/customers HTTP/1.1", body=b""),
    "a PATCH in chunks": request(*HEADERS, CHUNKED, line=b"PATCH /v1/customers HTTP/1.1", body=CHUNKS),
    "a PUT": request(*HEADERS, LENGTH, line=b"PUT /v1/customers HTTP/1.1"),
    "a DELETE": get(line=b"DELETE /v1/customers HTTP/1.1"),
}
TAKEN = {
    "ordinary": ORDINARY,
    "no headers": b"GET /v1/customers HTTP/1.1\r\n\r\n",
    "no path": at(b"/"),
    "letters in any case": at(b"/V1/Customers_a-B/0"),
    "a query": at(b"/v1/customers?limit=50&after=Mi0xLjB_Zg"),
    "a query of the root": at(b"/?a=b"),
    "brackets": at(b"/v1/customers?metadata[segment]=retail"),
    "encoded brackets": at(b"/v1/customers?metadata%5Bsegment%5D=retail+shop"),
    "encoded line breaks": at(b"/v1/customers?customerNumber=1%0d%0aX%3A"),
    "an encoded zero byte in the query": at(b"/v1/customers?customerNumber=%00"),
    "encoding that is malformed": at(b"/v1/customers?customerNumber=%ZZ%"),
    "empty parameters": at(b"/v1/customers?&&=&a&a="),
    "a connection to keep": get(b"Connection: Keep-Alive"),
    "a condition": get(b'If-None-Match: W/"3", "4"'),
    "any version": get(b"If-None-Match: *"),
    "a time as a condition": get(b"If-Modified-Since: Mon, 30 Nov 2026 10:00:00 GMT"),
    "a range": get(b"Range: bytes=0-9"),
    "a type of a body": get(b"Content-Type: application/json"),
    "cookies": get(b"Cookie: a=b; c=d", b"Cookie: e=f"),
    "many headers": get(*[b"X: y"] * 97),
    "two hosts": get(b"Host: other.test"),
    "a PATCH": request(*HEADERS, LENGTH, line=b"PATCH /v1/customers/0198c0de HTTP/1.1"),
    "a POST below a path": request(*HEADERS, LENGTH, line=b"POST /v1/customers HTTP/1.1"),
}


async def telling(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the application was called with."""
    body, goes_on = b"", True
    while goes_on:
        message = await receive()
        body += message.get("body", b"")
        goes_on = message.get("more_body", False)
    told = {name: value for name, value in scope.items() if name not in {"client", "server", "extensions", "state"}}
    content = json.dumps({**told, "body": body}, default=bytes.hex).encode()
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(content))]}
    await send(start)
    await send({"type": "http.response.body", "body": content})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ports() -> AsyncGenerator[tuple[int, int]]:
    """The ports of the two servers, the parser's last."""
    async with both_ways(lambda: telling) as ports:
        yield ports


@pytest.mark.parametrize("sent", [*PARSED.values(), *TAKEN.values()], ids=[*PARSED, *TAKEN])
async def test_the_application_is_called_as_by_the_parser(ports: tuple[int, int], sent: bytes) -> None:
    await assert_alike(ports, sent)
    await assert_alike(ports, ORDINARY, sent, ORDINARY, LAST)
    await assert_alike(ports, sent + ORDINARY, LAST)
    await assert_alike(ports, sent[: len(sent) // 2], sent[len(sent) // 2 :], ORDINARY, LAST)


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
    for before in TAKEN.values():
        assert read_head(sent, read_head(before)) == read_head(sent)


def test_a_target_over_the_limit_is_left_to_the_parser() -> None:
    def sized(size: int) -> bytes:
        return at(b"/v1/customers?a=" + b"b" * size)

    before = read_head(ORDINARY)
    fits = MAX_WHOLE_HEAD - len(sized(1)) + 1
    assert read_head(sized(fits)) == read_head(sized(fits), before) is not None
    assert read_head(sized(fits + 1)) is read_head(sized(fits + 1), before) is None


class Parsed:
    """What the parser tells of a request, and whether that is all of the data."""

    def __init__(self, data: bytes) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.bodies: list[bytes] = []
        self.ends = 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        self.method: bytes = parser.get_method()
        self.keeps_alive: bool = parser.should_keep_alive() and parser.get_http_version() == "1.1"

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.bodies.append(body)

    def on_message_complete(self) -> None:
        self.ends += 1


def assert_read_as_by_the_parser(data: bytes, before: bytes = ORDINARY) -> bool:
    """Return whether the data is read as a whole; it must be what the parser understands then."""
    head = read_head(data, read_head(before))
    assert head == read_head(data)
    if head is None or head.size != len(data):
        return False
    parsed = Parsed(data)
    url = cast("Any", httptools.parse_url(parsed.url))  # pyright: ignore[reportUnknownMemberType] - its types are Any
    assert (parsed.ends, parsed.keeps_alive, parsed.method.decode()) == (1, True, head.line.method)
    assert (url.path, url.query or b"") == (head.line.raw_path, head.line.query_string)
    assert unquote(url.path.decode("ascii")) == head.line.path
    assert (parsed.headers, b"".join(parsed.bodies)) == (head.fields.headers, data[len(head.text) :])
    return True


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN)
def test_what_is_read_of_a_request_is_what_the_parser_reads(sent: bytes) -> None:
    assert assert_read_as_by_the_parser(sent)


@settings(max_examples=examples(300))
@given(st.lists(st.one_of(st.sampled_from(list(_IN_TARGETS)), st.integers(0, 255)), max_size=12).map(bytes))
@example(b"/a?b=c?d#e")
@example(b"/a#b?c")
@example(b"//a:80/b")
def test_any_target_is_read_as_by_the_parser_or_left_to_it(target: bytes) -> None:
    for beginning in (b"", b"/", b"/v1/customers", b"/v1/customers?", b"/v1/customers?a=b&"):
        for method in (b"GET", b"PATCH"):
            line = b"%b %b%b HTTP/1.1" % (method, beginning, target)
            assert_read_as_by_the_parser(get(line=line))
            assert_read_as_by_the_parser(request(*HEADERS, LENGTH, line=line))


@pytest.mark.parametrize("character", range(256))
def test_each_character_of_a_target_is_read_as_by_the_parser(character: int) -> None:
    for target in (b"/a%cb", b"/%c", b"/a?%c", b"/a?b=%cc", b"/a?%c?"):
        assert_read_as_by_the_parser(at(target % character))


_OF_TARGETS = (b"?", b"#", b"/", b"%2f", b"&a=b", b"http://a", b"\xe9", b"GET ", b"HEAD", b"PATCH", b" HTTP/1.1\r\n")


@settings(max_examples=examples(60))
@given(sent=changed_and_cut(ORDINARY, HEADERS, *_OF_TARGETS))
async def test_changed_and_cut_requests_are_answered_as_by_the_parser(
    ports: tuple[int, int], sent: tuple[bytes, bytes]
) -> None:
    await assert_alike(ports, ORDINARY, *sent, ORDINARY, LAST)


async def test_requests_that_are_sent_ahead_are_answered_in_their_order() -> None:
    names = [f"/v1/customers/{number}" for number in range(20)]
    requests = [at(name.encode()) for name in names]
    async with listening(telling) as port, wired(port) as wire:
        await wire.send(*requests[:5], b"".join(requests[5:15]), *requests[15:])
        assert [(await wire.reply()).json()["path"] for _ in names] == names


async def test_the_body_of_an_answered_get_is_no_request_even_if_it_looks_like_one() -> None:
    async with listening(telling_early) as port, wired(port) as wire:
        # The answer doesn't wait for the body, so the connection looks idle.
        await wire.send(get(b"Content-Length: %d" % (len(ORDINARY) + 3)))
        assert (await wire.reply()).status == 200
        await wire.send(ORDINARY, b"end")
        await wire.send(at(b"/next"))
        assert (await wire.reply()).json() == "/next"
        wire.end()
        assert await wire.rest() == b""


async def telling_early(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with the path, without reading the body."""
    content = json.dumps(scope["path"]).encode()
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(content))]}
    await send(start)
    await send({"type": "http.response.body", "body": content})


async def test_ordinary_requests_of_each_method_bypass_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []

    def read(_self: HttpProtocol, data: bytes) -> None:
        parsed.append(data)

    monkeypatch.setattr(HttpProtocol, "_read", read)
    async with listening(telling) as port, wired(port) as wire:
        for sent in TAKEN.values():
            await wire.send(sent)
            assert (await wire.reply()).status == 200
    assert parsed == []
