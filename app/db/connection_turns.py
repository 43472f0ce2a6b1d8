"""Turns for connections, with a reason in the log when a turn doesn't come in time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from app.db.waits import Waits
from app.scheduling.held_turns import Holder, Holders
from app.scheduling.turns import Turns, reserve_of
from app.unavailable import TooBusy

_CONNECTIONS_PER_SNAPSHOT = 3
"""One in this many connections for transactions can be kept by a snapshot."""
_MOST_WAITING = 100
_LOOK_SECONDS = 0.1
"""Interval at which a request that waits looks for slow clients, in seconds."""


class ConnectionTurns(Turns):
    """Turns for the connections of a pool, or for operations that use connections."""

    def __init__(
        self,
        size: int,
        waits: Waits,
        *,
        seconds: float,
        reserve: int | None = None,
        most_waiting: int = 1_000,
        rejects_early: bool = False,
        what: str = "connections",
    ) -> None:
        super().__init__(
            size,
            reserve=reserve_of(size) if reserve is None else reserve,
            most_waiting=most_waiting,
            seconds=seconds,
            rejects_early=rejects_early,
        )
        self._waits = waits
        self._what = what

    async def take(self, company_id: UUID, *, is_small: bool = False) -> None:
        """Wait for a turn. Raise TooBusy. The caller gives the turn back."""
        try:
            await super().take(company_id, is_small=is_small)
        except TooBusy as error:
            if error.waited_seconds is None:
                raise
            raise error from TimeoutError(self._why())

    def _why(self) -> str:
        usage = self.usage()
        taken = f"{usage.in_use} of {usage.size} {self._what} are in use"
        if usage.in_use < usage.size:
            taken += " (the others are kept for companies that use none)"
        if self._waits.is_server_silent():
            return f"{taken}, and the database does not answer over some connections: a larger pool would not help"
        return f"{taken}; the longest wait for the database's answer has lasted {self._waits.longest_seconds():.1f} s"


class SnapshotTurns(ConnectionTurns):
    """Turns for a third of the connections. If there are several, the last one is for another company.

    They are held while clients receive what was read. So while somebody waits for a turn, those with slow clients read
    the rest before their clients take it.
    """

    def __init__(self, connections: int, waits: Waits, *, seconds: float) -> None:
        super().__init__(
            max(1, connections // _CONNECTIONS_PER_SNAPSHOT),
            waits,
            seconds=seconds,
            reserve=1,
            most_waiting=_MOST_WAITING,
            what="turns of snapshots",
        )
        self._holders = Holders()

    @asynccontextmanager
    async def held(self, holder: Holder) -> AsyncGenerator[None]:
        """Wait for a turn, and give it back in the end. Raise TooBusy."""
        company_id = holder.company_id
        if not self.take_free(company_id):
            looking = asyncio.create_task(self._hurry_slow())
            try:
                await self.take(company_id)
            finally:
                looking.cancel()
        try:
            with self._holders.holding(holder):
                yield
        finally:
            self.give_back(company_id)

    async def _hurry_slow(self) -> None:
        """Let holders with slow clients hurry, until this is canceled."""
        while True:
            self._holders.hurry_slow()
            await asyncio.sleep(_LOOK_SECONDS)
