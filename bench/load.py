"""A window of load: its length, its result, the requests in it, and the generators that can produce it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

HOST = "127.0.0.1"
DRAIN_SECONDS = 60
"""Time for the answers to the last requests of a window."""
NUMBER = "@" * 16
"""Text in a request that generators replace with a number of this many digits, a different one in each request."""


class Generator(StrEnum):
    """The program that sends the requests."""

    WRK = "wrk"
    """The C program, which takes less CPU time than the fastest server."""
    PYTHON = "python"
    """An asyncio process, where wrk is not installed."""


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a window: `seconds`, or longer until `requests` were sent, but at most `most_seconds`."""

    seconds: float
    requests: int = 0
    most_seconds: float = 60.0

    def is_over(self, seconds: float, requests: int) -> bool:
        """Return whether a window ends after this time and number of requests."""
        return seconds >= self.seconds and (requests >= self.requests or seconds >= self.most_seconds)


@dataclass(frozen=True, slots=True)
class Window:
    """The result of a window of load."""

    seconds: float
    """Time from the first request to the last answer."""
    requests: int
    """Number of answered requests."""
    p50_ms: float
    p99_ms: float
    errors: int
    first_error: str
    """The end of the first answer that is an error; empty if there is none."""
    load_cpu_seconds: float
    """CPU time of the generator."""


class Load(Protocol):
    """A rotation of requests to one server, continued from window to window."""

    async def run(self, connections: int, length: Length) -> Window:
        """Keep connections busy for the length of a window, and wait for the open requests."""
        ...


def request(port: int, document: str, variables: Mapping[str, Any], token: str | None) -> bytes:
    """Return the bytes of a request."""
    body = json.dumps({"query": document, "variables": variables}, ensure_ascii=False).encode()
    head = [
        "POST /graphql HTTP/1.1",
        f"Host: {HOST}:{port}",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
        *([f"Authorization: Bearer {token}"] if token else []),
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
