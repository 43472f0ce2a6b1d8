"""Which operations are heavy, and how many of them run at once.

An operation that reads or answers much keeps a connection, the database and memory for longer than many small ones. Such operations
share a third of the connections, whether they run by plans or field by field, so that a small one finds a connection.
"""

from uuid import UUID

from typing_extensions import override

from app.db.connection_turns import ConnectionTurns
from app.db.unavailable import TooBusy, TooManyHeavy
from app.db.waits import Waits

_SHARE = 3
"""One connection in this many may run heavy operations."""
_MOST_WAITING = 100


class HeavyTurns(ConnectionTurns):
    """The turns of heavy operations, as many as a third of `connections`.

    A turn is taken before a connection, so that nobody waits here with a connection in hand. An operation that only later turns
    out to be heavy may, up to a third of the connections; one more is refused at once.
    """

    def __init__(self, connections: int, waits: Waits, *, seconds: float) -> None:
        size = max(1, connections // _SHARE)
        super().__init__(
            size,
            waits,
            seconds=seconds,
            reserve=min(1, size - 1),
            most_waiting=_MOST_WAITING,
            what="turns of heavy operations",
        )
        self._most_late = size
        self._late = 0

    @override
    async def take(self, company_id: UUID, *, has_connection: bool = False) -> None:
        """Wait for a turn, or raise TooManyHeavy. The caller gives the turn back."""
        if self.take_free(company_id):
            return
        if has_connection and self._late >= self._most_late:
            raise TooManyHeavy
        self._late += has_connection
        try:
            await super().take(company_id)
        except TooBusy as error:
            raise TooManyHeavy(error.waited_seconds) from error.__cause__
        finally:
            self._late -= has_connection
