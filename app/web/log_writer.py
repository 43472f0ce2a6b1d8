"""Writing of log lines by a thread, from a bounded queue, so that requests never wait for the log."""

import fcntl
import os
import select
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue

_PAUSE_SECONDS = 0.05
"""How long lines are collected before they are written together, in seconds.

Waking the thread costs more than a line.
"""
_CHUNK_BYTES = 65_536


class LogWriter:
    """Writes whole lines to a file descriptor. `put` neither waits nor fails, even if the descriptor is unusable.

    The queue contains up to `most_lines` lines with `most_bytes` bytes in total. Lines that don't fit or can't be
    written are dropped and counted. Once writing works again, `notice` returns the line that is written first, from
    that number.
    """

    def __init__(
        self,
        descriptor: int | None,
        notice: Callable[[int], bytes],
        *,
        most_lines: int = 10_000,
        most_bytes: int = 16_000_000,
    ) -> None:
        # A duplicate that is never closed elsewhere: the number of a closed descriptor may be reused for a connection.
        self._descriptor = None if descriptor is None else os.dup(descriptor)
        self._notice = notice
        self._most_lines = most_lines
        self._most_bytes = most_bytes
        # Its `put` is reentrant, because a destructor that runs during it may log, too.
        self._queue = SimpleQueue[bytes | threading.Event]()
        self._put_bytes = self._taken_bytes = 0
        # Each counter is changed by one thread only, so no lock is needed.
        self._rejected = self._failed = self._told = 0
        self._torn = b""
        self._hurry = threading.Event()
        self._is_closed = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Number of lines dropped so far."""
        return self._rejected + self._failed

    def put(self, line: bytes) -> None:
        """Queue a line, which must end with a line break."""
        size = len(line)
        if (
            self._queue.qsize() >= self._most_lines
            or self._put_bytes - self._taken_bytes + size > self._most_bytes
            or self._is_closed
        ):
            self._rejected += 1
            return
        self._put_bytes += size
        self._queue.put(line)

    def flush(self, seconds: float) -> bool:
        """Wait until all queued lines are written or dropped, at most some seconds. Return whether they are."""
        return not self._thread.is_alive() or self._wait(threading.Event(), seconds)

    def close(self, seconds: float) -> None:
        """Flush, and drop all further lines."""
        self._is_closed = True
        if self._thread.is_alive() and self._wait(self._end, seconds):
            self._thread.join(seconds)

    def _wait(self, reached: threading.Event, seconds: float) -> bool:
        self._queue.put(reached)
        self._hurry.set()
        return reached.wait(seconds)

    def _run(self) -> None:
        while True:
            items = [self._queue.get()]
            self._hurry.wait(_PAUSE_SECONDS)
            items += [self._queue.get() for _ in range(self._queue.qsize())]
            lines: list[bytes] = []
            for item in items:
                if isinstance(item, bytes):
                    lines.append(item)
                    self._taken_bytes += len(item)
                    continue
                self._hurry.clear()
                self._write(lines)
                lines = []
                item.set()
            self._write(lines)
            if self._end.is_set():
                if self._descriptor is not None:
                    os.close(self._descriptor)
                return

    def _write(self, lines: Sequence[bytes]) -> None:
        chunk: list[bytes] = []
        size = 0
        for line in lines:
            if chunk and size + len(line) > _CHUNK_BYTES:
                self._write_chunk(chunk)
                chunk, size = [], 0
            chunk.append(line)
            size += len(line)
        if chunk:
            self._write_chunk(chunk)

    def _write_chunk(self, lines: Sequence[bytes]) -> None:
        untold = self.dropped - self._told
        told = [self._notice(untold)] if untold else []
        data = b"".join([self._torn, *told, *lines])
        written = 0
        try:
            if self._descriptor is None:
                raise OSError  # noqa: TRY301 - handled like a full disk
            with _alone(self._descriptor):
                while written < len(data):
                    written += _write_some(self._descriptor, memoryview(data)[written:])
        except Exception:  # noqa: BLE001 - the failure can't be logged, and the thread must continue
            self._failed += len(lines)
            self._torn = _rest_of_line(data, written) if written else self._torn
        else:
            self._torn = b""
            self._told += untold


def _rest_of_line(data: bytes, written: int) -> bytes:
    """Return the rest of a partly written line. The next write starts with it, so that no line stays incomplete."""
    return b"" if data[written - 1 : written] == b"\n" else b"".join(data[written:].partition(b"\n")[:2])


def _write_some(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:
        # Another process that shares the descriptor has made it non-blocking.
        select.select((), (descriptor,), (), 1)
        return 0


@contextmanager
def _alone(descriptor: int) -> Generator[None]:
    """Keep this service's other processes from writing in between: a full pipe accepts a long write in parts.

    The kernel releases the lock when its process ends.
    """
    # If the descriptor can't be locked, lines are written without a lock.
    with suppress(OSError):
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.lockf(descriptor, fcntl.LOCK_UN)
