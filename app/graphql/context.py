"""What every resolver of one operation shares: who asks, one moment of the database, its loaders."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import strawberry

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.identity import Principal
from app.graphql.loaders import Loaders
from app.services.recent_lists import RecentLists


class Context:
    """The context of one operation."""

    def __init__(self, database: Database, recent: RecentLists, principal: Principal) -> None:
        self.principal = principal
        self.recent = recent
        self.unit_of_work = UnitOfWork(database, principal.company_id)
        self._database = database
        self._read = AsyncExitStack()
        self._earlier_statements = 0

    async def begin(self) -> None:
        """Begin to read: a session that is yet to see its moment, and loaders that know nothing."""
        self.session = await self._read.enter_async_context(self._database.read(self.principal.company_id))
        self.loaders = Loaders(self.session)

    async def end(self) -> None:
        """End the read transaction."""
        await self._read.aclose()

    async def begin_anew(self) -> None:
        """Forget what was read, so that what follows sees what is stored now; hold no connection meanwhile."""
        self._earlier_statements += self.session.statements
        await self.end()
        await self.begin()

    async def answer(self, sql: str, parameters: list[object], *, filters: bool) -> bytes | None:
        """Run a plan's statement."""
        self._earlier_statements += 1
        return await self._database.held.value(sql, parameters, self.principal.company_id, filters=filters)

    @property
    def statements(self) -> int:
        """SQL statements run so far."""
        return self._earlier_statements + self.session.statements + self.unit_of_work.statements


Info = strawberry.Info[Context, None]


@asynccontextmanager
async def open_context(database: Database, recent: RecentLists, principal: Principal) -> AsyncGenerator[Context]:
    """The context of one operation; it ends the read transaction when the operation ends."""
    context = Context(database, recent, principal)
    await context.begin()
    try:
        yield context
    finally:
        await context.end()
