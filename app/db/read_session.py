"""Read sessions: one read-only snapshot of one company for the duration of an operation."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.driver_errors import translate_failures
from app.db.giving_back import give_back
from app.db.heavy import HeavyTurns
from app.scheduling.turns import Turns

COMPANY = "current_company"
"""Parameter that restricts every statement to a company. Only sessions supply it."""

_REMAINDER_SECONDS = 0.25
"""How long to wait for a statement that isn't needed any more: most take less time than a new connection."""

DatabaseRow = Row[*tuple[Any, ...]]
"""A row of SQLAlchemy, a tuple of any values."""

_CONFIGURE = text(
    "SELECT set_config('app.company_id', :company_id, true), set_config('plan_cache_mode', :plan_cache_mode, true)"
)


def plan_cache_mode(*, plan_for_values: bool) -> str:
    """Return the setting of PostgreSQL with which it plans a prepared statement for its values, or once for all values.

    By default PostgreSQL would compare estimated costs. For the page after a cursor they mislead it: a plan for the
    values always looks cheaper, so it would plan each execution, which takes as long as reading the page.
    """
    return "force_custom_plan" if plan_for_values else "force_generic_plan"


class SessionEnded(Exception):
    """A statement was run after its operation ended, for example because a sibling field failed."""


class ReadSession:
    """One read-only snapshot of one company. The first statement begins it; the code that opened the session ends it.

    Statements are serialized, so concurrent resolvers can share the connection.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        turns: Turns,
        heavy: HeavyTurns,
        company_id: UUID,
        *,
        is_small: bool,
        has_heavy_turn: bool,
    ) -> None:
        self.company_id = company_id
        self.statements = 0
        """Number of statements so far, without those that begin and end the transaction."""
        self._engine = engine
        self._turns = turns
        self._heavy = heavy
        self._is_small = is_small
        self._is_heavy = False
        self._has_turn = False
        self._has_heavy_turn = has_heavy_turn
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._has_ended = False
        self._runs: asyncio.Task[Any] | None = None
        """The task that runs the current statement, or ran the last one."""
        self._connection: AsyncConnection | None = None
        self._plan_for_values = False
        self._failure: Exception | None = None

    async def rows(
        self,
        statement: Executable | Callable[[], Executable],
        parameters: Mapping[str, object],
        *,
        plan_for_values: bool = False,
    ) -> Sequence[DatabaseRow]:
        """Run one statement and return its rows. COMPANY is added to its parameters.

        PostgreSQL uses one generic plan for a statement, whatever its values. `plan_for_values` prevents that for this
        and all later statements, because a word can occur in one name or in all. `statement` can be a function, which
        is called when the statement's turn comes: building 50 statements with long filters blocks the event loop for
        seconds.
        """
        async with self._statement(plan_for_values=plan_for_values) as connection:
            made = statement if isinstance(statement, Executable) else statement()
            result = await connection.execute(made, {**parameters, COMPANY: self.company_id})
            return result.all()

    async def row(self, sql: str, parameters: Sequence[object], *, plan_for_values: bool) -> DatabaseRow | None:
        """Run a plan's statement in this snapshot, and return its row, or None if it has none.

        The snapshot outlasts a statement that fails, so that the query can fall back to others.
        """
        async with self._statement(plan_for_values=plan_for_values) as connection, connection.begin_nested():
            result = await connection.exec_driver_sql(sql, tuple(parameters))
            return result.one_or_none()

    def become_heavy(self) -> None:
        """Make the next statement wait for a turn of heavy operations, unless the session has one."""
        self._is_heavy = True

    def fail(self, failure: Exception) -> None:
        """Make every later statement raise a failure that it would only find again."""
        self._failure = failure

    async def end(self, *, abandon: bool = False) -> None:
        """End the transaction after the current statement, because the connection can't be given back before.

        A statement that still runs is canceled with `abandon`, or after a quarter of a second: an operation that has
        ended needs no more of it. Loaders run it in a separate task, which isn't canceled with the operation.
        """
        self._has_ended = True
        if not abandon and (running := self._running()) is not None:
            await asyncio.wait({running}, timeout=_REMAINDER_SECONDS)
        if (running := self._running()) is not None:
            running.cancel()
        async with self._lock:
            await self._stack.aclose()

    @asynccontextmanager
    async def _statement(self, *, plan_for_values: bool) -> AsyncGenerator[AsyncConnection]:
        """Yield the connection for one statement, in its turn."""
        async with self._lock:
            if self._has_ended:
                raise SessionEnded
            if self._failure is not None:
                raise self._failure
            self._runs = asyncio.current_task()
            with translate_failures():
                connection = await self._connected(plan_for_values=plan_for_values)
                self.statements += 1
                yield connection

    def _running(self) -> asyncio.Task[Any] | None:
        """Return the other task that is running a statement, or None."""
        return self._runs if self._lock.locked() and self._runs is not asyncio.current_task() else None

    async def _connected(self, *, plan_for_values: bool) -> AsyncConnection:
        if self._is_heavy and not self._has_heavy_turn:
            await self._heavy.take(
                self.company_id, is_small=self._is_small, has_connection=self._connection is not None
            )
            self._has_heavy_turn = True
            self._stack.callback(self._heavy.give_back, self.company_id)
        is_new_mode = plan_for_values and not self._plan_for_values
        self._plan_for_values |= plan_for_values
        if self._connection is None:
            self._connection = await self._begin()
        elif is_new_mode:
            await self._configure(self._connection)
        return self._connection

    async def _begin(self) -> AsyncConnection:
        if not self._has_turn:
            await self._turns.take(self.company_id, is_small=self._is_small)
            self._has_turn = True
            self._stack.callback(self._turns.give_back, self.company_id)
        # A pooled connection may have died when the server restarted. The first failure discards all such connections,
        # so the second attempt gets a new one. Nothing was read yet, so the snapshot stays consistent.
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
            # If the connection is lost at the end, everything was read and there is nothing to undo.
            self._stack.push_async_callback(give_back, attempt.pop_all())
        return connection

    async def _configure(self, connection: AsyncConnection) -> None:
        mode = plan_cache_mode(plan_for_values=self._plan_for_values)
        await connection.execute(_CONFIGURE, {"company_id": str(self.company_id), "plan_cache_mode": mode})
