"""Many live subscribers over WebSockets to one process: how soon a change reaches all, and what idle ones cost.

Subscribers are plain connections of this process, which only count what they receive, and answer pings.
"""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from app.web.development import DevelopmentKeys
from tests.pressure.settings import settings_for
from tests.support.records import Records
from tests.support.served import Served, post, served
from tests.support.started import headers_of
from tests.support.until import until

pytestmark = pytest.mark.slow

FOLLOW = """subscription ($after: String) {
  changes(after: $after) { cursor version subject { ... on Customer { id name contacts { name } } } }
}"""
RENAME = "mutation ($id: ID!, $name: String!) { updateCustomer(input: {id: $id, name: $name}) { errors { code } } }"
SUBSCRIBERS = 1_000
IDLE = 10_000
IDLE_SECONDS = 20
CHANGES = 20
_TOGETHER = 200
_HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
_PING, _PONG = b"\x89\x00", b"\x8a\x80\x00\x00\x00\x00"


def _frame(message: dict[str, object]) -> bytes:
    """Return a client's frame, whose mask is zero."""
    data = json.dumps(message).encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + data


class Subscriber(asyncio.Protocol):
    """A connection that subscribes, and notes when each event arrived."""

    def __init__(self, token: str, cursor: str) -> None:
        self._token = token
        self._cursor = cursor
        self.arrived: list[float] = []
        self.is_open = False
        self.pings = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 101"):
            self._transport.write(_frame({"type": "connection_init", "payload": {"authorization": self._token}}))
        elif b"connection_ack" in data:
            payload = {"query": FOLLOW, "variables": {"after": self._cursor}}
            self._transport.write(_frame({"id": "1", "type": "subscribe", "payload": payload}))
            self.is_open = True
        elif data == _PING:
            self.pings += 1
            self._transport.write(_PONG)
        self.arrived += [time.perf_counter()] * data.count(b'"id":"1","type":"next"')


@asynccontextmanager
async def subscribers(service: Served, headers: dict[str, str], count: int) -> AsyncGenerator[list[Subscriber]]:
    """Open this many subscriptions, each on its own connection, that begin at the same cursor."""
    loop = asyncio.get_running_loop()
    _, _, answer = await post(service.port, headers, {"query": "{ feedCursor }"})
    token, cursor = headers["authorization"], json.loads(answer)["data"]["feedCursor"]
    opened: list[tuple[asyncio.Transport, Subscriber]] = []
    try:
        while len(opened) < count:
            # More at once would be told to come back later.
            opened += [
                await loop.create_connection(lambda: Subscriber(token, cursor), "127.0.0.1", service.port)
                for _ in range(min(_TOGETHER, count - len(opened)))
            ]
            latest = opened[-_TOGETHER:]
            await until(lambda: all(protocol.is_open for _, protocol in latest), 60)  # noqa: B023 - awaited here
        await asyncio.sleep(2)
        yield [protocol for _, protocol in opened]
    finally:
        for transport, _ in opened:
            transport.abort()


async def test_a_change_reaches_a_thousand_subscribers_within_a_second(
    service_dsn: str, company: UUID, records: Records, tmp_path: Path
) -> None:
    customer_id = await records.customer()
    keys = DevelopmentKeys(tmp_path / "keys")
    headers = headers_of(keys, company)
    settings = settings_for(service_dsn, keys, max_live_streams="2000", max_live_streams_per_company="2000")
    delays: list[float] = []
    with served(tmp_path / "log", **settings) as service:
        async with subscribers(service, headers, 10):
            before = service.memory_mb()
        async with subscribers(service, headers, SUBSCRIBERS) as clients:
            per_subscriber_kb = (service.memory_mb() - before) * 1_000 / SUBSCRIBERS
            begun = service.cpu_seconds()
            for number in range(1, CHANGES + 1):
                change = {"query": RENAME, "variables": {"id": str(customer_id), "name": f"Name {number}"}}
                _, status, _ = await post(service.port, headers, change)
                committed = time.perf_counter()
                assert status == 200
                await until(lambda: all(len(one.arrived) == number for one in clients), 30)  # noqa: B023 - awaited here
                delays += [one.arrived[-1] - committed for one in clients]
            cpu = (service.cpu_seconds() - begun) / (CHANGES * SUBSCRIBERS)
    delays.sort()
    p50, p99 = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(f"p50 {p50:.3f} s, p99 {p99:.3f} s, {per_subscriber_kb:.1f} kB, {cpu * 1e6:.0f} µs per event")  # noqa: T201

    assert p99 < 1
    assert per_subscriber_kb < 50


async def test_ten_thousand_idle_subscribers_cost_little(service_dsn: str, company: UUID, tmp_path: Path) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    most = {"max_live_streams": "20000", "max_live_streams_per_company": "20000", "max_connections": "11000"}
    with served(tmp_path / "log", files="20000", **settings_for(service_dsn, keys, **most)) as service:
        begun = service.cpu_seconds()
        await asyncio.sleep(IDLE_SECONDS)
        alone = service.cpu_seconds() - begun
        async with subscribers(service, headers_of(keys, company), IDLE) as clients:
            begun, pings = service.cpu_seconds(), sum(one.pings for one in clients)
            await asyncio.sleep(IDLE_SECONDS)
            share = (service.cpu_seconds() - begun - alone) / IDLE_SECONDS
            rate = (sum(one.pings for one in clients) - pings) / IDLE_SECONDS
            memory = service.memory_mb()
    print(f"{share:.1%} of a core with {rate:.0f} pings per second, {alone / IDLE_SECONDS:.1%} alone, {memory:.0f} MB")  # noqa: T201

    assert share < 0.05
