"""Answers whose length is unknown when they begin: how they are framed for old clients, and how they are cut off."""

from typing import Any, cast

from uvicorn._types import ASGISendCallable
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.web.transports import reset

_LENGTH = b"content-length"


class AnswerCut(Exception):
    """An answer that has begun can't be completed."""


def framed(cycle: RequestResponseCycle, send: ASGISendCallable) -> ASGISendCallable:
    """Return what sends the parts of an answer. uvicorn sends chunks, which clients of HTTP/1.0 don't know."""
    if cycle.scope["http_version"] != "1.0":
        return send
    return cast("ASGISendCallable", _UntilTheEnd(cycle, send))


def cut_off(cycle: RequestResponseCycle) -> None:
    """Close the connection of an incomplete answer, so that its client doesn't take the answer for a complete one.

    Without chunks, the end of the connection is that of the answer, so the connection is reset. A proxy that asks with
    HTTP/1.0, as nginx does by default, would otherwise pass the answer on as complete.
    """
    cycle.disconnected = True
    if cycle.chunked_encoding:
        cycle.transport.abort()
    else:
        reset(cycle.transport)


def announced_length(message: Any) -> int:
    """Return the size of the body that follows the beginning of an answer, or 0 if it is unknown."""
    return int(dict(message.get("headers", ())).get(_LENGTH, 0))


class _UntilTheEnd:
    """Sends an answer without chunks. One without a length ends with its connection."""

    def __init__(self, cycle: RequestResponseCycle, send: ASGISendCallable) -> None:
        self._cycle = cycle
        self._send = send
        self._has_length = True

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._has_length = _LENGTH in dict(message["headers"])
            if not self._has_length:
                self._cycle.chunked_encoding = False
        elif not self._has_length:
            # uvicorn ends an answer when the length that it expects has been sent.
            self._cycle.expected_content_length = len(message.get("body", b"")) + message.get("more_body", False)
        await self._send(message)
