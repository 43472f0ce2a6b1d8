"""Databases for single tests, on the server of the run."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

from app.db.connecting import short_lived_engine
from app.db.database import Database
from app.db.dsn import parse, with_role
from app.db.revisions import current_revision
from app.db.roles import make_login_role


def with_database(dsn: str, database: str) -> str:
    """Return the URL for another database of the same server."""
    return replace(parse(dsn), database=database).render()


async def execute(dsn: str, *statements: str) -> None:
    """Run statements one by one, outside a transaction."""
    engine = short_lived_engine(dsn, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


@asynccontextmanager
async def new_database(server_dsn: str, template: str | None = None) -> AsyncGenerator[str]:
    """Create an empty database, or copy one that nobody is connected to; drop it on exit."""
    name = f"customer_gateway_test_{uuid4().hex}"
    source = "template0 ENCODING 'UTF8'" if template is None else f"{template} STRATEGY FILE_COPY"
    await execute(server_dsn, f"CREATE DATABASE {name} TEMPLATE {source}")
    yield with_database(server_dsn, name)
    await execute(server_dsn, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def service_login(owner_dsn: str) -> AsyncGenerator[str]:
    """Yield the URL of a migrated database with a role that owns no table and bypasses no policy; drop it on exit."""
    role, password = f"customer_gateway_test_{uuid4().hex}", uuid4().hex
    await make_login_role(owner_dsn, role, password)
    yield with_role(owner_dsn, role, password)
    await execute(owner_dsn, f"DROP ROLE {role}")


@asynccontextmanager
async def opened(dsn: str, *, pool_size: int) -> AsyncGenerator[Database]:
    """Open a database that is patient, because many tests share it; close it on exit."""
    database = Database(dsn, pool_size=pool_size, pool_timeout_seconds=60, statement_timeout_seconds=120)
    yield database
    await database.dispose()


def same_database(service_dsn: str, dsn: str) -> str:
    """Return a URL with the role of the first URL and the database of the second."""
    return with_database(service_dsn, parse(dsn).database)


def as_role(dsn: str, name: str, password: str | None = None) -> str:
    """Return a URL of the same database with another role."""
    return with_role(dsn, name, password)


async def probe(database: Database) -> None:
    """Probe the database as /readyz does; raise DatabaseUnavailable if it does not answer."""
    await database.probe.ask(current_revision)
