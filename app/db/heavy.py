"""Turns of heavy operations.

An operation that reads or returns much data occupies a connection, the database and memory for longer than many small
ones. Heavy operations share a third of the connections, whether they run as plans or field by field, so that small ones
find one. A company that is alone uses all of these turns, and the next company finds one more.
"""

from uuid import UUID

from typing_extensions import override

from app.db.connection_turns import ConnectionTurns
from app.db.waits import Waits
from app.unavailable import TooBusy, TooManyHeavy

_CONNECTIONS_PER_TURN = 3
"""One in this many connections can run heavy operations."""
_MOST_WAITING = 100
_PATIENCE = 2
"""How many times as long as for a connection operations wait here, because each turn takes long."""


class HeavyTurns(ConnectionTurns):
    """Turns of heavy operations: a third of `connections`, and one more for a company that has none.

    A turn is taken before long lists in the arguments are read, and before a connection, so that operations hold
    neither while they wait here. An operation that becomes heavy later does hold a connection. At most a third of the
    connections can wait like this; further operations fail immediately.
    """

    def __init__(self, connections: int, waits: Waits, *, seconds: float) -> None:
        share = max(1, connections // _CONNECTIONS_PER_TURN)
        # At least one connection is left to small operations.
        size = max(1, min(share + 1, connections - 1))
        super().__init__(
            size,
            waits,
            seconds=_PATIENCE * seconds,
            reserve=size - share,
            most_waiting=_MOST_WAITING,
            rejects_early=True,
            what="turns of heavy operations",
        )
        self._most_late = share
        self._late = 0

    @override
    async def take(self, company_id: UUID, *, is_small: bool = False, has_connection: bool = False) -> None:
        """Wait for a turn. Raise TooManyHeavy. The caller gives the turn back."""
        if self.take_free(company_id):
            return
        if has_connection and self._late >= self._most_late:
            raise TooManyHeavy(most_waiting=self._most_late)
        self._late += has_connection
        try:
            await super().take(company_id, is_small=is_small)
        except TooBusy as error:
            raise TooManyHeavy(error.waited_seconds, most_waiting=error.most_waiting) from error.__cause__
        finally:
            self._late -= has_connection
