"""A client of graphql-transport-ws that sends and receives single messages, also wrong ones."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.web.websocket_connection import WebSocketConnection
from tests.support.tracked import tracked

PROTOCOL = "graphql-transport-ws"
_PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class TransportClient:
    """A client on one connection."""

    connection: ClientConnection

    async def send(self, kind: str, **members: Any) -> None:
        """Send a message."""
        await self.connection.send(json.dumps({"type": kind, **members}))

    async def text(self, text: str | bytes) -> None:
        """Send any text, or bytes as a binary message."""
        await self.connection.send(text)

    async def receive(self) -> dict[str, Any]:
        """Return the next message."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return json.loads(await self.connection.recv())

    async def initialize(self, payload: Mapping[str, object] | None = None) -> None:
        """Introduce the client, and wait for the acknowledgment."""
        await self.send("connection_init", **({} if payload is None else {"payload": payload}))
        message = await self.receive()
        assert message == {"type": "connection_ack"}, message

    async def subscribe(self, query: str | None, identifier: str = "1", **more: Any) -> None:
        """Start an operation."""
        await self.send("subscribe", id=identifier, payload={"query": query, **more})

    async def result(self, query: str | None, identifier: str = "1", **more: Any) -> dict[str, Any]:
        """Run a query or a mutation, and return its result."""
        await self.subscribe(query, identifier, **more)
        message = await self.receive()
        assert (message["id"], message["type"]) == (identifier, "next"), message
        assert await self.receive() == {"id": identifier, "type": "complete"}
        return message["payload"]

    async def errors(self, query: str | None, identifier: str = "1", **more: Any) -> list[dict[str, Any]]:
        """Run an operation that is rejected, and return its errors."""
        await self.subscribe(query, identifier, **more)
        message = await self.receive()
        assert (message["id"], message["type"]) == (identifier, "error"), message
        return message["payload"]

    async def next(self, identifier: str = "1") -> dict[str, Any]:
        """Return the data of the next message, which must be a result of an operation without errors."""
        message = await self.receive()
        assert (message["id"], message["type"]) == (identifier, "next"), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def closed(self) -> tuple[int | None, str]:
        """Wait until the service closes the connection; return the code and the reason."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self.connection.wait_closed()
        return self.connection.close_code, self.connection.close_reason or ""


@asynccontextmanager
async def connected(
    url: str,
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (PROTOCOL,),
    *,
    buffer_bytes: int | None = None,
) -> AsyncGenerator[TransportClient]:
    """Open a WebSocket at the URL of the endpoint, without a proxy and without pings of the client.

    `buffer_bytes`: how much the kernel keeps that the client has not read.
    """
    host, port = urlsplit(url).hostname, urlsplit(url).port
    plain = socket.socket()
    if buffer_bytes is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (host, port))
    offered = [Subprotocol(name) for name in subprotocols] or None
    address = url.replace("http", "ws", 1)
    async with connect(
        address, sock=plain, additional_headers=headers, subprotocols=offered, ping_interval=None, close_timeout=1
    ) as connection:
        yield TransportClient(connection)


def connections() -> list[WebSocketConnection]:
    """Return the WebSockets of the servers in this process."""
    return [connection for connection in tracked(WebSocketConnection) if not connection.disconnected]
