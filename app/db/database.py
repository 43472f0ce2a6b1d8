"""The database: the pool of transactions, the plan connections, and sessions on them."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

from app.db.connection_turns import ConnectionTurns, SnapshotTurns
from app.db.driver_errors import translate_failures, translated_failure
from app.db.engines import create_engines
from app.db.feed_work import FeedWork
from app.db.heavy import HeavyTurns
from app.db.key_lookups import KeyLookups
from app.db.plan_connections import PlanConnections
from app.db.pooling import Pooling, beginning_of
from app.db.pools import CountingPool
from app.db.probing import Probe
from app.db.read_session import ReadSession
from app.db.waits import GRACE_SECONDS, Waits
from app.db.write_health import WriteHealth
from app.scheduling.held_turns import Holder
from app.scheduling.turns import PoolUsage

SERVICE_ROLE = "customer_gateway_service"
"""The group role that holds the grants. The role that the service connects as is a member of it."""


def connections_of_process(pool_size: int, plan_connections: int) -> int:
    """Return the maximum number of connections of a process.

    Besides its pools it opens one for readiness, one to look up API keys, one for work on the feeds, and one to ask
    about slow statements.
    """
    return pool_size + plan_connections + 4


def _nothing() -> None:
    pass


class Database:
    """Connections to PostgreSQL as the service's role."""

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
        write_health: WriteHealth | None = None,
    ) -> None:
        """Create the pools without connecting. Over 40 lines because it passes each setting to what it is for."""
        engines = create_engines(
            dsn,
            pooling=pooling,
            pool_size=pool_size,
            pool_timeout_seconds=pool_timeout_seconds,
            statement_timeout_seconds=statement_timeout_seconds,
            compiled_statements=compiled_statements,
            prepared_statements=prepared_statements,
        )
        self.engine = engines.transactions
        self.probe = Probe(engines.probe, engines.fresh_probe)
        self.keys = KeyLookups(engines.keys)
        self.waits = Waits(
            statement_timeout_seconds,
            grace_seconds,
            discard=self._discard,
            # Behind a transaction pooler, each transaction of a connection can run in another process of the server.
            server=self.probe if pooling is Pooling.SESSION else None,
        )
        engines.watch(self.waits, pooling, statement_timeout_seconds)
        self.feed = FeedWork(engines.feed, self.waits, pooling)
        self.plan_connections = PlanConnections(
            engines.plans,
            self.waits,
            size=plan_connections,
            timeout_seconds=pool_timeout_seconds,
            statements=prepared_statements,
            beginning=beginning_of(pooling, statement_timeout_seconds),
        )
        # Heavy operations use either pool, and a third of the connections of each, and one more.
        self._heavy = HeavyTurns(min(pool_size, plan_connections), self.waits, seconds=pool_timeout_seconds)
        self.write_health = write_health or WriteHealth()
        self.after_commit: Callable[[], None] = _nothing
        """Called after each commit of a unit of work."""
        self._turns = ConnectionTurns(pool_size, self.waits, seconds=pool_timeout_seconds)
        self._snapshots = SnapshotTurns(pool_size, self.waits, seconds=pool_timeout_seconds)
        self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def read(self, company_id: UUID) -> AsyncGenerator[ReadSession]:
        """Yield a read session: one snapshot of one company. It takes a connection for its first statement."""
        session = self.session(company_id)
        try:
            yield session
        finally:
            await session.end()

    def session(self, company_id: UUID, *, is_small: bool = False, has_heavy_turn: bool = False) -> ReadSession:
        """Return a read session. The caller must call its `end`."""
        return ReadSession(
            self._reading, self._turns, self._heavy, company_id, is_small=is_small, has_heavy_turn=has_heavy_turn
        )

    @asynccontextmanager
    async def snapshot(self, holder: Holder) -> AsyncGenerator[ReadSession]:
        """Yield a session that several operations read, in the company's turn of these. Raise TooBusy.

        It keeps its connection while a client reads what was found, so it doesn't take the turn of a heavy operation.
        """
        async with self._snapshots.held(holder):
            session = self.session(holder.company_id, has_heavy_turn=True)
            has_failed = True
            try:
                yield session
                has_failed = False
            finally:
                await session.end(abandon=has_failed)

    def heavy_turn(self, company_id: UUID) -> AbstractAsyncContextManager[None]:
        """Wait for the company's turn to run a heavy operation. Raise TooManyHeavy."""
        return self._heavy.turn(company_id)

    def turn(self, company_id: UUID, *, is_small: bool = False) -> AbstractAsyncContextManager[None]:
        """Wait for the company's turn to use a connection for a transaction. Raise TooBusy."""
        return self._turns.turn(company_id, is_small=is_small)

    async def row(
        self,
        sql: str,
        parameters: list[object],
        company_id: UUID,
        *,
        plan_for_values: bool,
        is_heavy: bool = False,
        is_small: bool = False,
        has_heavy_turn: bool = False,
    ) -> Any:
        """Run a plan's statement, and return its row, or None if it has none.

        Raise DatabaseUnavailable or StatementTimeout.
        A statement with a custom plan counts as heavy, because it can read a few rows or all of them. `is_heavy`: the
        statement reads as much as a heavy operation.
        """
        try:
            if has_heavy_turn or not (plan_for_values or is_heavy):
                return await self.plan_connections.row(
                    sql, parameters, company_id, plan_for_values=plan_for_values, is_small=is_small
                )
            async with self._heavy.turn(company_id, is_small=is_small):
                return await self.plan_connections.row(
                    sql, parameters, company_id, plan_for_values=plan_for_values, is_small=is_small
                )
        except Exception as error:
            translated = translated_failure(error)
            if translated is None:
                raise
            raise translated from error

    async def rows(self, sql: str, parameters: list[object], company_id: UUID) -> Sequence[Any]:
        """Run a small statement on a connection for plans, and return its rows.

        Raise DatabaseUnavailable or StatementTimeout.
        """
        with translate_failures():
            return await self.plan_connections.rows(sql, parameters, company_id)

    def pools(self) -> dict[str, PoolUsage]:
        """Return the usage of the pools of connections, and of turns of operations that use them."""
        return {
            "transactions": self._turns.usage(),
            "plans": self.plan_connections.usage(),
            "heavy": self._heavy.usage(),
            "snapshots": self._snapshots.usage(),
        }

    async def dispose(self) -> None:
        """Close all connections, within a limited time even if the server is silent."""
        self.plan_connections.close()
        await self.engine.dispose()
        await self.probe.engine.dispose()
        await self.keys.aclose()
        await self.feed.aclose()
        await self.waits.aclose()

    def _discard(self) -> None:
        self.feed.discard()
        for engine in (self.engine, self.keys.engine):
            pool = engine.pool
            assert isinstance(pool, CountingPool)  # noqa: S101 - what the engine was made with
            pool.discard()
        self.plan_connections.discard()
