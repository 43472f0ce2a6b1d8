"""A cache of the bodies of short lists, which may be a few seconds old."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Hashable
from uuid import UUID
from weakref import WeakValueDictionary

from app.services.recent_lists import RecentLists

MOST_BYTES = 1_000_000
"""Maximum size of a cached body, in bytes. Most short lists have less; a company has two that are cached."""
BYTES_PER_PAGE = 10_000
"""The size of all cached bodies for each page that LIST_CACHE_SIZE allows."""
_OVERHEAD_BYTES = 500


def _weight(body: bytes | None) -> int:
    size = 0 if body is None else len(body)
    return size + _OVERHEAD_BYTES if size <= MOST_BYTES else sys.maxsize


class _Reading:
    """Requests for one list that are under way."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.has_failed = False


class RecentBodies:
    """Caches bodies as RecentLists caches rows. Requests for the same list that arrive together read it once."""

    def __init__(self, *, seconds: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.lists = RecentLists(seconds=seconds, size=size * BYTES_PER_PAGE, weight=_weight, clock=clock)
        self._is_off = not (seconds and size)
        self._under_way = WeakValueDictionary[Hashable, _Reading]()

    async def get(self, company_id: UUID, name: str, read: Callable[[], Awaitable[bytes | None]]) -> bytes | None:
        """Return the body of a company's list, cached or as `read` returns it; None if the list is too long for one."""
        if self._is_off:
            return await read()
        reading = self._under_way.setdefault((company_id, name), _Reading())
        # A request that waits here holds no connection. If the first request is canceled, the next one reads the list.
        async with reading.lock:
            if not reading.has_failed:
                try:
                    return await self.lists.get(company_id, name, read)
                except Exception:
                    reading.has_failed = True
                    raise
        # One after another, those that waited would fail after a multiple of the time that the first one took.
        body = await self.lists.get(company_id, name, read)
        reading.has_failed = False
        return body
