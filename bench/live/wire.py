"""What a subscriber sends and receives: bytes in, messages out, no I/O."""

import json
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

END_OF_HEAD = b"\r\n\r\n"


class Transport(StrEnum):
    """How a server sends events to its subscribers."""

    SSE = "SSE"
    """GraphQL over SSE, distinct connections mode."""
    WEBSOCKET = "WebSocket"
    """graphql-transport-ws."""


class Reply(NamedTuple):
    """Bytes that the subscriber must send now."""

    data: bytes


class Subscribed(NamedTuple):
    """The server accepted the connection, and the subscription was sent."""


class Update(NamedTuple):
    """An execution result of the subscription."""

    result: Any


class Ended(NamedTuple):
    """The server refused or ended the subscription."""

    reason: str


Message = Reply | Subscribed | Update | Ended


class Wire(Protocol):
    """The state of one subscriber's connection."""

    @property
    def greeting(self) -> bytes:
        """The first bytes to send."""
        ...

    @property
    def is_between(self) -> bool:
        """Whether everything received so far was complete, so that the next byte begins a message."""
        ...

    def feed(self, data: bytes) -> Iterator[Message]:
        """Return the messages that received bytes complete. All of them must be read."""
        ...


@lru_cache(maxsize=1_000)
def read(text: bytes) -> Any:
    """Return the value of a JSON text, which is read once for all subscribers that receive it."""
    return json.loads(text)


def shown(data: bytes) -> str:
    """Return the end of what was received, for a message."""
    return data[-400:].decode(errors="replace")
