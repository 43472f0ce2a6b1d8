"""Bringing a database to the newest revision, as the tables' owner."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.connecting import short_lived_engine
from app.db.database import translate_faults

DEFAULT_ALPHABET = "da"


def upgrade(owner_dsn: str, *, alphabet: str = DEFAULT_ALPHABET) -> None:
    """Run all missing migrations in one transaction; raises DatabaseUnavailable when the server is away.

    `alphabet` is the ICU locale that names are sorted by. Only the first migration of a database reads it.
    """
    asyncio.run(_upgrade(owner_dsn, alphabet))


async def _upgrade(owner_dsn: str, alphabet: str) -> None:
    engine = short_lived_engine(owner_dsn)
    with translate_faults():
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade_on, alphabet)


def _upgrade_on(connection: Connection, alphabet: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["alphabet"] = alphabet
    command.upgrade(config, "head")


def head_revision() -> str:
    """The newest revision that this code knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        msg = "the package has no migrations: it was not installed whole"
        raise RuntimeError(msg)
    return head


async def current_revision(engine: AsyncEngine) -> str | None:
    """The revision that the database is at, or None if it was never migrated."""
    with translate_faults():
        async with engine.connect() as connection:
            return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
