"""Fixtures of a migrated database, reached as its owner and as the service's role.

tests/conftest.py imports them for the database that most tests share. So does the `conftest.py` of a folder whose tests
need a database of their own, because work in the background looks at all companies. It imports all of them: pytest
makes one that is left out only once per process, from the database that comes first.
"""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from tests.support.databases import new_database, opened, service_login

__all__ = ["database", "owner_dsn", "owner_engine", "service_dsn", "service_engine"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def owner_dsn(server_dsn: str, template: str) -> AsyncGenerator[str]:
    """URL of a new, migrated database, with the owner of its tables."""
    async with new_database(server_dsn, template) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service_dsn(owner_dsn: str) -> AsyncGenerator[str]:
    """URL of that database with the role that serves, which owns no table and bypasses no policy."""
    async with service_login(owner_dsn) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def owner_engine(owner_dsn: str) -> AsyncGenerator[AsyncEngine]:
    """The owner's engine, for writing and reading rows without the service."""
    async with opened(owner_dsn, pool_size=5) as owner:
        yield owner.engine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(service_dsn: str) -> AsyncGenerator[Database]:
    """The database with the role that serves."""
    async with opened(service_dsn, pool_size=10) as service:
        yield service


@pytest.fixture(scope="session")
def service_engine(database: Database) -> AsyncEngine:
    """The engine of the role that serves."""
    return database.engine
