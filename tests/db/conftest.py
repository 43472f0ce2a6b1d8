"""Fixtures for tests of the database: a company large enough that a plan without an index shows."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest_asyncio

from app.db.database import Database
from app.db.migrate import upgrade
from app.db.roles import make_login_role
from app.db.seed import seed
from tests.db.big_company import CUSTOMERS, Facts, facts_of
from tests.support.databases import as_role, execute, new_database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def facts(server_dsn: str) -> AsyncGenerator[Facts]:
    """A database with a company of 25,000 customers, or of 100,000 in a thorough run, and another of 2,000."""
    role, password = f"customer_gateway_test_{uuid4().hex}", uuid4().hex
    async with new_database(server_dsn) as dsn:
        await asyncio.to_thread(upgrade, dsn)
        report = await seed(dsn, companies=1, customers=CUSTOMERS, seed=1, progress=lambda _done, _total: None)
        await seed(dsn, companies=1, customers=2_000, seed=2, progress=lambda _done, _total: None)
        await make_login_role(dsn, role, password)
        service = Database(
            as_role(dsn, role, password), pool_size=2, pool_timeout_seconds=10, statement_timeout_seconds=60
        )
        yield await facts_of(service, report.companies[0])
        await service.dispose()
    await execute(server_dsn, f"DROP ROLE {role}")
