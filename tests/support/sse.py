"""A client of GraphQL over SSE, which reads events as the specification of server-sent events says."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

_PATIENCE_SECONDS = 20
_BUFFER_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a stream."""

    name: str
    id: str
    data: str

    @property
    def result(self) -> dict[str, Any]:
        """The result of the operation."""
        return json.loads(self.data)


@dataclass
class Events:
    """The events of one stream."""

    response: httpx.Response
    lines: AsyncIterator[str]
    last_id: str = ""
    comments: list[str] = field(default_factory=list[str])

    async def next(self) -> Event | None:
        """Return the next event; None at the end of the stream."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await self._next()

    async def change(self) -> dict[str, Any]:
        """Return the next change, which must be one."""
        event = await self.next()
        assert event is not None, self.comments
        assert event.name == "next", event
        assert "errors" not in event.result, event
        return event.result["data"]["changes"]

    async def rest(self) -> list[Event]:
        """Return all further events, up to the end of the stream."""
        found: list[Event] = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found

    async def comment(self) -> str:
        """Return the next comment, before which there must be no event."""
        seen = len(self.comments)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(self.comments) == seen:
                event = await self._next(until_comment=True)
                assert event is None, event
        return self.comments[-1]

    async def _next(self, *, until_comment: bool = False) -> Event | None:
        name, data = "message", list[str]()
        async for line in self.lines:
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                if data:
                    return Event(name, self.last_id, "\n".join(data))
                name = "message"
            elif not key:
                self.comments.append(value)
                if until_comment:
                    return None
            elif key == "id":
                self.last_id = value
            elif key == "event":
                name = value
            elif key == "data":
                data.append(value)
        return None


@asynccontextmanager
async def streaming(
    url: str, headers: Mapping[str, str], query: str, variables: Mapping[str, Any] | None = None, **more: Any
) -> AsyncGenerator[Events]:
    """Open a stream for an operation; `more` are other members of the request."""
    body = {"query": query, "variables": variables, **more}
    sent = {"accept": "text/event-stream", **headers}
    # A small buffer, so that the server notices when a test doesn't read.
    transport = httpx.AsyncHTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)])
    async with (
        httpx.AsyncClient(timeout=_PATIENCE_SECONDS, transport=transport) as client,
        client.stream("POST", url, headers=sent, json={name: value for name, value in body.items() if value}) as answer,
    ):
        yield Events(answer, answer.aiter_lines())


@asynccontextmanager
async def following(url: str, headers: Mapping[str, str], query: str, **variables: Any) -> AsyncGenerator[Events]:
    """Open the stream of a subscription that must begin: events from now on arrive."""
    async with streaming(url, headers, query, variables) as events:
        assert events.response.status_code == 200, await events.response.aread()
        assert events.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        await events.comment()
        yield events
