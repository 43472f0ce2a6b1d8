"""Whole lists over real connections: a served application, many rows, and clients that read as a test wants."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import insert

from app.db.tables import customers
from app.domain.identity import Scope
from app.settings import Settings
from app.web.application import create_app
from app.web.connections import ConnectionLimits
from app.web.development import DevelopmentKeys
from tests.support.lifespan import lifespan_of
from tests.support.listening import listening
from tests.support.records import Records
from tests.support.started import headers_of
from tests.support.trust import TRUST

CUSTOMERS = "/v1/customers"
LARGE = {f"key {number}": "x" * 500 for number in range(8)}
"""Metadata that makes customers large, so that a page of them doesn't fit into the buffers of a connection."""


async def write_customers(records: Records, first: int, last: int, **values: Any) -> None:
    """Insert customers with these numbers."""
    group = await records.group()
    rows = [
        {
            "company_id": records.company_id,
            "id": uuid4(),
            "customer_number": str(number),
            "name": f"Customer {number}",
            "vat_zone": "DOMESTIC",
            "customer_group_id": group,
            "country_code": "DK",
            "default_currency": "DKK",
            **values,
        }
        for number in range(first, last + 1)
    ]
    async with records.engine.begin() as connection:
        await connection.execute(insert(customers), rows)


class Body(NamedTuple):
    """What a client got of a body in chunks."""

    content: bytes
    is_whole: bool
    """Whether the last chunk came."""


def body_of(received: bytes) -> Body:
    """Return the body of what was received after the headers."""
    content = b""
    while True:
        size, _, rest = received.partition(b"\r\n")
        length = int(size, 16) if size else 0
        if length == 0 or len(rest) < length + 2:
            return Body(content + rest[:length], rest == b"\r\n" and size == b"0")
        content, received = content + rest[:length], rest[length + 2 :]


class Reader:
    """A client that has asked for a list, and reads it as it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._begun = b""

    async def begun(self) -> bytes:
        """Read the headers and the first bytes of the body, and return the headers."""
        async with asyncio.timeout(20):
            head = await self._reader.readuntil(b"\r\n\r\n")
            self._begun = await self._reader.readexactly(10)
        return head

    async def rest(self) -> bytes:
        """Read until the connection ends, and return all that came after the headers."""
        async with asyncio.timeout(60):
            return self._begun + await self._reader.read()

    def leave(self) -> None:
        """Leave at once."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._writer.transport.abort()


class Streams:
    """A served application, and its log."""

    def __init__(self, port: int, keys: DevelopmentKeys, output: pytest.CaptureFixture[str]) -> None:
        self.port = port
        self._keys = keys
        self._output = output
        self._logged: list[dict[str, Any]] = []

    def client(self, company_id: UUID, scopes: Iterable[Scope] = tuple(Scope)) -> httpx.AsyncClient:
        """Return a client with a credential of a company."""
        headers = headers_of(self._keys, company_id, scopes) | {"accept": "application/json"}
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=headers, verify=TRUST, timeout=30)

    @asynccontextmanager
    async def reading(
        self, company_id: UUID, path: str = CUSTOMERS, version: str = "1.1", *, after: Iterable[str] = ()
    ) -> AsyncGenerator[Reader]:
        """Ask for a list over a connection that keeps little of what isn't read.

        `after`: the paths of requests that are sent before it, at once.
        """
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=1_024)
        named = headers_of(self._keys, company_id) | {"host": "localhost", "accept": "*/*"}
        lines = [f"{name}: {value}" for name, value in named.items()]
        for earlier in after:
            writer.write("\r\n".join([f"GET {earlier} HTTP/{version}", *lines, "", ""]).encode())
        writer.write("\r\n".join([f"GET {path} HTTP/{version}", *lines, "connection: close", "", ""]).encode())
        try:
            yield Reader(reader, writer)
        finally:
            writer.transport.abort()

    async def in_use(self) -> dict[str, float]:
        """Return how many connections and turns of each pool are in use."""
        async with self.client(uuid4()) as client:
            printed = (await client.get("/metrics")).text
        name = "customer_gateway_database_pool_in_use"
        lines = (line.rpartition(" ") for line in printed.splitlines() if line.startswith(name))
        return {key.split('"')[1]: float(value) for key, _, value in lines}

    async def seconds(self, api: str) -> float:
        """Return how long all queries of an API took, as the metrics say."""
        async with self.client(uuid4()) as client:
            printed = (await client.get("/metrics")).text
        start = "customer_gateway_operation_duration_seconds_sum{"
        lines = (line for line in printed.splitlines() if line.startswith(start))
        return sum(float(line.rpartition(" ")[2]) for line in lines if f'api="{api}"' in line)

    async def given_back(self) -> None:
        """Wait until no connection is in use."""
        async with asyncio.timeout(20):
            while any((await self.in_use()).values()):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of the log with this event so far."""
        self._logged += map(json.loads, self._output.readouterr().err.splitlines())
        return [line for line in self._logged if line["event"] == event]

    async def logged(self, event: str = "operation") -> dict[str, Any]:
        """Wait for a line of the log with this event, and return the last one."""
        async with asyncio.timeout(20):
            while not (found := self.lines(event)):  # noqa: ASYNC110 - a thread writes them
                await asyncio.sleep(0.02)
        return found[-1]


Serve = Callable[..., AbstractAsyncContextManager[Streams]]
"""Serves the application with the settings that are given by name."""


@asynccontextmanager
async def served_streams(
    settings: dict[str, Any],
    keys: DevelopmentKeys,
    output: pytest.CaptureFixture[str],
    grace_seconds: float = 1,
    limits: ConnectionLimits | None = None,
) -> AsyncGenerator[Streams]:
    """Serve the application with these settings, and these limits on connections."""
    app = create_app(Settings.model_validate(settings))
    async with lifespan_of(app), listening(app, grace_seconds=grace_seconds, limits=limits) as port:
        yield Streams(port, keys, output)
