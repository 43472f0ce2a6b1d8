"""The head of a company's feed, read once for all who ask at the same time."""

import asyncio

from app.db.direct_reads import DirectReads
from app.db.feed import Head, read_head


class HeadReading:
    """Reads the head. Thousands of clients may ask at once, such as after a restart: they share a statement."""

    def __init__(self, reads: DirectReads) -> None:
        self._reads = reads
        self._next: asyncio.Task[Head] | None = None
        """The reading that has not begun: it sees all that is committed now."""
        self._turn = asyncio.Lock()

    async def read(self) -> Head:
        """Return where the feed stands now, or a moment later. Raise DatabaseUnavailable or StatementTimeout."""
        if self._next is None:
            self._next = asyncio.create_task(self._read())
            self._next.add_done_callback(_retrieve)
        return await asyncio.shield(self._next)

    async def _read(self) -> Head:
        async with self._turn:
            self._next = None
            return await read_head(self._reads)


def _retrieve(reading: asyncio.Task[Head]) -> None:
    """Retrieve the exception, so that asyncio doesn't log it if all who asked have left."""
    if not reading.cancelled():
        reading.exception()
