"""A cache of lists that may be a few seconds old."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast
from uuid import UUID

from cachetools import TTLCache

ValueT = TypeVar("ValueT")


def _one(_value: Any) -> int:
    return 1


class RecentLists:
    """Caches values for some seconds. The company is part of each key, so that companies never share a value.

    The values that are cached weigh at most `size` together. Unless `weight` is given, each weighs one.
    """

    def __init__(
        self,
        *,
        seconds: float,
        size: int,
        weight: Callable[[Any], int] = _one,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries: TTLCache[Hashable, object] = TTLCache(size, seconds, clock, weight)
        self._weight = weight
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
        if self._weight(value) <= self._entries.maxsize:
            self._entries[entry] = value
        return value
