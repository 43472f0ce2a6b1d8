"""What every resolver of one operation shares: who asks, one moment of the database, its loaders."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import strawberry

from app.db.database import Database, ReadSession
from app.domain.identity import Principal
from app.graphql.loaders import Loaders
from app.services.recent_lists import RecentLists


@dataclass(frozen=True, slots=True)
class Context:
    """The context of one operation."""

    principal: Principal
    session: ReadSession
    loaders: Loaders
    recent: RecentLists

    @property
    def statements(self) -> int:
        """SQL statements run so far."""
        return self.session.statements


Info = strawberry.Info[Context, None]


@asynccontextmanager
async def open_context(database: Database, recent: RecentLists, principal: Principal) -> AsyncGenerator[Context]:
    """The context of one operation; it ends the read transaction when the operation ends."""
    async with database.read(principal.company_id) as session:
        yield Context(principal, session, Loaders(session), recent)
