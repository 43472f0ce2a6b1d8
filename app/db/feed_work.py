"""Work on the feeds of all companies, by functions that run as the owner: positions, heads and clean-up.

It has a connection of its own, because it must go on while operations wait for those of the pools.
"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import DateTime, Executable, Integer, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.driver_errors import translate_failures
from app.db.read_session import DatabaseRow

MOST_STAMPED = 1_000
"""Maximum number of events that one statement gives positions, which takes some 20 ms."""
MOST_EXPIRED = 1_000
"""Maximum number of events that one statement deletes."""
MOST_COUNTED = 10_000
"""Number of events without a position at which counting ends."""
_STAMP = text("SELECT company_id, position FROM stamp_events(:most)").bindparams(bindparam("most", type_=Integer()))
_POSITIONS = text("SELECT company_id, position FROM feed_positions(:companies)").bindparams(
    bindparam("companies", type_=ARRAY(Uuid()))
)
_EXPIRE = text("SELECT expire_events(:before, :most)").bindparams(
    bindparam("before", type_=DateTime(timezone=True)), bindparam("most", type_=Integer())
)
_UNSTAMPED = text("SELECT events, oldest_seconds FROM unstamped_events(:most)").bindparams(
    bindparam("most", type_=Integer())
)


class Unstamped(NamedTuple):
    """Committed events that have no position yet."""

    events: int
    """Their number, at most `MOST_COUNTED`."""
    oldest_seconds: float
    """The age of the oldest of them; 0 if there is none."""


class FeedWork:
    """What the service does for the feeds of all companies. All methods raise DatabaseUnavailable."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        """An engine with one connection."""
        self.statements = 0
        """Number of statements so far."""
        # Waiting in the pool would be longer: a connection that can't be opened doesn't end it.
        self._turn = asyncio.Lock()

    async def stamp(self, most: int = MOST_STAMPED) -> dict[UUID, int]:
        """Give positions to committed events, at most `most`; return the new heads by company.

        Empty if there is nothing to do, or while another process does it.
        """
        return _by_company(await self.rows(_STAMP, {"most": most}))

    async def positions(self, companies: Collection[UUID]) -> dict[UUID, int]:
        """Return the heads of companies. Companies without events are left out."""
        return _by_company(await self.rows(_POSITIONS, {"companies": [*companies]}))

    async def expire(self, before: datetime, most: int = MOST_EXPIRED) -> int:
        """Delete events from before a time, at most `most`; return their number."""
        rows = await self.rows(_EXPIRE, {"before": before, "most": most})
        return int(rows[0][0])

    async def unstamped(self) -> Unstamped:
        """Return how many events have no position yet."""
        rows = await self.rows(_UNSTAMPED, {"most": MOST_COUNTED})
        return Unstamped(*rows[0])

    async def aclose(self) -> None:
        """Close the connection."""
        await self.engine.dispose()

    async def rows(self, statement: Executable, parameters: Mapping[str, object]) -> list[DatabaseRow]:
        """Run one statement in its own transaction and return its rows."""
        with translate_failures(writes=True):
            async with self._turn, self.engine.connect() as connection:
                self.statements += 1
                rows = (await connection.execute(statement, parameters)).all()
                # Without a pooler the statement is its own transaction: a process that is suspended right after it
                # holds no lock.
                await connection.commit()
        return [*rows]


def _by_company(rows: list[DatabaseRow]) -> dict[UUID, int]:
    return {company_id: position for company_id, position in rows}  # noqa: C416 - rows are not pairs to a type checker
