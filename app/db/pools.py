"""SQLAlchemy's connection pool, with figures about its usage."""

import time

from sqlalchemy import AsyncAdaptedQueuePool
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from app.db.driver_errors import PoolExhausted
from app.scheduling.turns import PoolUsage


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
