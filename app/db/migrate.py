"""Migrate a database to the newest revision, as the tables' owner."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from app.db.alphabet.established import follow_icu, locale_of
from app.db.connecting import short_lived_engine
from app.db.driver_errors import translate_failures
from app.db.revisions import MIGRATIONS

DEFAULT_ALPHABET = "da"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('customer-gateway migrate', 0))")
_ENCODING = text("SELECT current_setting('server_encoding')")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The locale of the database's alphabet, and notes about what was rebuilt."""

    alphabet: str
    notes: tuple[str, ...]


def upgrade(owner_dsn: str, *, alphabet: str | None = None, revision: str = "head") -> Upgraded:
    """Run the missing migrations up to a revision in one transaction. Raise DatabaseUnavailable.

    `alphabet` is the ICU locale by which names sort. The first migration of a database sets it. Raise ValueError for a
    different one later, for one that the server doesn't support, and for a database whose encoding isn't UTF-8.
    """
    return asyncio.run(_upgrade(owner_dsn, alphabet, revision))


async def _upgrade(owner_dsn: str, alphabet: str | None, revision: str) -> Upgraded:
    engine = short_lived_engine(owner_dsn)
    with translate_failures():
        async with engine.begin() as connection:
            return await connection.run_sync(_upgrade_on, alphabet, revision)


def _upgrade_on(connection: Connection, alphabet: str | None, revision: str) -> Upgraded:
    # Two concurrent migrations would both create the same objects.
    connection.execute(_LOCK)
    encoding = connection.execute(_ENCODING).scalar_one()
    if encoding != "UTF8":
        msg = f"The database is encoded in {encoding}, which can't hold every name. Create one with ENCODING 'UTF8'."
        raise ValueError(msg)
    established = locale_of(connection)
    if alphabet is not None and established is not None and alphabet.lower() != established.lower():
        msg = (
            f"Names in this database sort by the alphabet {established}, which its first migration chose, not by"
            f" {alphabet}. Leave out --alphabet, or migrate a new database."
        )
        raise ValueError(msg)
    notes: list[str] = []
    config = migrations()
    config.attributes["connection"] = connection
    config.attributes["alphabet"] = alphabet or DEFAULT_ALPHABET
    config.attributes["notes"] = notes
    command.upgrade(config, revision)
    if follow_icu(connection):
        notes.append("Rebuilt the indexes of names: the server's ICU has another version than before.")
    return Upgraded(locale_of(connection) or DEFAULT_ALPHABET, tuple(notes))


def migrations(folder: Path = MIGRATIONS) -> Config:
    """Return the configuration of alembic for a folder of migrations."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return config
