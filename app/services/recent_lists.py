"""The lists that may be a few seconds old, remembered per company."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar, cast
from uuid import UUID

from cachetools import TTLCache

ValueT = TypeVar("ValueT")


class RecentLists:
    """Remembers what was read for `seconds`; the company is part of every key, so no page is ever shared."""

    def __init__(self, *, seconds: float, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: TTLCache[Hashable, object] = TTLCache(maxsize=size, ttl=seconds, timer=clock)
        self.hits = self.misses = 0
        """Lists that were remembered, and those that were read."""

    @property
    def entries(self) -> int:
        """Lists that are remembered."""
        return len(self._entries)

    async def get(self, company_id: UUID, key: Hashable, read: Callable[[], Awaitable[ValueT]]) -> ValueT:
        """What `read` answered for this company and key a few seconds ago, or answers now."""
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
