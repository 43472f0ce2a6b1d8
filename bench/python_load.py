"""The load as one asyncio process sends it, for counting statements and where wrk is not installed."""

import asyncio
import gc
import math
import re
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import cast

from typing_extensions import override

from bench.failures import BenchError
from bench.load import DRAIN_SECONDS, HOST, NUMBER, Length, Window

_END_OF_HEAD = b"\r\n\r\n"
_OK = b"HTTP/1.1 200 "
# A list of errors that isn't empty. The list of a mutation's payload is empty if the mutation succeeded.
_ERRORS = re.compile(rb'"errors"\s*:\s*\[\s*[^\]\s]')
_SHOWN_BYTES = 400
_NUMBER = NUMBER.encode()


@dataclass(slots=True)
class _Answers:
    """The answers of a window."""

    latencies: list[int] = field(default_factory=list[int])
    """Latency of each request in nanoseconds."""
    errors: int = 0
    first_error: bytes = b""

    def window(self, seconds: float, cpu_seconds: float) -> Window:
        """Return the result of a window of this many seconds."""
        self.latencies.sort()
        return Window(
            seconds=seconds,
            requests=len(self.latencies),
            p50_ms=self._percentile(0.5),
            p99_ms=self._percentile(0.99),
            errors=self.errors,
            first_error=self.first_error.decode(errors="replace"),
            load_cpu_seconds=cpu_seconds,
        )

    def _percentile(self, share: float) -> float:
        """Return the latency that this share of requests did not exceed, in milliseconds."""
        return self.latencies[max(0, math.ceil(share * len(self.latencies)) - 1)] / 1e6


class PythonLoad:
    """A rotation of requests to one server, sent by this process."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self._port = port
        # Continued from window to window, so that all values are used even if a window has few requests.
        self._rotation = cycle(requests)
        self._numbered = any(_NUMBER in request for request in requests)

    async def run(self, connections: int, length: Length) -> Window:
        """Keep connections busy for the length of a window, and wait for the open requests."""
        loop = asyncio.get_running_loop()
        rotation = _with_numbers(self._rotation) if self._numbered else self._rotation
        window = _Running(rotation, length, loop.create_future())
        opened = [
            await loop.create_connection(lambda: _Connection(window), HOST, self._port) for _ in range(connections)
        ]
        with undisturbed():
            cpu = time.process_time()
            window.began = time.perf_counter()
            for _, connection in opened:
                connection.begin()
            try:
                await asyncio.wait_for(window.done, max(length.seconds, length.most_seconds) + DRAIN_SECONDS)
            except TimeoutError:
                msg = f"The server did not answer the last requests within {DRAIN_SECONDS} seconds."
                raise BenchError(msg) from None
            finally:
                for transport, _ in opened:
                    transport.abort()
        return window.answers.window(time.perf_counter() - window.began, time.process_time() - cpu)


def _with_numbers(rotation: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the requests with a different number in the place of NUMBER in each."""
    numbers = count(time.time_ns() // 1_000)
    return (request.replace(_NUMBER, b"%0*d" % (len(_NUMBER), next(numbers))) for request in rotation)


class _Running:
    """A window that is being measured."""

    def __init__(self, rotation: Iterator[bytes], length: Length, done: "asyncio.Future[None]") -> None:
        self.rotation = rotation
        self.length = length
        self.done = done
        self.sent = 0
        self.busy = 0
        self.began = 0.0
        self.answers = _Answers()


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
        answers = window.answers
        answers.latencies.append(time.perf_counter_ns() - self._sent_at)
        if not self._received.startswith(_OK) or _ERRORS.search(self._received):
            answers.errors += 1
            answers.first_error = answers.first_error or bytes(self._received[-_SHOWN_BYTES:])
        self._received = bytearray()
        self._whole = 0
        self._next()

    def _next(self) -> None:
        window = self._window
        is_over = window.length.is_over(time.perf_counter() - window.began, window.sent)
        if not is_over and self._transport is not None:
            window.sent += 1
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
def undisturbed() -> Generator[None]:
    """Collect no garbage meanwhile."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
