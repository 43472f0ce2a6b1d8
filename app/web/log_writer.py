"""Where log lines go: a bounded queue, and a thread that writes what is in it, so that no request waits for a log."""

import fcntl
import os
import select
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue

_PAUSE_SECONDS = 0.05
"""How long lines are collected before they are written together: waking the thread for each costs more than the line."""
_CHUNK_BYTES = 65_536


class LogWriter:
    """Writes whole lines to a file descriptor; `put` neither waits nor fails, whatever has become of the descriptor.

    The queue holds up to `most_lines` lines of `most_bytes` bytes together. Lines that don't fit, or that can't be
    written, are dropped and counted; once writing works again, the line that `notice` makes of their number comes first.
    """

    def __init__(
        self,
        descriptor: int | None,
        notice: Callable[[int], bytes],
        *,
        most_lines: int = 10_000,
        most_bytes: int = 16_000_000,
    ) -> None:
        # A copy that nobody else closes: the number of a closed one may be given to a connection.
        self._descriptor = None if descriptor is None else os.dup(descriptor)
        self._notice = notice
        self._most_lines = most_lines
        self._most_bytes = most_bytes
        # Its `put` may interrupt itself: a destructor that the collector runs may log as well.
        self._queue = SimpleQueue[bytes | threading.Event]()
        self._put_bytes = self._taken_bytes = 0
        # Each number is changed by one side alone, so that neither needs a lock.
        self._refused = self._failed = self._told = 0
        self._torn = b""
        self._hurry = threading.Event()
        self._is_closed = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were dropped so far."""
        return self._refused + self._failed

    def put(self, line: bytes) -> None:
        """Write a line, which ends with a line break, some time soon."""
        size = len(line)
        if (
            self._queue.qsize() >= self._most_lines
            or self._put_bytes - self._taken_bytes + size > self._most_bytes
            or self._is_closed
        ):
            self._refused += 1
            return
        self._put_bytes += size
        self._queue.put(line)

    def flush(self, seconds: float) -> bool:
        """Wait until everything that was put is written or dropped, but no longer than some seconds; whether it is."""
        return not self._thread.is_alive() or self._wait(threading.Event(), seconds)

    def close(self, seconds: float) -> None:
        """Flush, and take no more lines."""
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
                raise OSError  # noqa: TRY301 - as if it were full
            with _alone(self._descriptor):
                while written < len(data):
                    written += _write_some(self._descriptor, memoryview(data)[written:])
        except Exception:  # noqa: BLE001 - there is nobody to tell, and more lines will come
            self._failed += len(lines)
            self._torn = _rest_of_line(data, written) if written else self._torn
        else:
            self._torn = b""
            self._told += untold


def _rest_of_line(data: bytes, written: int) -> bytes:
    """What is missing of the line that was written in part: the next attempt begins with it, so that no line stays torn."""
    return b"" if data[written - 1 : written] == b"\n" else b"".join(data[written:].partition(b"\n")[:2])


def _write_some(descriptor: int, data: memoryview) -> int:
    try:
        return os.write(descriptor, data)
    except BlockingIOError:
        # Whoever shares the descriptor has made it so that it doesn't wait.
        select.select((), (descriptor,), (), 1)
        return 0


@contextmanager
def _alone(descriptor: int) -> Generator[None]:
    """Keep this service's other processes from writing in between: a full pipe takes a long write in parts.

    The kernel ends the lock with the process that holds it.
    """
    # Where the kernel can't lock, lines are written all the same.
    with suppress(OSError):
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.lockf(descriptor, fcntl.LOCK_UN)
