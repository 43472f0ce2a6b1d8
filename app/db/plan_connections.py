"""Plan connections: they run the statements of plans, without transactions.

A plan is one statement, so it has one snapshot without a transaction. The company, which row-level security reads, is
set for the session and sent only when it changes. So nothing else may use these connections. Behind a transaction
pooler, sessions have no settings, and each plan runs in a transaction. The file is over 250 lines because connections
with and without a pooler must do the same.
"""

import time
from collections import OrderedDict
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.connection_turns import ConnectionTurns
from app.db.driver_errors import ConnectionSilent, lost_connection
from app.db.read_session import plan_cache_mode
from app.db.waits import Waits
from app.scheduling.turns import PoolUsage

_CONFIGURE = "SELECT set_config('app.company_id', $1, false), set_config('plan_cache_mode', $2, false)"
_READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
_JSON_SCALAR_SINCE = (17,)
_AT_ONCE_SECONDS = 1.0
"""A connection lost within this time was already dead, so its statement is sent again."""


class _Setting(NamedTuple):
    """The settings of a connection."""

    company_id: UUID
    plan_for_values: bool


class _Connection:
    """A connection of the driver that was opened by SQLAlchemy and detached from it."""

    def __init__(self, driver: Any, waits: Waits, statements: int) -> None:
        self.setting: _Setting | None = None
        self.driver = driver
        self.waits = waits
        self._prepared = OrderedDict[str, Any]()
        self._most_prepared = statements

    async def set_to(self, setting: _Setting) -> None:
        mode = plan_cache_mode(plan_for_values=setting.plan_for_values)
        self.setting = None
        await self.driver.fetch(_CONFIGURE, str(setting.company_id), mode)
        self.setting = setting

    async def fetch(self, sql: str, parameters: list[object]) -> Any:
        """Return the rows of a statement, which is kept prepared.

        The driver's own cache takes longer than a small query.
        """
        prepared = self._prepared.get(sql)
        if prepared is not None:
            self._prepared.move_to_end(sql)
        elif self._most_prepared:
            prepared = self._prepared[sql] = await self.driver.prepare(sql)
            if len(self._prepared) > self._most_prepared:
                # The driver closes unreferenced statements.
                self._prepared.popitem(last=False)
        else:
            return await self.driver.fetch(sql, *parameters)
        try:
            return await prepared.fetch(*parameters)
        except asyncpg.PostgresError:
            # The statement may have been prepared for tables that were migrated since.
            del self._prepared[sql]
            raise

    async def rows(self, sql: str, parameters: list[object], setting: _Setting) -> Any:
        """Return the statement's rows under this setting."""
        self.waits.begin(self.driver)
        try:
            if self.setting != setting:
                await self.set_to(setting)
            rows = await self.fetch(sql, parameters)
        finally:
            self.waits.end(self.driver)
        if not rows:
            # The statement found another company set, because there is a pooler or something else used the connection.
            self.setting = None
        return rows


class _PooledConnection(_Connection):
    """A connection to a transaction pooler. Each statement runs in its own transaction."""

    def __init__(self, driver: Any, waits: Waits, beginning: str) -> None:
        super().__init__(driver, waits, 0)
        self._beginning = beginning

    async def rows(self, sql: str, parameters: list[object], setting: _Setting) -> Any:
        # A UUID needs no escaping, so everything is sent at once. plan_cache_mode only concerns prepared statements,
        # which aren't used here.
        begin = (
            f"BEGIN READ ONLY; {self._beginning}; SELECT set_config('app.company_id', '{setting.company_id!s}', true)"
        )
        self.waits.begin(self.driver)
        try:
            await self.driver.execute(begin)
            try:
                rows = await self.driver.fetch(sql, *parameters)
            except asyncpg.PostgresError:
                if not self.driver.is_closed():
                    await self.driver.execute("ROLLBACK")
                raise
            await self.driver.execute("COMMIT")
        finally:
            self.waits.end(self.driver)
        return rows


class PlanConnections:
    """At most `size` connections, opened on demand. Each keeps up to `statements` prepared statements.

    `beginning` begins the transaction of each statement behind a transaction pooler; otherwise it is None.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        waits: Waits,
        *,
        size: int,
        timeout_seconds: float,
        statements: int,
        beginning: str | None = None,
    ) -> None:
        self.engine = engine
        """Opens the connections but keeps none."""
        self._waits = waits
        self._statements = statements
        self._beginning = beginning
        self._turns = ConnectionTurns(size, waits, seconds=timeout_seconds)
        self._idle: list[_Connection] = []
        self.json_scalar = False
        """Whether the server of the latest connection has JSON_SCALAR; False before the first connection."""
        self._discarded = 0
        """Number of times that all connections were discarded."""

    async def row(
        self,
        sql: str,
        parameters: list[object],
        company_id: UUID,
        *,
        plan_for_values: bool,
        is_small: bool = False,
    ) -> Any:
        """Return a statement's first row, or None if it has none. Raise TooBusy and the driver's exceptions."""
        setting = _Setting(company_id, plan_for_values)
        if not self._turns.take_free(company_id):
            await self._turns.take(company_id, is_small=is_small)
        try:
            rows = await self._rows(sql, parameters, setting)
        finally:
            self._turns.give_back(company_id)
        return rows[0] if rows else None

    async def rows(self, sql: str, parameters: list[object], company_id: UUID) -> Any:
        """Return all rows of a small statement with a generic plan. Raise TooBusy and the driver's exceptions."""
        if not self._turns.take_free(company_id):
            await self._turns.take(company_id, is_small=True)
        try:
            return await self._rows(sql, parameters, _Setting(company_id, plan_for_values=False))
        finally:
            self._turns.give_back(company_id)

    def usage(self) -> PoolUsage:
        """Return the number of connections in use and of waiting operations."""
        return self._turns.usage()

    def close(self) -> None:
        """Close all connections without waiting for them."""
        self.discard()

    def discard(self) -> None:
        """Close idle connections now and connections in use when they are given back."""
        self._discarded += 1
        while self._idle:
            self._waits.close(self._idle.pop().driver)

    async def _rows(self, sql: str, parameters: list[object], setting: _Setting) -> Any:
        idle, begun = self._take(setting), time.monotonic()
        try:
            return await self._rows_of(idle or await self._open(), sql, parameters, setting)
        except asyncpg.PostgresConnectionError as error:
            # The connection may have died while idle. But if the statement ran for a while, it may have crashed the
            # server.
            if not isinstance(error, ConnectionSilent) and time.monotonic() - begun > _AT_ONCE_SECONDS:
                raise
        return await self._rows_of(await self._open(), sql, parameters, setting)

    async def _rows_of(self, connection: _Connection, sql: str, parameters: list[object], setting: _Setting) -> Any:
        discarded = self._discarded
        try:
            rows = await connection.rows(sql, parameters, setting)
        except BaseException as error:
            if (lost := self._lost(connection.driver, error)) is not None:
                raise lost from error
            if isinstance(error, asyncpg.PostgresError):
                self._give_back(connection, discarded)
            else:
                # Discard the connection: its state is unknown.
                self._waits.close(connection.driver)
            raise
        self._give_back(connection, discarded)
        return rows

    def _lost(self, driver: Any, error: BaseException) -> asyncpg.PostgresConnectionError | None:
        """Return the exception for a lost connection, or None.

        Discard other connections that are likely to be lost too.
        """
        lost = lost_connection(driver, error)
        if lost is None:
            return None
        self._waits.lost(driver)
        return self._waits.silence_of(driver) or lost

    def _give_back(self, connection: _Connection, discarded: int) -> None:
        if discarded == self._discarded:
            self._idle.append(connection)
        else:
            self._waits.close(connection.driver)

    def _take(self, setting: _Setting) -> _Connection | None:
        """Remove and return an idle connection: the latest used with this setting, or else the least recently used."""
        idle = self._idle
        # The most recently used connections are at the end.
        if not (idle and idle[-1].setting == setting and not idle[-1].driver.is_closed()):
            self._idle = idle = sorted(
                (connection for connection in idle if not connection.driver.is_closed()),
                key=lambda connection: connection.setting == setting,
            )
            if idle and idle[-1].setting != setting:
                return idle.pop(0)
        return idle.pop() if idle else None

    async def _open(self) -> _Connection:
        connection = await self.engine.connect()
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        self.json_scalar = driver.get_server_version() >= _JSON_SCALAR_SINCE
        # From now on the connection is closed here, not together with SQLAlchemy's connection.
        raw.detach()
        if self._beginning is not None:
            return _PooledConnection(driver, self._waits, self._beginning)
        self._waits.begin(driver)
        try:
            await driver.execute(_READ_ONLY)
        except BaseException as error:
            if (lost := self._lost(driver, error)) is not None:
                raise lost from error
            self._waits.close(driver)
            raise
        finally:
            self._waits.end(driver)
        return _Connection(driver, self._waits, self._statements)
