"""Units of work: writes in one transaction for one company."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Executable, text
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.database import Database
from app.db.driver_errors import translate_failures
from app.db.giving_back import give_back, has_finished
from app.db.read_session import COMPANY, DatabaseRow
from app.unavailable import Cause, CommitUnknown, DatabaseUnavailable

ResultT = TypeVar("ResultT")
_SET_COMPANY = text("SELECT set_config('app.company_id', :company_id, true)")
# Deadlock and serialization failure, after which a retry can succeed.
_WORTH_ANOTHER_ATTEMPT = {"40P01", "40001"}
# Suffix of the names of foreign keys to companies; no other constraint has it.
_COMPANY_CONSTRAINT = "_company_id_fkey"
_ATTEMPTS = 5
_PAUSE_SECONDS = 0.05
_COMMIT_SECONDS = 5
"""Time limit in seconds for a commit whose task was canceled, and for giving its connection back."""


def constraint_of(error: IntegrityError) -> str | None:
    """Return the name of the violated constraint."""
    cause: BaseException | None = error.orig
    while cause is not None and not hasattr(cause, "constraint_name"):
        cause = cause.__cause__
    return getattr(cause, "constraint_name", None)


class CompanyUnknown(Exception):
    """The credential names a company that doesn't exist. The message can be shown."""

    def __init__(self) -> None:
        super().__init__(
            "The credential's company does not exist here. Correct the claim that names it, or create the company."
        )


class LostRace(Exception):
    """A concurrent transaction took a unique key. A retry sees it and is rejected or succeeds."""


@contextmanager
def racing_for(*constraints: str) -> Generator[None]:
    """Raise LostRace if a concurrent transaction won what one of these constraints guards."""
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) in constraints:
            raise LostRace from error
        raise


class Session(Protocol):
    """The part of read and write sessions that reading needs."""

    @property
    def company_id(self) -> UUID:
        """Company to which every statement is restricted."""
        ...

    async def rows(self, statement: Executable, parameters: Mapping[str, object], /) -> Sequence[DatabaseRow]:
        """Run one statement."""
        ...


class WriteSession:
    """One transaction for one company, READ COMMITTED.

    Read facts after taking locks: each statement has a new snapshot.
    """

    def __init__(self, connection: AsyncConnection, company_id: UUID) -> None:
        self.company_id = company_id
        self.statements = 0
        self._connection = connection

    async def rows(
        self, statement: Executable, parameters: Mapping[str, object] | None = None
    ) -> Sequence[DatabaseRow]:
        """Run one statement and return its rows. COMPANY is added to its parameters."""
        self.statements += 1
        result = await self._connection.execute(statement, {**(parameters or {}), COMPANY: self.company_id})
        return result.all() if result.returns_rows else ()


async def _commit(connection: AsyncConnection) -> None:
    """Commit. If the task is canceled meanwhile, ignore that, and wait for the outcome. Raise CommitUnknown."""
    committing = asyncio.ensure_future(_committed(connection))
    if not await has_finished(committing, _COMMIT_SECONDS):
        committing.cancel()
        raise CommitUnknown
    committing.result()


async def _committed(connection: AsyncConnection) -> None:
    try:
        await connection.commit()
    except PendingRollbackError:
        # The connection was lost before the commit.
        raise
    except DBAPIError as error:
        if error.connection_invalidated:
            raise CommitUnknown from error
        raise
    except Exception as error:
        # The server didn't reject the commit.
        raise CommitUnknown from error


async def _give_back(connection: AsyncExitStack) -> None:
    """Give a connection back after its commit, whose outcome neither a cancellation nor a failure may hide."""
    giving_back = asyncio.ensure_future(give_back(connection))
    if not await has_finished(giving_back, _COMMIT_SECONDS):
        giving_back.cancel()


class UnitOfWork:
    """Runs work in one transaction."""

    def __init__(self, database: Database, company_id: UUID, *, is_small: bool = False) -> None:
        self.company_id = company_id
        self.statements = 0
        """Number of statements so far in all attempts, without those that begin and end transactions."""
        self._database = database
        self._is_small = is_small

    async def run(self, work: Callable[[WriteSession], Awaitable[ResultT]]) -> ResultT:
        """Run the work and commit it; an exception rolls it back.

        After a deadlock, a serialization failure or LostRace, the work is run again, up to five times in all. Raise
        CompanyUnknown, DatabaseUnavailable, and CommitUnknown, after which a retry could write twice.
        """
        try:
            with translate_failures(writes=True):
                return await self._repeated(work)
        except IntegrityError as error:
            if (constraint_of(error) or "").endswith(_COMPANY_CONSTRAINT):
                raise CompanyUnknown from error
            raise
        except LostRace as error:
            raise DatabaseUnavailable(Cause.CONFLICT) from error
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
            # A random delay, because transactions that collided would collide again after equal delays.
            await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))  # noqa: S311 - not a secret
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
        """Yield a connection whose transaction is committed unless an exception is raised inside.

        Once the commit has begun, only its own failure is raised: callers say that what was canceled isn't stored.
        """
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(self._connection())
            yield connection
            try:
                await _commit(connection)
            finally:
                await _give_back(stack.pop_all())
        self._database.write_health.succeeded()
        self._database.after_commit()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[AsyncConnection]:
        """Yield a connection whose transaction is set to the company; roll back what isn't committed."""
        company = {"company_id": str(self.company_id)}
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._database.turn(self.company_id, is_small=self._is_small))
            attempt = await stack.enter_async_context(AsyncExitStack())
            connection = await attempt.enter_async_context(self._database.engine.connect())
            try:
                await connection.execute(_SET_COMPANY, company)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                # A pooled connection may have died when the server restarted. The first failure discards all such
                # connections. Nothing was written yet, so a second attempt is safe.
                await attempt.aclose()
                connection = await attempt.enter_async_context(self._database.engine.connect())
                await connection.execute(_SET_COMPANY, company)
            yield connection


class _Rehearsal(UnitOfWork):
    """Runs work in savepoints of one transaction."""

    def __init__(self, database: Database, company_id: UUID) -> None:
        super().__init__(database, company_id)
        self._outer: AsyncConnection | None = None
        """The connection whose transaction is rolled back."""

    @asynccontextmanager
    async def begun(self) -> AsyncGenerator["_Rehearsal"]:
        """Begin the transaction, and roll it back at the end."""
        stack = AsyncExitStack()
        with translate_failures():
            self._outer = await stack.enter_async_context(self._connection())
        try:
            yield self
        finally:
            # If the connection is lost, the server rolls the transaction back.
            await give_back(stack)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[AsyncConnection]:
        assert self._outer is not None  # noqa: S101 - `rehearsal` has begun it
        async with self._outer.begin_nested():
            yield self._outer


@asynccontextmanager
async def rehearsal(database: Database, company_id: UUID) -> AsyncGenerator[UnitOfWork]:
    """Yield a unit of work for dry runs: each run sees the writes of earlier runs, and all are rolled back at the end.

    Written rows, and the company's locks for parents and numbers, stay locked until the end.
    """
    async with _Rehearsal(database, company_id).begun() as unit_of_work:
        yield unit_of_work
