"""A server that ends a connection just as it is opened."""

import asyncio
import struct
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest
import pytest_asyncio

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.unavailable import Cause, DatabaseUnavailable


def message(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


OPENED = (
    message(b"R", struct.pack("!i", 0))
    + message(b"S", b"server_version\x0018.0\x00")
    + message(b"S", b"client_encoding\x00UTF8\x00")
    + message(b"K", struct.pack("!ii", 1, 1))
    + message(b"Z", b"I")
)
ENDED = message(b"E", b"SFATAL\x00VFATAL\x00C57P01\x00Mterminating connection\x00\x00")


@pytest_asyncio.fixture(loop_scope="session")
async def port() -> AsyncGenerator[int]:
    """A server whose last message comes together with the end of the login."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = struct.unpack("!i", await reader.readexactly(4))[0]
        await reader.readexactly(size - 4)
        writer.write(OPENED + ENDED)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def never(_session: WriteSession) -> None:
    pytest.fail("There is no connection.")


@pytest.mark.parametrize("more", ["", "&target_session_attrs=read-write"], ids=["once open", "while the kind is asked"])
async def test_a_connection_that_ends_while_it_is_opened_is_an_unavailable_database(port: int, more: str) -> None:
    dsn = f"postgresql://u:p@127.0.0.1:{port}/d?sslmode=disable{more}"
    database = Database(dsn, pool_size=1, pool_timeout_seconds=2, statement_timeout_seconds=2)
    company = uuid4()
    try:
        with pytest.raises(DatabaseUnavailable) as written:
            await UnitOfWork(database, company).run(never)
        with pytest.raises(DatabaseUnavailable) as planned:
            await database.row("SELECT 1", [], company, plan_for_values=False)
    finally:
        await database.dispose()

    assert [written.value.cause, planned.value.cause] == [Cause.CONNECTION_LOST, Cause.CONNECTION_LOST]
