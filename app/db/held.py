"""Connections that answer plans: they stay with the application, each set to the company that it last answered for.

A plan is one statement, so it needs no transaction: it sees one moment by itself. What a transaction was needed for
beside that, the company that row-level security asks for, is a setting of the connection here, and sent only when it
changes. Nobody else may use these connections. Behind a pooler that works by transaction there is no such thing, and each
plan has a transaction.
"""

import time
from collections import OrderedDict
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.connection_turns import ConnectionTurns
from app.db.pools import PoolUsage
from app.db.unavailable import ConnectionSilent, lost_connection
from app.db.waits import Waits

_CONFIGURE = "SELECT set_config('app.company_id', $1, false), set_config('plan_cache_mode', $2, false)"
_READ_ONLY = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
_AT_ONCE_SECONDS = 1.0
"""A connection that is lost within this time was dead before, and its statement is sent again."""


class _Setting(NamedTuple):
    """What a connection is set to."""

    company_id: UUID
    plan_for_values: bool


class _Held:
    """A connection of the driver's that SQLAlchemy made, and no longer counts among its own."""

    def __init__(self, driver: Any, waits: Waits, statements: int) -> None:
        self.setting: _Setting | None = None
        self.driver = driver
        self.waits = waits
        self._prepared = OrderedDict[str, Any]()
        self._most_prepared = statements

    async def set_to(self, setting: _Setting) -> None:
        # A statement whose cost depends on its values is planned for them; all others are soon planned once.
        mode = "force_custom_plan" if setting.plan_for_values else "auto"
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

    async def value(self, sql: str, parameters: list[object], setting: _Setting) -> Any:
        """The first column of the statement's one row under this setting, or None."""
        self.waits.begin(self.driver)
        try:
            if self.setting != setting:
                await self.set_to(setting)
            rows = await self.fetch(sql, parameters)
        finally:
            self.waits.end(self.driver)
        if not rows:
            # The setting is not what it was set to: a pooler stands in between, or someone else used it.
            self.setting = None
        return rows[0][0] if rows else None


class _HeldBehindPooler(_Held):
    """A connection whose other end is the service's for one transaction, which each statement has for itself."""

    def __init__(self, driver: Any, waits: Waits, beginning: str) -> None:
        super().__init__(driver, waits, 0)
        self._beginning = beginning

    async def value(self, sql: str, parameters: list[object], setting: _Setting) -> Any:
        # A UUID's text needs no quoting, and so all can be sent at once. The mode says what becomes of a statement that is
        # kept prepared, which none is here.
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
        return rows[0][0] if rows else None


class HeldConnections:
    """At most `size` connections, opened when they are needed; each keeps up to `statements` prepared.

    `beginning` is what the transaction of each statement begins with; None if the connections' state is kept.
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
        """Opens the connections, and keeps none."""
        self._waits = waits
        self._statements = statements
        self._beginning = beginning
        self._turns = ConnectionTurns(size, waits, seconds=timeout_seconds)
        self._idle: list[_Held] = []
        self._discarded = 0
        """How often all connections were discarded."""

    async def value(self, sql: str, parameters: list[object], company_id: UUID, *, plan_for_values: bool) -> Any:
        """The first column of a statement's one row, or None; the driver's exceptions, and TooBusy where no turn comes."""
        setting = _Setting(company_id, plan_for_values)
        if not self._turns.take_free(company_id):
            await self._turns.take(company_id)
        try:
            return await self._value(sql, parameters, setting)
        finally:
            self._turns.give_back(company_id)

    def usage(self) -> PoolUsage:
        """Return how many connections work and how many operations wait for one."""
        return self._turns.usage()

    def close(self) -> None:
        """Close all connections without waiting for them."""
        self.discard()

    def discard(self) -> None:
        """Close all connections, those that are in use when they come back."""
        self._discarded += 1
        while self._idle:
            self._waits.close(self._idle.pop().driver)

    async def _value(self, sql: str, parameters: list[object], setting: _Setting) -> Any:
        held, begun = self._take(setting), time.monotonic()
        try:
            return await self._value_of(held or await self._open(), sql, parameters, setting)
        except asyncpg.PostgresConnectionError as error:
            # It may have died while it rested. A statement that ran for a while may be what ended the server.
            if not isinstance(error, ConnectionSilent) and time.monotonic() - begun > _AT_ONCE_SECONDS:
                raise
        return await self._value_of(await self._open(), sql, parameters, setting)

    async def _value_of(self, held: _Held, sql: str, parameters: list[object], setting: _Setting) -> Any:
        discarded = self._discarded
        try:
            value = await held.value(sql, parameters, setting)
        except BaseException as error:
            if (lost := self._lost(held.driver, error)) is not None:
                raise lost from error
            if isinstance(error, asyncpg.PostgresError):
                self._give_back(held, discarded)
            else:
                # Discard the connection: its state is unknown.
                self._waits.close(held.driver)
            raise
        self._give_back(held, discarded)
        return value

    def _lost(self, driver: Any, error: BaseException) -> asyncpg.PostgresConnectionError | None:
        """Return what an error means if it says that a connection is lost, and discard those that are likely to be as well."""
        lost = lost_connection(driver, error)
        if lost is None:
            return None
        self._waits.lost(driver)
        return self._waits.silence_of(driver) or lost

    def _give_back(self, held: _Held, discarded: int) -> None:
        if discarded == self._discarded:
            self._idle.append(held)
        else:
            self._waits.close(held.driver)

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
        connection = await self.engine.connect()
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        # From now on it is closed here, and not with SQLAlchemy's connection.
        raw.detach()
        if self._beginning is not None:
            return _HeldBehindPooler(driver, self._waits, self._beginning)
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
        return _Held(driver, self._waits, self._statements)
