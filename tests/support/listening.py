"""An application behind a real socket, served as `serve` does, and a client that writes and reads bytes."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

from starlette.types import ASGIApp

from app.cli.serving import server_config
from app.web.connections import ConnectionLimits
from app.web.server import Server

reads_whole = True
"""The setting HTTP_WHOLE_REQUESTS of servers that tests start here; the fixture `reading` sets it."""
keep_alive_seconds = 5
"""How long their connections stay open without a request, in seconds."""
_PATIENCE_SECONDS = 30
_PAUSE_SECONDS = 0.05


class _Server(Server):
    """A server that ends when its test does. Signals are for the test run: Ctrl-C ends all of it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def listening(
    app: ASGIApp,
    *,
    ws: Any = None,
    limits: ConnectionLimits | None = None,
    settling_seconds: float = 0,
    grace_seconds: float = 1,
) -> AsyncGenerator[int]:
    """Serve the application without a lifespan and yield the port; `ws` is uvicorn's setting for WebSockets."""
    config = server_config(app, grace_seconds=grace_seconds, reads_whole=reads_whole)
    config.lifespan = "off"
    config.timeout_keep_alive = keep_alive_seconds
    config.ws = ws or config.ws
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(config, limits, settling_seconds=settling_seconds)
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await running


class Reply(NamedTuple):
    """An answer on a connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)


class Wire:
    """A connection to which a test writes requests as bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Send pieces that arrive separately."""
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            # Long enough for the server, which is in this loop, to read it alone.
            await asyncio.sleep(0.002)

    def write(self, piece: bytes) -> None:
        """Hand bytes to the kernel without a turn of the event loop."""
        self._writer.write(piece)

    async def reply(self) -> Reply:
        """Read the next answer to its end."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return Reply(int(status.split()[1]), headers, body)

    async def exactly(self, count: int) -> bytes:
        """Read this many bytes."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await self._reader.readexactly(count)

    def end(self) -> None:
        """Send no more, but still read."""
        self._writer.write_eof()

    def reset(self) -> None:
        """Leave at once, discarding what was not sent or read."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._writer.transport.abort()

    async def rest(self) -> bytes:
        """Read until the server closes the connection."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await self._reader.read()


@asynccontextmanager
async def wired(port: int) -> AsyncGenerator[Wire]:
    """Open a connection to a server on this machine, and close it on exit."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def assert_upgrades_are_ignored(port: int) -> None:
    """Assert that requests with bodies that ask for HTTP/2, as Java's client sends them, are answered on one
    connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    connection.connect()
    opened = connection.sock
    body = b'{"query": "{ viewer { subject } }"}'
    for _ in range(2):
        connection.putrequest("POST", "/graphql")
        asked = {
            "connection": "Upgrade, HTTP2-Settings",
            "upgrade": "h2c",
            "http2-settings": "AAEAAEAAAAIAAAABAAMAAABk",
        }
        for name, value in {**asked, "content-length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders()
        # The body alone, as that client sends it.
        time.sleep(_PAUSE_SECONDS)
        connection.send(body)
        response = connection.getresponse()
        code = json.loads(response.read())["errors"][0]["extensions"]["code"]
        assert (response.status, code, connection.sock) == (401, "UNAUTHENTICATED", opened)
    connection.close()
