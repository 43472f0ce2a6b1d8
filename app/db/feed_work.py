"""Work on the feeds of all companies, by functions that run as the owner: positions, heads and clean-up.

It has a connection of its own, because it must go on while operations wait for those of the pools.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.driver_errors import translate_failures
from app.db.kept_connection import KeptConnection
from app.db.pooling import Pooling
from app.db.pools import CountingPool
from app.db.waits import Waits

MOST_STAMPED = 1_000
"""Maximum number of events that one statement gives positions, which takes some 20 ms."""
MOST_EXPIRED = 1_000
"""Maximum number of events that one statement deletes."""
MOST_COUNTED = 10_000
"""Number of events without a position at which counting ends."""
_STAMP = "SELECT company_id, position FROM stamp_events($1::integer)"
# The heads are those of the statement's snapshot, so from before the events that it stamps.
_STAMP_AND_LOOK = """
SELECT company_id, position, true FROM stamp_events($1::integer)
UNION ALL
SELECT company_id, position, false FROM feed_positions($2::uuid[])
"""
_POSITIONS = "SELECT company_id, position FROM feed_positions($1::uuid[])"
_EXPIRE = "SELECT expire_events($1::timestamptz, $2::integer)"
_UNSTAMPED = "SELECT events, oldest_seconds FROM unstamped_events($1::integer)"


class Unstamped(NamedTuple):
    """Committed events that have no position yet."""

    events: int
    """Their number, at most `MOST_COUNTED`."""
    oldest_seconds: float
    """The age of the oldest of them; 0 if there is none."""


class Stamped(NamedTuple):
    """What giving positions has found."""

    heads: dict[UUID, int]
    """The new heads by company. Empty if there was nothing to do, or while another process did it."""
    before: dict[UUID, int]
    """The heads before that, of the companies that were asked for. Those without events are left out."""


class FeedWork:
    """What the service does for the feeds of all companies. All methods raise DatabaseUnavailable."""

    def __init__(self, engine: AsyncEngine, waits: Waits, pooling: Pooling) -> None:
        self.engine = engine
        """An engine with one connection."""
        self.statements = 0
        """Number of statements so far."""
        # Waiting in the pool would be longer: a connection that can't be opened doesn't end it.
        self._turn = asyncio.Lock()
        # A transaction pooler may run each message of a statement on another connection, unless it is in a transaction.
        self._kept = None if pooling is Pooling.TRANSACTION else KeptConnection(engine, waits)

    async def stamp(self, most: int = MOST_STAMPED) -> dict[UUID, int]:
        """Give positions to committed events, at most `most`; return the new heads by company.

        Empty if there is nothing to do, or while another process does it.
        """
        return _by_company(await self.rows(_STAMP, most))

    async def stamp_and_look(self, companies: Collection[UUID]) -> Stamped:
        """Do the same, and return the heads of companies, in one statement."""
        if not companies:
            return Stamped(await self.stamp(), {})
        rows = await self.rows(_STAMP_AND_LOOK, MOST_STAMPED, [*companies])
        new, known = ([row for row in rows if row[2] is is_new] for is_new in (True, False))
        return Stamped(_by_company(new), _by_company(known))

    async def positions(self, companies: Collection[UUID]) -> dict[UUID, int]:
        """Return the heads of companies. Companies without events are left out."""
        return _by_company(await self.rows(_POSITIONS, [*companies]))

    async def expire(self, before: datetime, most: int = MOST_EXPIRED) -> int:
        """Delete events from before a time, at most `most`; return their number."""
        rows = await self.rows(_EXPIRE, before, most)
        return int(rows[0][0])

    async def unstamped(self) -> Unstamped:
        """Return how many events have no position yet."""
        rows = await self.rows(_UNSTAMPED, MOST_COUNTED)
        return Unstamped(*rows[0])

    def discard(self) -> None:
        """Replace the connection before it is used again."""
        pool = self.engine.pool
        assert isinstance(pool, CountingPool)  # noqa: S101 - what the engine was made with
        pool.discard()
        if self._kept is not None:
            self._kept.discard()

    async def aclose(self) -> None:
        """Close the connection."""
        if self._kept is not None:
            self._kept.discard()
        await self.engine.dispose()

    async def rows(self, sql: str, *parameters: object) -> Sequence[Any]:
        """Run one statement in its own transaction and return its rows."""
        with translate_failures(writes=True):
            async with self._turn:
                self.statements += 1
                if self._kept is not None:
                    return await self._kept.fetch(sql, parameters)
                async with self.engine.connect() as connection:
                    rows = (await connection.exec_driver_sql(sql, parameters)).all()
                    await connection.commit()
        return rows


def _by_company(rows: Sequence[Any]) -> dict[UUID, int]:
    return {row[0]: row[1] for row in rows}
