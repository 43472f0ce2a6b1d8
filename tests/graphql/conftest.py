"""Fixtures for operations: a caller, and rows of its company."""

from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from tests.support.asking import Caller
from tests.support.every_table import World, write_world


@pytest.fixture
def caller(database: Database, company: UUID) -> Caller:
    """A caller of the test's company with all scopes."""
    return Caller(database, company)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(owner_engine: AsyncEngine) -> World:
    """A row of every table in one company, which tests only read."""
    return await write_world(owner_engine, uuid4())


@pytest.fixture
def member(database: Database, own: World) -> Caller:
    """A caller of the company with a row of every table."""
    return Caller(database, own["customers"]["company_id"])
