"""Receivers of webhooks on the loopback interface, which answer as a test tells them."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

Behavior = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a receiver does once a request has arrived. The connection stays open unless it closes it."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request."""

    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)


class Receiver:
    """A server that keeps all requests."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.behavior: Behavior = answering()
        self.arrived = asyncio.Condition()
        self.port = 0
        self._open = set[asyncio.StreamWriter]()

    async def until(self, count: int) -> None:
        """Wait until this number of requests has arrived."""
        await self.until_true(lambda: len(self.requests) >= count)

    async def until_true(self, check: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until a condition is true after a request."""
        async with asyncio.timeout(seconds), self.arrived:
            await self.arrived.wait_for(check)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read the requests of one connection."""
        self.connections += 1
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                received = await _read(reader)
                async with self.arrived:
                    self.requests.append(received)
                    self.arrived.notify_all()
                await self.behavior(reader, writer)
        self._open.discard(writer)
        writer.close()

    def leave(self) -> None:
        """Close all connections."""
        for writer in self._open:
            writer.transport.abort()


@asynccontextmanager
async def receiving(trust: ssl.SSLContext | None = None) -> AsyncGenerator[Receiver]:
    """Start a receiver, with TLS if it has a certificate."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=trust)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        receiver.leave()


def answering(status: str = "204 No Content", body: bytes = b"", **headers: str) -> Behavior:
    """Answer with a status, headers and a body."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"] if body or not status.startswith("204") else []
    lines = lines or [f"HTTP/1.1 {status}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return writing("\r\n".join([*lines, "", ""]).encode() + body)


def writing(content: bytes, *, closes: bool = False) -> Behavior:
    """Answer with these bytes, and close the connection if told."""

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        if closes:
            writer.close()

    return behave


def repeating(start: bytes, piece: bytes, *, pause: float = 0) -> Behavior:
    """Write a start and then the same piece until the client leaves."""

    async def behave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def waiting(released: asyncio.Event) -> Behavior:
    """Answer nothing until an event is set, and then 204."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        await answering()(reader, writer)

    return behave


def silent(seconds: float = 3_600) -> Behavior:
    """Answer nothing for this long, and then 204."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                # The end, when the client leaves.
                await reader.read()
            return
        await answering()(reader, writer)

    return behave


async def _read(reader: asyncio.StreamReader) -> Received:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(first.split()[1], headers, body)
