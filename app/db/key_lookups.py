"""Look-ups of API keys over a separate connection. All waiting look-ups share the next statement."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.api_keys import ApiKey, find
from app.unavailable import DatabaseUnavailable

_MOST_AT_ONCE = 500
"""Maximum number of keys in one statement, which takes a few milliseconds."""


class KeyLookups:
    """Looks up keys by hash. Look-ups that arrive while one statement runs are combined in the next one.

    Requests for the same key share one look-up.
    Invalid keys can't be told from valid ones before the look-up. The number of waiting look-ups is limited by the
    number of connected clients, and each statement takes the oldest ones, so thousands are answered within a fraction
    of a second.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        """An engine with one connection."""
        self._waiting: dict[bytes, asyncio.Future[ApiKey | None]] = {}
        self._running: dict[bytes, asyncio.Future[ApiKey | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, key_hash: bytes) -> ApiKey | None:
        """Return the valid key with this hash, or None if it is unknown, revoked or expired.

        Raise DatabaseUnavailable if the server doesn't answer within two seconds.
        """
        found = self._running.get(key_hash) or self._waiting.get(key_hash)
        if found is None:
            found = self._waiting[key_hash] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._look_up())
        # Shielded, because other requests may wait for the same future when this one is canceled.
        return await asyncio.shield(found)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._task is not None:
            self._task.cancel()
        await self.engine.dispose()

    async def _look_up(self) -> None:
        try:
            while self._waiting:
                hashes = [*self._waiting][:_MOST_AT_ONCE]
                self._running = {key_hash: self._waiting.pop(key_hash) for key_hash in hashes}
                await self._answer(self._running)
        finally:
            self._task = None

    async def _answer(self, running: dict[bytes, asyncio.Future[ApiKey | None]]) -> None:
        try:
            found = await find(self.engine, [*running])
        except BaseException as error:
            # Waiting look-ups fail too, because they would only wait for the same time again.
            failed, self._waiting = [*running.values(), *self._waiting.values()], {}
            for future in failed:
                _fail(future, error)
            if not isinstance(error, DatabaseUnavailable):
                raise
        else:
            for key_hash, future in running.items():
                future.set_result(found.get(key_hash))
        finally:
            self._running = {}


def _fail(future: asyncio.Future[ApiKey | None], error: BaseException) -> None:
    if not isinstance(error, Exception):
        future.cancel()
        return
    # Each waiting request raises its own copy, because a traceback grows wherever its exception is raised.
    own = type(error).__new__(type(error), *error.args)
    vars(own).update(vars(error))
    own.__cause__ = error.__cause__
    future.set_exception(own)
    # Retrieved here, because asyncio logs exceptions that aren't, and the waiting requests may be gone.
    future.exception()
