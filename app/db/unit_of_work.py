"""The way to write: one transaction for one company, committed whole or not at all."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Executable, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.database import Database
from app.db.read_session import COMPANY, Record
from app.db.unavailable import CommitUnknown, DatabaseUnavailable, translate_failures

ResultT = TypeVar("ResultT")
_SET_COMPANY = text("SELECT set_config('app.company_id', :company_id, true)")
# Deadlock and serialization failure: nothing is wrong with the work, only with its moment.
_WORTH_ANOTHER_ATTEMPT = {"40P01", "40001"}
# How the names of the foreign keys to the company itself end, and of no others.
_COMPANY_CONSTRAINT = "_company_id_fkey"
_ATTEMPTS = 5
_PAUSE_SECONDS = 0.05
_COMMIT_SECONDS = 5
"""How long a commit may still take once nobody would wait for it."""


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that refused a row."""
    cause: BaseException | None = error.orig
    while cause is not None and not hasattr(cause, "constraint_name"):
        cause = cause.__cause__
    return getattr(cause, "constraint_name", None)


class CompanyUnknown(Exception):
    """The database has no such company: a token names one that was never made; the message is safe to show."""

    def __init__(self) -> None:
        super().__init__(
            "The credential's company does not exist here. Correct the claim that names it, or create the company."
        )


class LostRace(Exception):
    """Another transaction took a unique key at the same moment; another attempt will see it and be refused, or pass."""


class Session(Protocol):
    """What reading needs of a session, whether it may write or not."""

    @property
    def company_id(self) -> UUID:
        """The company that every statement is narrowed to."""
        ...

    async def rows(self, statement: Executable, parameters: Mapping[str, object], /) -> Sequence[Record]:
        """Run one statement."""
        ...


class WriteSession:
    """One transaction for one company. What decides must be read after a lock was taken: a statement sees what was committed before it began."""

    def __init__(self, connection: AsyncConnection, company_id: UUID) -> None:
        self.company_id = company_id
        self.statements = 0
        self._connection = connection

    async def rows(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> Sequence[Record]:
        """Run one statement and return the rows that it gives; COMPANY is always among its parameters."""
        self.statements += 1
        result = await self._connection.execute(statement, {**(parameters or {}), COMPANY: self.company_id})
        return result.all() if result.returns_rows else ()


async def _commit(connection: AsyncConnection) -> None:
    """Commit, and learn the outcome: a task that is canceled meanwhile gets the outcome instead of the cancellation."""
    committing = asyncio.ensure_future(_committed(connection))
    try:
        await asyncio.shield(committing)
    except asyncio.CancelledError:
        if committing.cancelled():
            raise
        await asyncio.wait({committing}, timeout=_COMMIT_SECONDS)
        if not committing.done():
            committing.cancel()
            raise CommitUnknown from None
        await committing


async def _committed(connection: AsyncConnection) -> None:
    try:
        await connection.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise CommitUnknown from error
        raise


class UnitOfWork:
    """Runs work in one transaction that commits it whole or leaves nothing of it."""

    def __init__(self, database: Database, company_id: UUID) -> None:
        self.company_id = company_id
        self.statements = 0
        """Statements run so far, all attempts together, the transactions' own not counted."""
        self._database = database

    async def run(self, work: Callable[[WriteSession], Awaitable[ResultT]]) -> ResultT:
        """Do the work and commit it; an exception rolls it back.

        The work is done again from its start, a bounded number of times, when PostgreSQL ends it for a deadlock or a
        serialization failure, and after a lost race. Raises CompanyUnknown if there is no such company, and CommitUnknown
        where the connection was lost during the commit: then nothing may be done again.
        """
        try:
            with translate_failures(writes=True):
                return await self._repeated(work)
        except IntegrityError as error:
            if (constraint_of(error) or "").endswith(_COMPANY_CONSTRAINT):
                raise CompanyUnknown from error
            raise
        except DatabaseUnavailable as error:
            self._database.write_health.failed(error)
            raise

    async def _repeated(self, work: Callable[[WriteSession], Awaitable[ResultT]]) -> ResultT:
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._attempt(work)
            except LostRace:
                pass
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _WORTH_ANOTHER_ATTEMPT:
                    raise
            # Those that met once would meet again if all waited equally long.
            await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))  # noqa: S311 - no secret
        return await self._attempt(work)

    async def _attempt(self, work: Callable[[WriteSession], Awaitable[ResultT]]) -> ResultT:
        async with self._transaction() as connection:
            session = WriteSession(connection, self.company_id)
            try:
                return await work(session)
            finally:
                self.statements += session.statements

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[AsyncConnection]:
        """Yield a connection whose transaction is committed unless an exception is raised inside."""
        async with self._connection() as connection:
            yield connection
            await _commit(connection)
        self._database.write_health.succeeded()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[AsyncConnection]:
        """A connection whose transaction is set to the company; what was not committed is rolled back in the end."""
        company = {"company_id": str(self.company_id)}
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._database.turn(self.company_id))
            attempt = await stack.enter_async_context(AsyncExitStack())
            connection = await attempt.enter_async_context(self._database.engine.connect())
            try:
                await connection.execute(_SET_COMPANY, company)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # A pooled connection may have died with a restarted server. The first failure discards all such
                # connections, and nothing was done yet that a repetition could do twice.
                await attempt.aclose()
                connection = await attempt.enter_async_context(self._database.engine.connect())
                await connection.execute(_SET_COMPANY, company)
            yield connection


class _Rehearsal(UnitOfWork):
    """Runs work in savepoints of one transaction."""

    def __init__(self, database: Database, company_id: UUID) -> None:
        super().__init__(database, company_id)
        self._held: AsyncConnection | None = None

    @asynccontextmanager
    async def held(self) -> AsyncGenerator["_Rehearsal"]:
        """Hold the transaction, and roll it back in the end."""
        stack = AsyncExitStack()
        with translate_failures():
            self._held = await stack.enter_async_context(self._connection())
        try:
            yield self
        finally:
            # A transaction whose connection is lost is rolled back by the server.
            with suppress(DatabaseUnavailable), translate_failures():
                await stack.aclose()

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[AsyncConnection]:
        assert self._held is not None  # noqa: S101 - `rehearsal` holds it
        async with self._held.begin_nested():
            yield self._held


@asynccontextmanager
async def rehearsal(database: Database, company_id: UUID) -> AsyncGenerator[UnitOfWork]:
    """Yield a unit of work of which nothing remains: each run sees what those before it wrote, and all are rolled back.

    Rows that were written stay locked until the end, and so do the company's locks for parents and numbers.
    """
    async with _Rehearsal(database, company_id).held() as unit_of_work:
        yield unit_of_work
