"""Connections that answer plans: they stay with the application, each set to the company that it last answered for.

A plan is one statement, so it needs no transaction: it sees one moment by itself. What a transaction was needed for
beside that, the company that row-level security asks for, is a setting of the connection here, and sent only when it
changes. Nobody else may use these connections.
"""

import asyncio
from collections import OrderedDict
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.pools import PoolUsage

_CONFIGURE = "SELECT set_config('app.company_id', $1, false), set_config('plan_cache_mode', $2, false)"
_READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


class _Setting(NamedTuple):
    """What a connection is set to."""

    company_id: UUID
    filters: bool


class _Held:
    """A connection of the driver's that SQLAlchemy made, and no longer counts among its own."""

    def __init__(self, connection: AsyncConnection, driver: Any, statements: int) -> None:
        self.setting: _Setting | None = None
        self.driver = driver
        self._connection = connection
        self._prepared = OrderedDict[str, Any]()
        self._most_prepared = statements

    async def set_to(self, setting: _Setting) -> None:
        # A statement whose cost depends on its values is planned for them; all others are soon planned once.
        mode = "force_custom_plan" if setting.filters else "auto"
        self.setting = None
        await self.driver.fetch(_CONFIGURE, str(setting.company_id), mode)
        self.setting = setting

    async def fetch(self, sql: str, parameters: list[object]) -> Any:
        """The rows of a statement. It is kept prepared here: the driver's own cache costs more than a small answer's other parts."""
        prepared = self._prepared.get(sql)
        if prepared is not None:
            self._prepared.move_to_end(sql)
        elif self._most_prepared:
            prepared = self._prepared[sql] = await self.driver.prepare(sql)
            if len(self._prepared) > self._most_prepared:
                # The driver closes what nobody refers to.
                self._prepared.popitem(last=False)
        else:
            return await self.driver.fetch(sql, *parameters)
        try:
            return await prepared.fetch(*parameters)
        except asyncpg.PostgresError:
            # It may have been prepared for tables that are no longer what they were.
            del self._prepared[sql]
            raise

    async def close(self) -> None:
        await self._connection.close()


class HeldConnections:
    """At most `size` connections, opened when they are needed; each keeps up to `statements` prepared."""

    def __init__(self, engine: AsyncEngine, *, size: int, timeout_seconds: float, statements: int) -> None:
        self._engine = engine
        self._statements = statements
        self._timeout_seconds = timeout_seconds
        self._free = asyncio.Semaphore(size)
        self._size = size
        self._in_use = self._waiting = 0
        self._idle: list[_Held] = []

    async def value(self, sql: str, parameters: list[object], company_id: UUID, *, filters: bool) -> Any:
        """The first column of a statement's one row, or None; the driver's exceptions, and TimeoutError where none is free."""
        if self._free.locked():
            self._waiting += 1
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    await self._free.acquire()
            finally:
                self._waiting -= 1
        else:
            await self._free.acquire()
        self._in_use += 1
        try:
            return await self._value(sql, parameters, _Setting(company_id, filters))
        finally:
            self._in_use -= 1
            self._free.release()

    def usage(self) -> PoolUsage:
        """Return how many connections work and how many operations wait for one."""
        return PoolUsage(self._size, self._in_use, self._waiting)

    async def aclose(self) -> None:
        """Close all connections."""
        while self._idle:
            await self._idle.pop().close()

    async def _value(self, sql: str, parameters: list[object], setting: _Setting) -> Any:
        held = self._take(setting) or await self._open()
        try:
            if held.setting != setting:
                await held.set_to(setting)
            rows = await held.fetch(sql, parameters)
        except asyncpg.PostgresError:
            self._idle.append(held)
            raise
        except BaseException:
            # Whatever state it is in, nobody shall find out.
            held.driver.terminate()
            raise
        if not rows:
            # The setting is not what it was set to: a pooler stands in between, or someone else used it.
            held.setting = None
        self._idle.append(held)
        return rows[0][0] if rows else None

    def _take(self, setting: _Setting) -> _Held | None:
        """The idle connection that was used last of those with this setting, or else the one that has rested longest."""
        idle = self._idle
        # Those that were used last are at the end.
        if not (idle and idle[-1].setting == setting and not idle[-1].driver.is_closed()):
            self._idle = idle = sorted(
                (held for held in idle if not held.driver.is_closed()), key=lambda held: held.setting == setting
            )
            if idle and idle[-1].setting != setting:
                return idle.pop(0)
        return idle.pop() if idle else None

    async def _open(self) -> _Held:
        connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        # From now on closing it ends it, and the engine's pool may make another.
        raw.detach()
        try:
            await driver.execute(_READ_ONLY)
        except BaseException:
            driver.terminate()
            raise
        return _Held(connection, driver, self._statements)
