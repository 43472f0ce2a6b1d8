"""A cache of lists that may be a few seconds old."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar, cast
from uuid import UUID

from cachetools import TTLCache

ValueT = TypeVar("ValueT")


class RecentLists:
    """Caches values for some seconds. The company is part of each key, so that companies never share a value."""

    def __init__(self, *, seconds: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: TTLCache[Hashable, object] = TTLCache(maxsize=size, ttl=seconds, timer=clock)
        self.hits = self.misses = 0
        """Number of lists found in the cache, and of those read from the database."""

    @property
    def entries(self) -> int:
        """Number of cached lists."""
        return len(self._entries)

    async def get(self, company_id: UUID, key: Hashable, read: Callable[[], Awaitable[ValueT]]) -> ValueT:
        """Return the cached value of a company's key, or the result of `read`."""
        entry = (company_id, key)
        try:
            value = cast("ValueT", self._entries[entry])
        except KeyError:
            self.misses += 1
            value = await read()
        else:
            self.hits += 1
            return value
        if self._entries.maxsize >= 1:
            self._entries[entry] = value
        return value
