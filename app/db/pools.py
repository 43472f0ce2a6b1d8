"""Usage of connection pools."""

import time
from typing import NamedTuple

from sqlalchemy import AsyncAdaptedQueuePool
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from app.db.unavailable import PoolExhausted


class PoolUsage(NamedTuple):
    """Usage of a pool at one moment."""

    size: int
    """Maximum number of connections."""
    in_use: int
    waiting: int
    """Operations that wait for a connection, also for one that is being opened."""


class CountingPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool with a count of waiting operations, and a way to replace all connections."""

    waiting = 0

    def usage(self) -> PoolUsage:
        """Return the current usage."""
        return PoolUsage(self.size(), self.checkedout(), self.waiting)

    def discard(self) -> None:
        """Replace every connection that is open now before it is used again."""
        # SQLAlchemy does the same when a statement finds its connection closed.
        self._invalidate_time = time.time()

    def _do_get(self) -> ConnectionPoolEntry:
        self.waiting += 1
        try:
            return super()._do_get()
        except PoolTimeout as error:
            raise PoolExhausted(self.timeout()) from error
        finally:
            self.waiting -= 1
