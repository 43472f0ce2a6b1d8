"""The floor's HTTP: whole POSTs of a client that sends nothing else, on asyncio's protocol, without a framework."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import cast

import uvloop
from typing_extensions import override

Answer = Callable[[bytes | None, bytes], Awaitable[tuple[int, bytes]]]
"""From the `Authorization` header and the body to the status and the body of the answer."""

_END = b"\r\n\r\n"
_LENGTH, _AUTHORIZATION = b"\r\ncontent-length:", b"\r\nauthorization:"
_HEAD = b"HTTP/1.1 %d Any\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
# References, because the event loop keeps only weak ones.
_tasks: set["asyncio.Task[None]"] = set()


class _Http(asyncio.Protocol):
    """A connection with one request at a time, as the benchmark's clients send them. It checks nothing else."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._received = data = self._received + data if self._received else data
        end = data.find(_END)
        if end < 0:
            return
        head = data[:end]
        names = head.lower()
        whole = end + len(_END) + int(_value(head, names, _LENGTH) or 0)
        if len(data) < whole:
            return
        self._received = b""
        task = asyncio.ensure_future(self._reply(_value(head, names, _AUTHORIZATION), data[end + len(_END) :]))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    async def _reply(self, authorization: bytes | None, body: bytes) -> None:
        status, text = await self._answer(authorization, body)
        if self._transport is not None:
            self._transport.write(_HEAD % (status, len(text)) + text)


def _value(head: bytes, names: bytes, name: bytes) -> bytes | None:
    """Return the value of a header. `names` is the head in lower case, `name` begins after a line's end."""
    at = names.find(name)
    if at < 0:
        return None
    at += len(name)
    end = head.find(b"\r\n", at)
    return head[at : end if end >= 0 else len(head)].strip()


def serve(start: Callable[[], Awaitable[None]], answer: Answer, stop: Callable[[], Awaitable[None]], port: int) -> None:
    """Serve on a port until the process is told to end."""

    async def run() -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        await start()
        server = await loop.create_server(lambda: _Http(answer), "127.0.0.1", port)
        await ended.wait()
        server.close()
        await stop()

    uvloop.run(run())
