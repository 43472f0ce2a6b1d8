"""Events for tests of the feed, and what a follower reads."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from app.db import feed, outbox
from app.db.database import Database
from app.db.outbox import Event
from app.db.rows import EventRow
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.events import EventType


def event(subject_id: UUID | None = None, type_: EventType = EventType.CUSTOMER_UPDATED, **data: Any) -> Event:
    """Return an event of a subject, by default a new one."""
    return Event(type_, subject_id or uuid4(), {"version": 1, **data})


async def write(database: Database, company_id: UUID, *events: Event) -> None:
    """Write events in one transaction."""
    async with open_write(database, company_id, *events):
        pass


@asynccontextmanager
async def open_write(database: Database, company_id: UUID, *events: Event) -> AsyncGenerator[WriteSession]:
    """Write events in a transaction that is committed on exit."""
    async with UnitOfWork(database, company_id)._transaction() as connection:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - no test of a use case holds a transaction open
        session = WriteSession(connection, company_id)
        await outbox.append_all(session, events, actor="someone")
        yield session


async def stamp_all(database: Database) -> None:
    """Give positions to all committed events.

    A service that the tests of a folder share may be doing so, and `stamp` does nothing then.
    """
    while await database.feed.stamp() or (await database.feed.unstamped()).events:
        pass


async def read_all(database: Database, company_id: UUID, after: int = 0, limit: int = 1_000) -> list[EventRow]:
    """Return the company's events after a position, read in pages of `limit`."""
    rows: list[EventRow] = []
    while True:
        async with database.read(company_id) as session:
            read = await feed.read_events(session, after, until=None, types=None, customer_ids=None, limit=limit)
        rows += read.rows
        if read.position == after:
            return rows
        after = read.position
