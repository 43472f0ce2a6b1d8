"""The newest revision of this package, and that of a database.

Alembic could tell both. But the service only compares them, and loading alembic and all migrations takes each process
a tenth of its start.
"""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.driver_errors import translate_failures

MIGRATIONS = Path(__file__).parent / "migrations"
_IS_MIGRATED = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_CURRENT = text("SELECT version_num FROM alembic_version")


def head_revision() -> str:
    """Return the newest revision in this package: the number with which the name of its file begins."""
    revisions = [file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")]
    if not revisions:
        msg = "the package has no migrations: it was not installed whole"
        raise RuntimeError(msg)
    return max(revisions)


async def current_revision(engine: AsyncEngine) -> str | None:
    """Return the revision of the database, or None if it was never migrated."""
    with translate_failures():
        async with engine.connect() as connection:
            if not (await connection.execute(_IS_MIGRATED)).scalar_one():
                return None
            return (await connection.execute(_CURRENT)).scalar_one_or_none()
