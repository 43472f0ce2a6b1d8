"""Making databases of their own for tests, on the server of the run."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

from sqlalchemy import NullPool, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from app.db.database import async_url


async def execute(dsn: str, *statements: str) -> None:
    """Run statements one by one, outside a transaction."""
    engine = create_async_engine(async_url(dsn), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


@asynccontextmanager
async def new_database(server_dsn: str) -> AsyncGenerator[str]:
    """An empty database that is dropped in the end."""
    name = f"customer_gateway_test_{uuid4().hex}"
    await execute(server_dsn, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    yield make_url(server_dsn).set(database=name).render_as_string(hide_password=False)
    await execute(server_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def as_role(dsn: str, name: str, password: str | None = None) -> str:
    """The same database as another role."""
    return make_url(dsn).set(username=name, password=password).render_as_string(hide_password=False)
