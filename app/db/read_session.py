"""Reading: one read-only moment of one company, for as long as an operation lasts."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.heavy import HeavyTurns
from app.db.turns import Turns
from app.db.unavailable import DatabaseUnavailable, translate_failures

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
    """One read-only snapshot for one company: begun by the first statement, ended by the code that opened the session.

    Statements are serialized here, so concurrent resolvers share the one connection safely.
    """

    def __init__(
        self, engine: AsyncEngine, turns: Turns, heavy: HeavyTurns, company_id: UUID, *, is_heavy: bool = False
    ) -> None:
        self.company_id = company_id
        self.statements = 0
        """Statements run so far, the transaction's own not counted."""
        self._engine = engine
        self._turns = turns
        self._heavy = heavy
        self._is_heavy = is_heavy
        self._has_turn = self._has_heavy_turn = False
        self._stack = AsyncExitStack()
        self._lock = asyncio.Lock()
        self._has_ended = False
        self._runs: asyncio.Task[Any] | None = None
        """What runs the statement that is under way, or ran the last one."""
        self._connection: AsyncConnection | None = None
        self._plan_cache_mode = "auto"

    async def rows(
        self,
        statement: Executable | Callable[[], Executable],
        parameters: Mapping[str, object],
        *,
        plan_for_values: bool = False,
    ) -> Sequence[Record]:
        """Run one statement; COMPANY is always among its parameters.

        A statement that runs often is soon planned once for whatever values come. `plan_for_values` keeps the server
        from that, for this statement and those after it: a word may be a customer's alone or in all of their names.
        A function that makes the statement is called when its turn comes: making 50 with long filters holds the loop for seconds.
        """
        async with self._lock:
            if self._has_ended:
                raise SessionEnded
            self._runs = asyncio.current_task()
            with translate_failures():
                connection = await self._connected(plan_for_values=plan_for_values)
                self.statements += 1
                made = statement if isinstance(statement, Executable) else statement()
                result = await connection.execute(made, {**parameters, COMPANY: self.company_id})
                return result.all()

    def become_heavy(self) -> None:
        """Take a turn among the heavy operations before the next statement, if the session has none."""
        self._is_heavy = True

    async def end(self, *, abandon: bool = False) -> None:
        """End the transaction, after the statement that is under way: its connection can't be given back before.

        `abandon`: cancel that statement. A loader runs it in a separate task, which is not canceled with the operation.
        """
        self._has_ended = True
        if abandon and self._lock.locked() and self._runs not in {None, asyncio.current_task()}:
            assert self._runs is not None  # noqa: S101 - as was just looked at
            self._runs.cancel()
        async with self._lock:
            await self._stack.aclose()

    async def _connected(self, *, plan_for_values: bool) -> AsyncConnection:
        if self._is_heavy and not self._has_heavy_turn:
            await self._heavy.take(self.company_id, has_connection=self._connection is not None)
            self._has_heavy_turn = True
            self._stack.callback(self._heavy.give_back, self.company_id)
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
        with suppress(DatabaseUnavailable), translate_failures():
            await attempt.aclose()

    async def _configure(self, connection: AsyncConnection) -> None:
        await connection.execute(
            _CONFIGURE, {"company_id": str(self.company_id), "plan_cache_mode": self._plan_cache_mode}
        )
