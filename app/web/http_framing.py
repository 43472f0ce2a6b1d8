"""Answers whose length is unknown when they begin: their framing for clients of HTTP/1.0, and their end."""

import asyncio
from typing import Any, cast

from uvicorn._types import ASGISendCallable
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.web.transports import end_with_reset

_LENGTH = b"content-length"


class AnswerCut(Exception):
    """An answer that has begun can't be completed."""


def framed(cycle: RequestResponseCycle, send: ASGISendCallable) -> ASGISendCallable:
    """Return what sends the parts of an answer. uvicorn sends chunks, which clients of HTTP/1.0 don't know."""
    if cycle.scope["http_version"] != "1.0":
        return send
    return cast("ASGISendCallable", _UntilTheEnd(cycle, send))


async def drained(flow: FlowControl, transport: asyncio.Transport) -> None:
    """Wait until all that was written is sent. Raise OSError if the connection was closed before."""
    await flow.drain()
    if transport.is_closing():
        # uvicorn would drop the next part silently, and the application would take it for sent.
        raise ConnectionResetError


def announced_length(message: Any) -> int:
    """Return the size of the body that follows the beginning of an answer, or 0 if it is unknown."""
    return int(dict(message.get("headers", ())).get(_LENGTH, 0))


class _UntilTheEnd:
    """Sends an answer without chunks. One without a length ends with its connection.

    Until all of it is sent, the connection ends with a reset, for whatever reason it is closed. A proxy that asks with
    HTTP/1.0, as nginx does by default, would otherwise take a part of the answer for the whole, and pass it on so.
    """

    def __init__(self, cycle: RequestResponseCycle, send: ASGISendCallable) -> None:
        self._cycle = cycle
        self._send = send
        self._has_length = True

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._has_length = _LENGTH in dict(message["headers"])
            if not self._has_length:
                self._cycle.chunked_encoding = False
                end_with_reset(self._cycle.transport, is_on=True)
            await self._send(message)
        elif self._has_length:
            await self._send(message)
        else:
            await self._send_part(message.get("body", b""), more_body=True)
            if not message.get("more_body", False):
                await drained(self._cycle.flow, self._cycle.transport)
                end_with_reset(self._cycle.transport, is_on=False)
                await self._send_part(b"", more_body=False)

    async def _send_part(self, body: bytes, *, more_body: bool) -> None:
        # uvicorn ends an answer when the length that it expects has been sent.
        self._cycle.expected_content_length = len(body) + more_body
        await self._send({"type": "http.response.body", "body": body, "more_body": more_body})
