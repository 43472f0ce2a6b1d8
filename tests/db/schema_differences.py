"""What the declared tables have and the migrated ones lack."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from app.db.tables import metadata


def differences(connection: Connection) -> list[Any]:
    """What alembic would write into a next migration."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))
