"""Look-ups of API keys over one connection that operations don't use: all that wait share the next statement."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.api_keys import ApiKey, find
from app.db.unavailable import DatabaseUnavailable

_MOST_AT_ONCE = 500
"""Number of keys that one statement looks up: a few milliseconds of the server's time."""


class KeyLookups:
    """Looks up keys by their hashes, those of one statement while the next ones gather; requests for the same key share one.

    Before it is looked up, a made-up key looks like any other. No more look-ups wait than clients are connected, and each
    statement takes the oldest of them, so that thousands are answered within a fraction of a second.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        """Has one connection."""
        self._waiting: dict[bytes, asyncio.Future[ApiKey | None]] = {}
        self._running: dict[bytes, asyncio.Future[ApiKey | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, key_hash: bytes) -> ApiKey | None:
        """Return the valid key of this hash, or None if it is unknown, revoked or expired.

        DatabaseUnavailable while the server is away, or if it doesn't answer within two seconds.
        """
        found = self._running.get(key_hash) or self._waiting.get(key_hash)
        if found is None:
            found = self._waiting[key_hash] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._look_up())
        # Others may wait for it when this request is given up.
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
                self._running = {each: self._waiting.pop(each) for each in hashes}
                await self._answer(self._running)
        finally:
            self._task = None

    async def _answer(self, running: dict[bytes, asyncio.Future[ApiKey | None]]) -> None:
        try:
            found = await find(self.engine, [*running])
        except BaseException as error:
            # Those that wait would only wait as long once more.
            failed, self._waiting = [*running.values(), *self._waiting.values()], {}
            for future in failed:
                _fail(future, error)
            if not isinstance(error, DatabaseUnavailable):
                raise
        else:
            for each, future in running.items():
                future.set_result(found.get(each))
        finally:
            self._running = {}


def _fail(future: asyncio.Future[ApiKey | None], error: BaseException) -> None:
    if not isinstance(error, Exception):
        future.cancel()
        return
    # Each of those that wait raises its own: an exception keeps the traceback of everywhere it was raised.
    own = type(error).__new__(type(error), *error.args)
    vars(own).update(vars(error))
    own.__cause__ = error.__cause__
    future.set_exception(own)
    # The requests that wait for it may be gone, and an exception that nobody retrieves is logged.
    future.exception()
