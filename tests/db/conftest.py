"""Fixtures for tests of the database: a company large enough that a plan without an index shows."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from app.db.connecting import short_lived_engine
from app.db.database import Database
from app.db.roles import make_login_role
from app.db.seed import seed
from tests.db.big_company import BIG, CUSTOMERS, Facts, facts_of
from tests.support.databases import as_role, execute, new_database

_PATIENCE = 60
_NOT_ALL_VISIBLE = text(
    "SELECT relname FROM pg_class WHERE relname = ANY(:tables) AND relkind = 'r' AND relallvisible < relpages"
)


async def make_all_visible(dsn: str) -> None:
    """Vacuum the large tables until PostgreSQL knows that every row of them is visible to all.

    One vacuum isn't enough while autovacuum analyzes the database: then pages stay unmarked, so that plans that read an
    index only are dearer and others are chosen. On a busy machine, autovacuum starts before the rows are written.
    """
    engine = short_lived_engine(dsn, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for _ in range(_PATIENCE):
            await connection.execute(text(f"VACUUM (ANALYZE) {', '.join(sorted(BIG))}"))
            hidden = await connection.execute(_NOT_ALL_VISIBLE, {"tables": sorted(BIG)})
            if not hidden.all():
                return
            await asyncio.sleep(1)
    pytest.fail(f"After {_PATIENCE} vacuums, some transaction still keeps rows from being visible to all.")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def facts(server_dsn: str, template: str) -> AsyncGenerator[Facts]:
    """A database with a company of 25,000 customers, or of 100,000 in a thorough run, and another of 2,000."""
    role, password = f"customer_gateway_test_{uuid4().hex}", uuid4().hex
    async with new_database(server_dsn, template) as dsn:
        report = await seed(dsn, companies=1, customers=CUSTOMERS, seed=1, progress=lambda _done, _total: None)
        await seed(dsn, companies=1, customers=2_000, seed=2, progress=lambda _done, _total: None)
        await make_all_visible(dsn)
        await make_login_role(dsn, role, password)
        service = Database(
            as_role(dsn, role, password), pool_size=2, pool_timeout_seconds=10, statement_timeout_seconds=60
        )
        yield await facts_of(service, report.companies[0])
        await service.dispose()
    await execute(server_dsn, f"DROP ROLE {role}")
