"""Connections to PostgreSQL, straight through the driver."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


async def connect(dsn: str) -> Any:
    """A connection; the driver brings no types."""
    return await asyncpg.connect(dsn)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[Any]:
    """A connection that is closed in the end."""
    connection = await connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def execute(dsn: str, *statements: str) -> None:
    """Run statements one by one, each in a transaction of its own."""
    async with connected(dsn) as connection:
        for statement in statements:
            await connection.execute(statement)
