"""Writing to a client's connection at once, for updates that thousands of clients get at the same moment.

Waking a task for each client, and passing a message through ASGI, takes more time than the write itself.
"""

from collections.abc import Callable, MutableMapping
from typing import Any

from uvicorn._types import HTTPScope, WebSocketScope

_WRITE = "write"
_SHORT, _LONG = 125, 65_535
"""The largest sizes of frames with one byte, and with two bytes, for their size."""

Write = Callable[[bytes], bool]
"""Writes a chunk of an answer that goes on, or frames of a WebSocket. Returns False if it didn't: the client has left,
or has earlier data to read. The caller makes chunks and frames, because many clients get the same ones."""


def offer_write(scope: HTTPScope | WebSocketScope, write: Write) -> None:
    """Let the application write to a connection."""
    scope.get("state", {})[_WRITE] = write


def write_of(scope: MutableMapping[str, Any]) -> Write:
    """Return the function of a connection. On other servers than this service's, it never writes."""
    return scope["state"].get(_WRITE, _never)


def chunk(body: bytes) -> bytes:
    """Return a part of an answer that goes on, as a chunk of HTTP/1.1."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def text_frame(begin: bytes, end: bytes = b"") -> bytes:
    """Return a message of a WebSocket's server, in two parts, of which the second is that of many clients.

    The library takes three times as long, to check what is known here.
    """
    size = len(begin) + len(end)
    if size <= _SHORT:
        return b"\x81%c%b%b" % (size, begin, end)
    if size <= _LONG:
        return b"\x81\x7e%b%b%b" % (size.to_bytes(2), begin, end)
    return b"\x81\x7f%b%b%b" % (size.to_bytes(8), begin, end)


def _never(_data: bytes) -> bool:
    return False
