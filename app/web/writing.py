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
"""Writes a part of an answer that goes on, or a text message. Returns False if it didn't: the client has left, or has
earlier data to read."""


def offer_write(scope: HTTPScope | WebSocketScope, write: Write) -> None:
    """Let the application write to a connection."""
    scope.get("state", {})[_WRITE] = write


def write_of(scope: MutableMapping[str, Any]) -> Write:
    """Return the function of a connection. On other servers than this service's, it never writes."""
    return scope["state"].get(_WRITE, _never)


def text_frame(text: bytes) -> bytes:
    """Return a message of a WebSocket's server. The library takes three times as long, to check what is known here."""
    size = len(text)
    if size <= _SHORT:
        return b"\x81%c%b" % (size, text)
    if size <= _LONG:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), text)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), text)


def _never(_data: bytes) -> bool:
    return False
