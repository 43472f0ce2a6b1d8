"""What the pools of connections tell of themselves."""

from typing import NamedTuple

from sqlalchemy import AsyncAdaptedQueuePool
from sqlalchemy.pool import ConnectionPoolEntry


class PoolUsage(NamedTuple):
    """How a pool fares at a moment."""

    size: int
    """Maximum number of connections."""
    in_use: int
    waiting: int
    """Operations that wait for a connection, one that is being made included."""


class CountingPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, which also knows how many wait."""

    waiting = 0

    def usage(self) -> PoolUsage:
        """Return how it fares now."""
        return PoolUsage(self.size(), self.checkedout(), self.waiting)

    def _do_get(self) -> ConnectionPoolEntry:
        self.waiting += 1
        try:
            return super()._do_get()
        finally:
            self.waiting -= 1
