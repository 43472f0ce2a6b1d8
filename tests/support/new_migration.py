"""Write the next migration: `make migration NAME="Keep the fax number of a customer"`.

It holds what app/db/tables.py declares and the newest revision lacks, as SQL to be read and completed: alembic compares
tables, columns, indexes, unique and foreign keys. Checks, generated columns, triggers and functions are written by
hand: `test_the_server_describes_…` in tests/db/test_migrations.py fails with what the migration lacks.
"""

import asyncio
import re
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic.autogenerate import produce_migrations
from alembic.operations import Operations
from alembic.operations.ops import CreateTableOp, MigrateOperation, OpContainer
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from app.db.connecting import short_lived_engine
from app.db.embedded import EmbeddedServer
from app.db.migrate import migrations, upgrade
from app.db.revisions import MIGRATIONS, head_revision
from app.db.tables import metadata
from tests.support.commands import ROOT

_MOST_CHARACTERS = 60
_ACCESS = """ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_company ON {table} TO customer_gateway_service
    USING (company_id = nullif(current_setting('app.company_id', true), '')::uuid);
-- Remove grants that the service doesn't need.
GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO customer_gateway_service;"""

_NOTHING = "-- Nothing new is declared in app/db/tables.py. Write checks, triggers or changes of data here, or delete this file."


def script_of(connection: Connection, declared: MetaData) -> str:
    """Return the SQL that makes a migrated database what is declared; empty where it is that already."""
    found = produce_migrations(MigrationContext.configure(connection, opts={"compare_type": True}), declared)
    operations = list(_single(found.upgrade_ops)) if found.upgrade_ops else []
    text = StringIO()
    written = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": text, "target_metadata": declared}
    )
    for operation in operations:
        Operations(written).invoke(operation)
    tables = [operation.table_name for operation in operations if isinstance(operation, CreateTableOp)]
    # SQLAlchemy ends the lines of columns with a space.
    statements = re.sub(r"\n{2,}", "\n\n", re.sub(r"(?m)[ \t]+$", "", text.getvalue())).strip()
    return "\n\n".join([*([statements] if statements else []), *(_ACCESS.format(table=table) for table in tables)])


def write_migration(name: str, script: str, folder: Path = MIGRATIONS) -> Path:
    """Write the migration that follows the newest one, and return its path."""
    directory = ScriptDirectory.from_config(migrations(folder))
    revision = f"{int(head_revision()) + 1:04}"
    message = name[:1].upper() + name[1:].rstrip(".")
    made = directory.generate_revision(revision, message, head=head_revision(), script=script)
    if made is None:
        msg = "alembic made no migration"
        raise RuntimeError(msg)
    return Path(made.path)


async def _script(dsn: str) -> str:
    async with short_lived_engine(dsn).connect() as connection:
        return await connection.run_sync(script_of, metadata)


def _single(operations: OpContainer) -> Iterator[MigrateOperation]:
    """Yield the operations without their containers."""
    for operation in operations.ops:
        if isinstance(operation, OpContainer):
            yield from _single(operation)
        else:
            yield operation


def main(arguments: list[str]) -> int:
    """Write the next migration and say where it is."""
    name = " ".join(arguments).strip()
    if not name or len(name) > _MOST_CHARACTERS or not name.isprintable() or '"' in name or "\\" in name:
        sys.stderr.write(
            f"Say what the migration does, in at most {_MOST_CHARACTERS} characters without quotation marks:"
            ' make migration NAME="…"\n'
        )
        return 2
    with (
        TemporaryDirectory(prefix="customer-gateway-migration-") as folder,
        EmbeddedServer(Path(folder) / "postgres", durable=False) as server,
    ):
        upgrade(server.dsn())
        script = asyncio.run(_script(server.dsn()))
    path = write_migration(name, script or _NOTHING).relative_to(ROOT)
    if script:
        sys.stdout.write(f"Wrote {path}. Read it, complete it, and run `make test`.\n")
    else:
        sys.stdout.write(
            f"The migrations already make what app/db/tables.py declares, so {path} has no statements yet."
            " Write those that alembic can't find, such as checks, triggers or changes of data, or delete the file.\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
