"""Many live subscribers of one process: how soon a change reaches all, and what idle ones cost.

Subscribers are plain connections of this process, which only count what they receive.
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
from sqlalchemy.ext.asyncio import AsyncEngine

from app.web.development import DevelopmentKeys
from tests.pressure.settings import settings_for
from tests.support.records import Records, new_company
from tests.support.served import Served, post, served
from tests.support.started import headers_of
from tests.support.until import until

pytestmark = pytest.mark.slow

FOLLOW = {
    "query": "subscription { changes { cursor version subject { ... on Customer { id name contacts { name } } } } }"
}
RENAME = "mutation ($id: ID!, $name: String!) { updateCustomer(input: {id: $id, name: $name}) { errors { code } } }"
SUBSCRIBERS = 1_000
IDLE = 10_000
IDLE_SECONDS = 20
CHANGES = 20
_TOGETHER = 200


class Subscriber(asyncio.Protocol):
    """A connection that notes when each event arrived."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.is_open = False

    def data_received(self, data: bytes) -> None:
        if not self.is_open:
            self.is_open = data.startswith(b"HTTP/1.1 200")
        self.arrived += [time.perf_counter()] * data.count(b"event: next")


@asynccontextmanager
async def subscribers(service: Served, headers: dict[str, str], count: int) -> AsyncGenerator[list[Subscriber]]:
    """Open this many subscriptions."""
    loop = asyncio.get_running_loop()
    body = json.dumps(FOLLOW).encode()
    named = {**headers, "host": "localhost", "accept": "text/event-stream", "content-type": "application/json"}
    lines = [f"{name}: {value}" for name, value in {**named, "content-length": str(len(body))}.items()]
    request = "\r\n".join(["POST /graphql HTTP/1.1", *lines, "", ""]).encode() + body
    opened: list[tuple[asyncio.Transport, Subscriber]] = []
    try:
        while len(opened) < count:
            # More at once would be told to come back later.
            for _ in range(min(_TOGETHER, count - len(opened))):
                transport, protocol = await loop.create_connection(Subscriber, "127.0.0.1", service.port)
                transport.write(request)
                opened.append((transport, protocol))
            await until(lambda: all(protocol.is_open for _, protocol in opened[-_TOGETHER:]), 60)
        yield [protocol for _, protocol in opened]
    finally:
        for transport, _ in opened:
            transport.abort()


async def company_with_customer(engine: AsyncEngine) -> tuple[UUID, UUID]:
    """Return a new company and its only customer."""
    company_id = await new_company(engine)
    return company_id, await Records(engine, company_id).customer()


async def test_a_change_reaches_a_thousand_subscribers_within_a_second(
    service_dsn: str, owner_engine: AsyncEngine, tmp_path: Path
) -> None:
    company_id, customer_id = await company_with_customer(owner_engine)
    keys = DevelopmentKeys(tmp_path / "keys")
    headers = headers_of(keys, company_id)
    settings = settings_for(service_dsn, keys, max_live_streams="2000", max_live_streams_per_company="2000")
    with served(tmp_path / "log", **settings) as service:
        before = service.memory_mb()
        delays: list[float] = []
        async with subscribers(service, headers, SUBSCRIBERS) as open_streams:
            per_subscriber_kb = (service.memory_mb() - before) * 1_000 / SUBSCRIBERS
            begun = service.cpu_seconds()
            for number in range(1, CHANGES + 1):
                change = {"query": RENAME, "variables": {"id": str(customer_id), "name": f"Name {number}"}}
                _, status, _ = await post(service.port, headers, change)
                committed = time.perf_counter()
                assert status == 200
                await until(lambda: all(len(one.arrived) == number for one in open_streams))  # noqa: B023
                delays += [one.arrived[-1] - committed for one in open_streams]
            cpu = (service.cpu_seconds() - begun) / (CHANGES * SUBSCRIBERS)
    delays.sort()
    p50, p99 = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(f"p50 {p50:.3f} s, p99 {p99:.3f} s, {per_subscriber_kb:.1f} kB, {cpu * 1e6:.0f} µs per event")  # noqa: T201

    assert p99 < 1
    assert per_subscriber_kb < 50


async def test_ten_thousand_idle_subscribers_cost_little(
    service_dsn: str, owner_engine: AsyncEngine, tmp_path: Path
) -> None:
    company_id, _ = await company_with_customer(owner_engine)
    keys = DevelopmentKeys(tmp_path / "keys")
    headers = headers_of(keys, company_id)
    most = {"max_live_streams": "20000", "max_live_streams_per_company": "20000", "max_connections": "11000"}
    settings = settings_for(service_dsn, keys, **most)
    with served(tmp_path / "log", files="20000", **settings) as service:
        begun = service.cpu_seconds()
        await asyncio.sleep(IDLE_SECONDS)
        alone = service.cpu_seconds() - begun
        async with subscribers(service, headers, IDLE):
            await asyncio.sleep(1)
            begun = service.cpu_seconds()
            await asyncio.sleep(IDLE_SECONDS)
            share = (service.cpu_seconds() - begun - alone) / IDLE_SECONDS
            memory = service.memory_mb()
    print(f"{share:.1%} of a core, {alone / IDLE_SECONDS:.1%} without subscribers, {memory:.0f} MB")  # noqa: T201

    assert share < 0.05


async def test_a_change_arrives_within_a_tenth_of_a_second(
    service_dsn: str, owner_engine: AsyncEngine, tmp_path: Path
) -> None:
    company_id, customer_id = await company_with_customer(owner_engine)
    keys = DevelopmentKeys(tmp_path / "keys")
    headers = headers_of(keys, company_id)
    delays: list[float] = []
    with served(tmp_path / "log", **settings_for(service_dsn, keys)) as service:
        async with subscribers(service, headers, 1) as (one,):
            for number in range(1, 51):
                change = {"query": RENAME, "variables": {"id": str(customer_id), "name": f"Name {number}"}}
                await post(service.port, headers, change)
                committed = time.perf_counter()
                await until(lambda: len(one.arrived) == number)  # noqa: B023
                delays.append(one.arrived[-1] - committed)
                await asyncio.sleep(0.1)
    print(f"p50 {statistics.median(delays) * 1000:.0f} ms, longest {max(delays) * 1000:.0f} ms")  # noqa: T201

    assert statistics.median(delays) < 0.1
