"""The load: persistent connections with one request at a time on each, and a minimal check of each answer."""

import asyncio
import gc
import json
import math
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, cast

from typing_extensions import override

from bench.failures import BenchError

HOST = "127.0.0.1"
_DRAIN_SECONDS = 60
_MAX_REQUESTS = 1_000_000
_END_OF_HEAD = b"\r\n\r\n"
_OK = b"HTTP/1.1 200 "
_ERRORS = b'"errors"'
_SHOWN_BYTES = 400


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
    return "\r\n".join(head).encode() + _END_OF_HEAD + body


@dataclass(slots=True)
class Window:
    """The result of a period of load."""

    seconds: float = 0.0
    """Time from the first request to the last answer."""
    latencies: list[int] = field(default_factory=list[int])
    """Latency of each request in nanoseconds, sorted."""
    errors: int = 0
    first_error: bytes = b""

    @property
    def requests(self) -> int:
        """Number of answered requests."""
        return len(self.latencies)

    def percentile(self, share: float) -> float:
        """Return the latency that this share of requests did not exceed, in milliseconds."""
        return self.latencies[max(0, math.ceil(share * len(self.latencies)) - 1)] / 1e6


class Load:
    """A rotation of requests to one server."""

    def __init__(self, port: int, requests: Iterable[bytes]) -> None:
        self._port = port
        # Continued from window to window, so that all values are used even if a window has few requests.
        self._rotation = cycle(requests)

    async def run(self, connections: int, seconds: float, requests: int = _MAX_REQUESTS) -> Window:
        """Keep connections busy for some seconds or a number of requests, and wait for the open requests."""
        loop = asyncio.get_running_loop()
        window = _Running(self._rotation, requests, loop.create_future())
        opened = [
            await loop.create_connection(lambda: _Connection(window), HOST, self._port) for _ in range(connections)
        ]
        with _undisturbed():
            begun = time.perf_counter()
            window.until = begun + seconds
            for _, connection in opened:
                connection.begin()
            try:
                await asyncio.wait_for(window.done, seconds + _DRAIN_SECONDS)
            except TimeoutError:
                msg = f"The server did not answer the last requests within {_DRAIN_SECONDS} seconds."
                raise BenchError(msg) from None
            finally:
                for transport, _ in opened:
                    transport.abort()
        window.result.seconds = time.perf_counter() - begun
        window.result.latencies.sort()
        return window.result


class _Running:
    """A window that is being measured."""

    def __init__(self, rotation: Iterator[bytes], requests: int, done: "asyncio.Future[None]") -> None:
        self.rotation = rotation
        self.left = requests
        self.done = done
        self.busy = 0
        self.until = 0.0
        self.result = Window()


class _Connection(asyncio.Protocol):
    """One connection, which sends the next request when the last answer is complete."""

    def __init__(self, window: _Running) -> None:
        self._window = window
        self._transport: asyncio.WriteTransport | None = None
        self._sent_at = 0
        self._received = bytearray()
        self._whole = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def begin(self) -> None:
        """Send the first request."""
        self._window.busy += 1
        self._next()

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._whole == 0:
            self._whole = _length(self._received)
        if self._whole < 0:
            if not _last_chunk_came(self._received):
                return
        elif self._whole == 0 or len(self._received) < self._whole:
            return
        self._finish()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None and not self._window.done.done():
            self._window.done.set_exception(BenchError("The server closed a connection during a request."))

    def _finish(self) -> None:
        window = self._window
        window.result.latencies.append(time.perf_counter_ns() - self._sent_at)
        if not self._received.startswith(_OK) or _ERRORS in self._received:
            window.result.errors += 1
            window.result.first_error = window.result.first_error or bytes(self._received[-_SHOWN_BYTES:])
        self._received = bytearray()
        self._whole = 0
        self._next()

    def _next(self) -> None:
        window = self._window
        if window.left and time.perf_counter() < window.until and self._transport is not None:
            window.left -= 1
            self._sent_at = time.perf_counter_ns()
            self._transport.write(next(window.rotation))
            return
        self._transport = None
        window.busy -= 1
        if window.busy == 0 and not window.done.done():
            window.done.set_result(None)


def _length(received: bytearray) -> int:
    """Return the length of the answer with its headers: 0 while these are incomplete, -1 if it is chunked."""
    end = received.find(_END_OF_HEAD)
    if end < 0:
        return 0
    head = bytes(received[:end]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        if b"\r\ntransfer-encoding: chunked" not in head:
            msg = "The server's answer has neither Content-Length nor chunks."
            raise BenchError(msg)
        return -1
    line = head[at + 2 :].partition(b"\r\n")[0]
    return end + len(_END_OF_HEAD) + int(line.partition(b":")[2])


def _last_chunk_came(received: bytearray) -> bool:
    if not received.endswith(b"0" + _END_OF_HEAD):
        return False
    at = received.find(_END_OF_HEAD) + len(_END_OF_HEAD)
    while at < len(received):
        line = received.find(b"\r\n", at)
        size = int(received[at:line].partition(b";")[0], 16)
        if size == 0:
            return True
        at = line + 2 + size + 2
    return False


@contextmanager
def _undisturbed() -> Generator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
