"""How the peers that execute field by field read: one session per request, and a loader per edge of the graph."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

from aiodataloader import DataLoader
from sqlalchemy import Executable, Row, Select, make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from bench.peers.python import cursors, statements
from bench.peers.python.environment import POOL_SIZE, Environment

Record = Row[Any]

_LIST = 100


class Page(NamedTuple):
    """Customers of a list, and whether there are more."""

    rows: list[Record]
    has_more: bool

    @property
    def end_cursor(self) -> str | None:
        """Where the next page begins."""
        return cursor_of(self.rows[-1]) if self.rows else None


def cursor_of(customer: Record) -> str:
    """A customer's place in the list."""
    return cursors.encode(customer.number_key, customer.id)


class Reader:
    """Reads one company's rows within one request."""

    def __init__(self, session: AsyncSession, company_id: UUID, *, tell_database: bool, by_index: bool) -> None:
        self._session = session
        self._company_id = company_id
        self._tell_database = tell_database
        self._by_index = by_index
        # A session runs one statement at a time, and resolvers run side by side.
        self._lock = asyncio.Lock()
        self._children: dict[int, DataLoader[UUID, list[Record]]] = {}
        self.customer = DataLoader[UUID, Record | None](self._customers)
        self.group = DataLoader[UUID, Record | None](self._groups)
        self.contacts = DataLoader[UUID, list[Record]](self._contacts)
        self.departments = DataLoader[UUID, list[Record]](self._departments)

    def children(self, first: int) -> DataLoader[UUID, list[Record]]:
        """The loader of the first children of each parent."""
        loader = self._children.get(first)
        if loader is None:

            async def load(keys: list[UUID]) -> list[list[Record]]:
                return await self._lists(statements.CHILDREN, keys, first + 1)

            loader = self._children[first] = DataLoader[UUID, list[Record]](load)
        return loader

    async def company(self) -> Record | None:
        """The company itself."""
        return next(iter(await self._rows(statements.COMPANY)), None)

    async def page(self, first: int, after: str | None, pairs: Mapping[str, Any]) -> Page:
        """A page of the company's customers."""
        number_key, after_id = cursors.decode(after)
        query = statements.with_metadata(statements.PAGE, pairs, by_index=self._by_index) if pairs else statements.PAGE
        rows = await self._rows(query, limit=first + 1, number_key=number_key, after_id=after_id)
        return Page(list(rows[:first]), len(rows) > first)

    async def _customers(self, keys: list[UUID]) -> list[Record | None]:
        return await self._by_id(statements.CUSTOMERS_BY_ID, keys)

    async def _groups(self, keys: list[UUID]) -> list[Record | None]:
        return await self._by_id(statements.GROUPS_BY_ID, keys)

    async def _contacts(self, keys: list[UUID]) -> list[list[Record]]:
        return await self._lists(statements.CONTACTS, keys, _LIST)

    async def _departments(self, keys: list[UUID]) -> list[list[Record]]:
        return await self._lists(statements.DEPARTMENTS, keys, _LIST)

    async def _by_id(self, query: Select[Any], keys: list[UUID]) -> list[Record | None]:
        found = {row.id: row for row in await self._rows(query, keys=keys)}
        return [found.get(key) for key in keys]

    async def _lists(self, query: Select[Any], keys: list[UUID], limit: int) -> list[list[Record]]:
        found: dict[UUID, list[Record]] = {key: [] for key in keys}
        for row in await self._rows(query, keys=keys, limit=limit):
            found[row.source_id].append(row)
        return [found[key] for key in keys]

    async def _rows(self, statement: Executable, **values: object) -> Sequence[Record]:
        async with self._lock:
            if self._tell_database and not self._session.in_transaction():
                await self._session.execute(statements.TELL_COMPANY, {"told": str(self._company_id)})
            result = await self._session.execute(statement, {**values, "company": self._company_id})
            return result.all()


class Readers:
    """Makes readers over one pool of connections."""

    def __init__(self, environment: Environment) -> None:
        url = make_url(environment.database_url).set(drivername="postgresql+asyncpg")
        self._sessions = async_sessionmaker(create_async_engine(url, pool_size=POOL_SIZE, max_overflow=0))
        self._by_index = environment.metadata_by_index

    @asynccontextmanager
    async def reader(self, company_id: UUID, *, tell_database: bool) -> AsyncGenerator[Reader]:
        """A reader for one request."""
        async with self._sessions() as session:
            yield Reader(session, company_id, tell_database=tell_database, by_index=self._by_index)
