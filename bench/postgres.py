"""Direct connections to PostgreSQL with asyncpg."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


async def connect(dsn: str) -> Any:
    """Open a connection. Its type is Any, because asyncpg has no types."""
    return await asyncpg.connect(dsn)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[Any]:
    """Open a connection, and close it at the end."""
    connection = await connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def execute(dsn: str, *statements: str) -> None:
    """Run statements one by one, each in a separate transaction."""
    async with connected(dsn) as connection:
        for statement in statements:
            await connection.execute(statement)
