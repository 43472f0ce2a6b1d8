"""Connections as the tables' owner, for commands that write."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.cli.failures import CommandError, ExitCode
from app.db import connecting
from app.db.driver_errors import translate_failures
from app.db.revisions import current_revision, head_revision
from app.db.roles import require_owner


@asynccontextmanager
async def command_engine(dsn: str) -> AsyncGenerator[AsyncEngine]:
    """Yield an engine that doesn't pool connections, for the few statements of a command."""
    engine = connecting.short_lived_engine(dsn)
    yield engine
    await engine.dispose()


async def require_migrated(engine: AsyncEngine) -> None:
    """Raise CommandError unless the database is at this version's revision."""
    if await current_revision(engine) != head_revision():
        msg = "The database is not migrated to this version: run `customer-gateway migrate`."
        raise CommandError(msg, ExitCode.NOT_MIGRATED)


@asynccontextmanager
async def owner_transaction(owner_dsn: str) -> AsyncGenerator[AsyncConnection]:
    """Open a transaction in a migrated database."""
    async with command_engine(owner_dsn) as engine:
        await require_migrated(engine)
        with translate_failures():
            async with engine.begin() as connection:
                await require_owner(connection, "companies")
                yield connection
