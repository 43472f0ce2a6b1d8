"""Fixtures for folders whose tests need a database of their own: work in the background looks at all companies.

Their `conftest.py` imports all of them. Whatever depends on the database has to be another one, too: pytest keeps the
first one that a process makes.
"""

from collections.abc import AsyncGenerator

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from tests.support.databases import new_database, opened, service_login

__all__ = ["database", "owner_dsn", "owner_engine", "service_dsn"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def owner_dsn(server_dsn: str, template: str) -> AsyncGenerator[str]:
    """URL of a database for the tests of a folder alone."""
    async with new_database(server_dsn, template) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def service_dsn(owner_dsn: str) -> AsyncGenerator[str]:
    """URL of that database with the role that serves."""
    async with service_login(owner_dsn) as dsn:
        yield dsn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def owner_engine(owner_dsn: str) -> AsyncGenerator[AsyncEngine]:
    """The engine of its owner."""
    async with opened(owner_dsn, pool_size=5) as owner:
        yield owner.engine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(service_dsn: str) -> AsyncGenerator[Database]:
    """It with the role that serves."""
    async with opened(service_dsn, pool_size=10) as service:
        yield service
