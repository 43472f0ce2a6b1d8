"""The parts of an answer, between the task that reads them and the one that sends them to the client."""

import asyncio
import time
import zlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import NamedTuple, Self
from uuid import UUID

from typing_extensions import override

from app.scheduling.held_turns import Holder

KEPT_BYTES = 64_000_000
"""Size of the parts that one process keeps for clients, compressed."""
_FASTEST = 1
"""Level of compression. JSON becomes five to ten times smaller, at about 100 MB per second."""


class Room:
    """The room for parts that are kept, which the answers of one process share.

    A company has at most as much as is left for others: half if it is alone, a third each if there are two.
    """

    def __init__(self, size: int = KEPT_BYTES) -> None:
        self.free = size
        self._taken = Counter[UUID]()

    def take(self, company_id: UUID, size: int) -> bool:
        """Take room, and return whether there is enough for the company."""
        if self._taken[company_id] + size > self.free - size:
            return False
        self.free -= size
        self._taken[company_id] += size
        return True

    def give_back(self, company_id: UUID, size: int) -> None:
        """Give room back."""
        self.free += size
        self._taken[company_id] -= size
        if not self._taken[company_id]:
            del self._taken[company_id]


class _Kept(NamedTuple):
    """A part that is kept compressed."""

    compressed: bytes


class Parts(Holder):
    """The parts of one answer. One is sent while the next one is read.

    If the reader is to hurry, it doesn't wait for the client: further parts are kept, as long as there is room.
    """

    def __init__(self, company_id: UUID, send: Callable[[bytes], Awaitable[None]], room: Room) -> None:
        super().__init__(company_id)
        self._send = send
        self._room = room
        self._queue = deque[bytes | _Kept]()
        self._is_sending = self._is_complete = False
        self._for_reader, self._for_sender = asyncio.Event(), asyncio.Event()
        self._sent_seconds = 0.0
        self._sends_since: float | None = None

    async def __aenter__(self) -> Self:
        """Begin to send."""
        self._sending = asyncio.create_task(self._send_all())
        self._sending.add_done_callback(lambda _: self._for_reader.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all parts are sent. After an exception, stop sending."""
        try:
            if error is None:
                self._is_complete = True
                self._for_sender.set()
                with self.waiting():
                    await self._sending
        finally:
            self._sending.cancel()
            try:
                await asyncio.gather(self._sending, return_exceptions=True)
            finally:
                # Also if the task is canceled meanwhile.
                for part in self._queue:
                    if isinstance(part, _Kept):
                        self._room.give_back(self.company_id, len(part.compressed))

    @override
    def hurry(self) -> None:
        super().hurry()
        self._for_reader.set()

    def sent_seconds(self) -> float:
        """Return how long the client has taken to receive the parts, also while further ones are read."""
        return self._sent_seconds + (0.0 if self._sends_since is None else time.monotonic() - self._sends_since)

    async def put(self, part: bytes) -> None:
        """Hand over a part, once the one before is sent, or keep it. Raise what sending has raised."""
        kept: _Kept | None = None
        while self._queue or self._is_sending:
            self._for_reader.clear()
            if self._sending.done():
                await self._sending
            if self.hurries:
                kept = kept or _Kept(await asyncio.to_thread(zlib.compress, part, _FASTEST))
                if self._room.take(self.company_id, len(kept.compressed)):
                    self._add(kept)
                    return
            with self.waiting():
                await self._for_reader.wait()
        if self._sending.done():
            await self._sending
        self._add(part)

    def _add(self, part: bytes | _Kept) -> None:
        self._queue.append(part)
        self._for_sender.set()

    async def _send_all(self) -> None:
        while True:
            self._for_sender.clear()
            if self._queue:
                self._is_sending = True
                await self._send_next(self._queue.popleft())
                self._is_sending = False
                self._for_reader.set()
            elif self._is_complete:
                return
            else:
                await self._for_sender.wait()

    async def _send_next(self, part: bytes | _Kept) -> None:
        if isinstance(part, _Kept):
            self._room.give_back(self.company_id, len(part.compressed))
            part = await asyncio.to_thread(zlib.decompress, part.compressed)
        self.sent_bytes += len(part)
        self._sends_since = time.monotonic()
        try:
            await self._send(part)
        finally:
            self._sent_seconds += time.monotonic() - self._sends_since
            self._sends_since = None
