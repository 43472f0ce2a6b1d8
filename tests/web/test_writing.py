"""What is written at once: whole parts of answers and messages, in order, and nothing to a client that doesn't read."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect

from app.web.writing import Write, chunk, text_frame, write_of
from tests.support.listening import listening, wired
from tests.support.until import until

REQUEST = b"POST /stream HTTP/1.1\r\nHost: service.test\r\nContent-Length: 2\r\n\r\n{}"
PART = b"x" * 60_000
_PATIENCE_SECONDS = 30


class Streaming:
    """An application whose answers go on until the test ends them."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.ending = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        is_http = scope["type"] == "http"
        if is_http:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            assert not write_of(scope)(b"before the head is sent")
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
        else:
            await send({"type": "websocket.accept"})
        self.writes.append(write_of(scope))
        await self.ending.wait()
        if is_http:
            await send({"type": "http.response.body", "body": b"last"})
            assert not write_of(scope)(b"after the end")
        else:
            await send({"type": "websocket.close", "code": 1000})
            assert not write_of(scope)(b"after the end")
        self.writes.pop()

    async def write(self) -> Write:
        """Return how to write to the client that has come."""
        await until(lambda: bool(self.writes))
        return self.writes[-1]


async def test_parts_of_an_answer_are_written_at_once_and_in_order() -> None:
    app = Streaming()
    async with listening(app) as port, wired(port) as wire:
        await wire.send(REQUEST)
        write = await app.write()
        assert write(chunk(b"second"))
        assert write(chunk(b"third"))
        app.ending.set()
        assert (await wire.reply()).headers["transfer-encoding"] == "chunked"
        body = b"5\r\nfirst\r\n6\r\nsecond\r\n5\r\nthird\r\n4\r\nlast\r\n0\r\n\r\n"
        assert await wire.exactly(len(body)) == body
        await until(lambda: not app.writes)
        # The answer is complete, and the connection serves the next request.
        assert not write(b"late")
        app.ending.clear()
        await wire.send(REQUEST)
        assert (await app.write())(chunk(b"again"))
        app.ending.set()


@pytest.mark.parametrize("kind", ["HTTP", "WebSocket"])
async def test_nothing_is_written_to_a_client_that_has_earlier_data_to_read(kind: str) -> None:
    app = Streaming()
    async with listening(app) as port, wired(port) as wire:
        if kind == "HTTP":
            await wire.send(REQUEST)
        else:
            key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            head = b"GET / HTTP/1.1\r\nHost: service.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            await wire.send(head + key + b"\r\n")
        write, part = await app.write(), chunk(PART) if kind == "HTTP" else text_frame(PART)
        written = 0
        while write(part):
            written += 1
            assert written < 1_000, "The kernel takes some megabytes, and the buffer little more."
        assert not write(b"more")
        await wire.reply()
        await wire.exactly(written * len(PART))
        await until(lambda: write(part))
        wire.reset()
        await until(lambda: not write(b"to nobody"))
        app.ending.set()


@pytest.mark.parametrize("size", [0, 5, 125, 126, 65_535, 65_536, 200_000])
async def test_a_message_of_any_size_arrives_as_it_is(size: int) -> None:
    app, text = Streaming(), "\N{LATIN SMALL LETTER O WITH STROKE}" * (size // 2) + "o" * (size % 2)
    async with listening(app) as port, connect(f"ws://127.0.0.1:{port}/", max_size=None) as client:
        write = await app.write()
        assert write(text_frame(text.encode()))
        assert write(text_frame(b"ne", b"xt"))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            assert await client.recv() == text
            assert await client.recv() == "next"
            app.ending.set()
            await client.wait_closed()
        assert client.close_code == 1000
        assert not write(b"late")


def test_a_frame_has_its_size_in_as_few_bytes_as_possible() -> None:
    sizes = (0, 125, 126, 65_535, 65_536)
    assert [len(text_frame(b"x" * size)) - size for size in sizes] == [2, 2, 4, 4, 10]


async def test_on_other_servers_nothing_is_written_at_once() -> None:
    assert not write_of({"state": {}})(b"anything")
