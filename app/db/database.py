"""The engine, the ways to a session on it, and what a lost database looks like from above."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, NullPool, Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.connecting import create_engine
from app.db.held import HeldConnections
from app.db.pooling import SERVER_SETTINGS, Pooling, beginning_of, driver_options, first_statements
from app.db.pools import CountingPool, PoolUsage
from app.db.probing import PROBE_SECONDS, Probe
from app.db.stored_json import stored_json
from app.db.turns import Turns, reserve_of
from app.db.unavailable import (
    CommitUnknown,
    DatabaseRefused,
    DatabaseUnavailable,
    StatementTimeout,
    message_of,
    translate_faults,
    translated_fault,
)
from app.db.waits import GRACE_SECONDS, Waits
from app.db.watched import watch

__all__ = [
    "CommitUnknown",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "StatementTimeout",
    "message_of",
    "translate_faults",
]

SERVICE_ROLE = "customer_gateway_service"
"""The group role that holds the grants; the role that the service connects as is a member of it."""

COMPANY = "current_company"
"""The parameter that narrows every statement. A session supplies it, nobody else does."""

Record = Row[*tuple[Any, ...]]
"""A row as SQLAlchemy hands it over: a tuple of any values."""

_CONFIGURE = text(
    "SELECT set_config('app.company_id', :company_id, true), set_config('plan_cache_mode', :plan_cache_mode, true)"
)


class SessionEnded(Exception):
    """A statement came after the end of its operation: a sibling field had failed, and nobody waits for this one."""


class ReadSession:
    """One read-only snapshot for one company: begun by the first statement, ended by whoever opened the session.

    Statements are serialized here, so concurrent resolvers share the one connection safely.
    """

    def __init__(self, engine: AsyncEngine, turns: Turns, company_id: UUID) -> None:
        self.company_id = company_id
        self.statements = 0
        """Statements run so far, the transaction's own not counted."""
        self._engine = engine
        self._turns = turns
        self._has_turn = False
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._has_ended = False
        self._runs: asyncio.Task[Any] | None = None
        """What runs the statement that is under way, or ran the last one."""
        self._connection: AsyncConnection | None = None
        self._plan_cache_mode = "auto"

    async def rows(
        self, statement: Executable, parameters: Mapping[str, object], *, plan_for_values: bool = False
    ) -> Sequence[Record]:
        """Run one statement; COMPANY is always among its parameters.

        A statement that runs often is soon planned once for whatever values come. `plan_for_values` keeps the server
        from that, for this statement and those after it: a word may be a customer's alone or in all of their names.
        """
        async with self._lock:
            if self._has_ended:
                raise SessionEnded
            self._runs = asyncio.current_task()
            with translate_faults():
                connection = await self._connected(plan_for_values=plan_for_values)
                self.statements += 1
                result = await connection.execute(statement, {**parameters, COMPANY: self.company_id})
                return result.all()

    async def end(self, *, abandon: bool = False) -> None:
        """End the transaction, after the statement that is under way: its connection can't be given back before.

        `abandon`: cancel that statement. A loader runs it in a task of its own, which is not canceled with the operation.
        """
        self._has_ended = True
        if abandon and self._lock.locked() and self._runs not in {None, asyncio.current_task()}:
            assert self._runs is not None  # noqa: S101 - as was just looked at
            self._runs.cancel()
        async with self._lock:
            await self._stack.aclose()

    async def _connected(self, *, plan_for_values: bool) -> AsyncConnection:
        is_new_mode = plan_for_values and self._plan_cache_mode == "auto"
        if is_new_mode:
            self._plan_cache_mode = "force_custom_plan"
        if self._connection is None:
            self._connection = await self._begin()
        elif is_new_mode:
            await self._configure(self._connection)
        return self._connection

    async def _begin(self) -> AsyncConnection:
        if not self._has_turn:
            await self._turns.take(self.company_id)
            self._has_turn = True
            self._stack.callback(self._turns.give_back, self.company_id)
        # A pooled connection may have died with a restarted server: the first failure discards all such connections,
        # so the second attempt gets a new one, and nothing was read yet that a retry could tear.
        try:
            return await self._attempt()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return await self._attempt()

    async def _attempt(self) -> AsyncConnection:
        async with AsyncExitStack() as attempt:
            connection = await attempt.enter_async_context(self._engine.connect())
            await self._configure(connection)
            self._stack.push_async_callback(self._end, attempt.pop_all())
        return connection

    async def _end(self, attempt: AsyncExitStack) -> None:
        # There is nothing to undo: of a connection that is lost only now, everything was read.
        with suppress(DatabaseUnavailable), translate_faults():
            await attempt.aclose()

    async def _configure(self, connection: AsyncConnection) -> None:
        await connection.execute(
            _CONFIGURE, {"company_id": str(self.company_id), "plan_cache_mode": self._plan_cache_mode}
        )


class Database:
    """A pool of connections to PostgreSQL, as the role that serves."""

    def __init__(  # noqa: PLR0913 - one per setting
        self,
        dsn: str,
        *,
        pool_size: int,
        pool_timeout_seconds: float,
        statement_timeout_seconds: float,
        plan_connections: int = 10,
        compiled_statements: int = 500,
        prepared_statements: int = 100,
        grace_seconds: float = GRACE_SECONDS,
        pooling: Pooling = Pooling.SESSION,
    ) -> None:
        beginning = beginning_of(pooling, statement_timeout_seconds)
        probe_beginning = beginning_of(pooling, PROBE_SECONDS)
        self.engine = create_engine(
            dsn,
            poolclass=CountingPool,
            pool_size=pool_size,
            # Operations wait for their turn, not here. Beside them, credentials are looked up, and plans' connections made.
            max_overflow=plan_connections,
            pool_timeout=pool_timeout_seconds,
            query_cache_size=compiled_statements,
            json_deserializer=stored_json,
            connect_seconds=pool_timeout_seconds,
            driver_options=driver_options(pooling, prepared_statements),
            server_settings=SERVER_SETTINGS,
            first_statements=first_statements(pooling, statement_timeout_seconds),
        )
        probe_options: dict[str, Any] = {
            "connect_seconds": PROBE_SECONDS,
            "driver_options": driver_options(pooling, prepared_statements),
            "server_settings": SERVER_SETTINGS,
            "first_statements": first_statements(pooling, PROBE_SECONDS),
        }
        self.probe = Probe(
            create_engine(
                dsn,
                poolclass=CountingPool,
                pool_size=1,
                max_overflow=0,
                pool_timeout=PROBE_SECONDS,
                **probe_options,
            ),
            create_engine(dsn, poolclass=NullPool, **probe_options),
        )
        self.waits = Waits(
            statement_timeout_seconds,
            grace_seconds,
            discard=self._discard,
            # Behind a pooler a connection has another process of the server's for each transaction.
            server=self.probe if pooling is Pooling.SESSION else None,
        )
        watch(self.engine, self.waits, beginning=beginning)
        watch(self.probe.engine, self.waits, beginning=probe_beginning)
        watch(self.probe.fresh, self.waits, beginning=probe_beginning)
        self.held = HeldConnections(
            self.engine,
            self.waits,
            size=plan_connections,
            timeout_seconds=pool_timeout_seconds,
            statements=prepared_statements,
            beginning=beginning,
        )
        self._turns = Turns(pool_size, reserve=reserve_of(pool_size), seconds=pool_timeout_seconds)
        self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def read(self, company_id: UUID) -> AsyncGenerator[ReadSession]:
        """A session that sees one moment of one company and can't write; it holds no connection before its first statement."""
        session = self.session(company_id)
        try:
            yield session
        finally:
            await session.end()

    def session(self, company_id: UUID) -> ReadSession:
        """The same, for whoever calls its `end`."""
        return ReadSession(self._reading, self._turns, company_id)

    def turn(self, company_id: UUID) -> AbstractAsyncContextManager[None]:
        """Wait until a company may use a connection of the engine for a transaction; TooBusy if it may not in time."""
        return self._turns.turn(company_id)

    async def answer(self, sql: str, parameters: list[object], company_id: UUID, *, filters: bool) -> Any:
        """Run a plan's statement, and return the first column of its one row, or None; this module's exceptions and the driver's."""
        try:
            return await self.held.value(sql, parameters, company_id, filters=filters)
        except Exception as error:
            translated = translated_fault(error)
            if translated is None:
                raise
            raise translated from error

    def pools(self) -> dict[str, PoolUsage]:
        """Return how the pools fare now: of connections for transactions and for plans."""
        return {"transactions": self._turns.usage(), "plans": self.held.usage()}

    async def ping(self) -> None:
        """Raise DatabaseUnavailable unless a connection answers."""

        async def select(engine: AsyncEngine) -> None:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))

        await self.probe.ask(select)

    async def dispose(self) -> None:
        """Close all connections, in a bounded time even if the server is silent."""
        self.held.close()
        await self.engine.dispose()
        await self.probe.engine.dispose()
        await self.waits.aclose()

    def _pool(self) -> CountingPool:
        pool = self.engine.pool
        assert isinstance(pool, CountingPool)  # noqa: S101 - what the engine was made with
        return pool

    def _discard(self) -> None:
        self._pool().discard()
        self.held.discard()
