"""What the pools of connections tell of themselves."""

import time
from typing import NamedTuple

from sqlalchemy import AsyncAdaptedQueuePool
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from app.db.unavailable import PoolExhausted


class PoolUsage(NamedTuple):
    """How a pool fares at a moment."""

    size: int
    """Maximum number of connections."""
    in_use: int
    waiting: int
    """Operations that wait for a connection, one that is being made included."""


class CountingPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, which also knows how many wait, and how to begin anew."""

    waiting = 0

    def usage(self) -> PoolUsage:
        """Return how it fares now."""
        return PoolUsage(self.size(), self.checkedout(), self.waiting)

    def discard(self) -> None:
        """Replace every connection that is open now before it is used again."""
        # What SQLAlchemy itself does when a statement finds its connection closed.
        self._invalidate_time = time.time()

    def _do_get(self) -> ConnectionPoolEntry:
        self.waiting += 1
        try:
            return super()._do_get()
        except PoolTimeout as error:
            raise PoolExhausted(self.timeout()) from error
        finally:
            self.waiting -= 1
