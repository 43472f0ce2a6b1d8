"""A shutdown doesn't wait for clients that read nothing of their streams: they can resume elsewhere."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import cast
from uuid import UUID

import pytest

from app.live.live import Live
from app.web.client_connection import ClientConnection
from app.web.connections import ConnectionLimits, Connections, usage
from tests.live.service import Service, Start
from tests.support.tracked import tracked
from tests.support.transport_client import connected

FIELDS = " ".join(f"c{number}: changedFields {{before after}}" for number in range(300))
LONG = f"subscription ($after: String) {{changes(after: $after) {{{FIELDS} version}}}}"
"""Its updates are so long that the buffers of the system hold only some of them."""
CHANGES = 40


@asynccontextmanager
async def over_sse(service: Service, company: UUID, after: str) -> AsyncGenerator[None]:
    async with service.follow(company, LONG, after=after):
        yield


@asynccontextmanager
async def over_websocket(service: Service, company: UUID, after: str) -> AsyncGenerator[None]:
    async with connected(service.url, service.headers(company), buffer_bytes=16_384) as client:
        await client.initialize()
        await client.subscribe(LONG, variables={"after": after})
        client.connection.transport.pause_reading()
        yield


async def until_stuck() -> None:
    """Wait until servers hold bytes of which the kernel takes no more."""
    before = 0
    async with asyncio.timeout(20):
        while not before or unread_bytes() != before:
            before = unread_bytes()
            await asyncio.sleep(0.5)


def unread_bytes() -> int:
    """Return how many bytes the servers of this process hold for their clients.

    The metric is that of the server that counted last, maybe the one that all tests here share.
    """
    held = (cast("set[ClientConnection]", server.connections) for server in tracked(Connections))
    return sum(connection.buffered_bytes for connections in held for connection in connections)


@pytest.mark.parametrize("unread", [over_sse, over_websocket])
async def test_clients_that_do_not_read_their_streams_delay_no_shutdown(
    start: Start,
    lives: list[Live],
    company: UUID,
    customer_id: UUID,
    unread: Callable[[Service, UUID, str], AbstractAsyncContextManager[None]],
) -> None:
    loop = asyncio.get_running_loop()
    before = usage.ended["slow_reader"]
    async with AsyncExitStack() as clients:
        async with start(limits=ConnectionLimits(ending_seconds=1), grace_seconds=20, max_aliases=300) as service:
            begin = (await service.ask(company, "{feedCursor}"))["feedCursor"]
            await service.rename(company, customer_id, *(f"{number} {'x' * 240}" for number in range(CHANGES)))
            await service.until_at(company, CHANGES)
            await clients.enter_async_context(unread(service, company, begin))
            await until_stuck()
            begun = loop.time()
        seconds = loop.time() - begun

    assert seconds < 10
    assert usage.ended["slow_reader"] == before + 1
    assert lives[0].ended == {"SERVICE_RESTARTING": 1}
