"""Many live subscribers of one process: how soon a change reaches all, and what idle ones cost."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest

from app.web.development import DevelopmentKeys
from tests.pressure.settings import settings_for
from tests.pressure.subscribers import Subscriber, Transport, over_sse, over_websockets, subscribers
from tests.support.records import Records
from tests.support.served import Served, post, served
from tests.support.started import headers_of
from tests.support.until import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("transport", [over_sse, over_websockets], ids=["SSE", "WebSockets"]),
]

RENAME = "mutation ($id: ID!, $name: String!) { updateCustomer(input: {id: $id, name: $name}) { errors { code } } }"
SUBSCRIBERS = 1_000
IDLE = 10_000
IDLE_SECONDS = 20
CHANGES = 20


async def delays_of(
    number: int, service: Served, headers: dict[str, str], customer_id: UUID, clients: Sequence[Subscriber]
) -> list[float]:
    """Make the change with this number; return how long after its answer each subscriber had it, in seconds."""
    change = {"query": RENAME, "variables": {"id": str(customer_id), "name": f"Name {number}"}}
    _, status, _ = await post(service.port, headers, change)
    committed = time.perf_counter()
    assert status == 200
    await until(lambda: all(len(one.arrived) == number for one in clients), 30)
    return [one.arrived[-1] - committed for one in clients]


async def test_a_change_reaches_a_thousand_subscribers_within_a_second(
    transport: Transport, service_dsn: str, company: UUID, records: Records, tmp_path: Path
) -> None:
    customer_id, keys = await records.customer(), DevelopmentKeys(tmp_path / "keys")
    headers = headers_of(keys, company)
    settings = settings_for(service_dsn, keys, max_live_streams="2000", max_live_streams_per_company="2000")
    delays: list[float] = []
    with served(tmp_path / "log", **settings) as service:
        async with subscribers(transport, service, headers, 10):
            # What the first ones take is not each one's.
            before = service.memory_mb()
        async with subscribers(transport, service, headers, SUBSCRIBERS) as clients:
            per_subscriber_kb = (service.memory_mb() - before) * 1_000 / SUBSCRIBERS
            begun = service.cpu_seconds()
            for number in range(1, CHANGES + 1):
                delays += await delays_of(number, service, headers, customer_id, clients)
            cpu = (service.cpu_seconds() - begun) / (CHANGES * SUBSCRIBERS)
    delays.sort()
    p50, p99 = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(f"p50 {p50:.3f} s, p99 {p99:.3f} s, {per_subscriber_kb:.1f} kB, {cpu * 1e6:.0f} µs per event")  # noqa: T201

    assert p99 < 1
    assert per_subscriber_kb < 50


async def test_ten_thousand_idle_subscribers_cost_little(
    transport: Transport, service_dsn: str, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    most = {"max_live_streams": "20000", "max_live_streams_per_company": "20000", "max_connections": "11000"}
    with served(tmp_path / "log", files="20000", **settings_for(service_dsn, keys, **most)) as service:
        begun = service.cpu_seconds()
        await asyncio.sleep(IDLE_SECONDS)
        alone = service.cpu_seconds() - begun
        async with subscribers(transport, service, headers_of(keys, company), IDLE) as clients:
            begun, pings = service.cpu_seconds(), sum(one.pings for one in clients)
            await asyncio.sleep(IDLE_SECONDS)
            share = (service.cpu_seconds() - begun - alone) / IDLE_SECONDS
            rate = (sum(one.pings for one in clients) - pings) / IDLE_SECONDS
            memory = service.memory_mb()
    print(f"{share:.1%} of a core with {rate:.0f} pings per second, {alone / IDLE_SECONDS:.1%} alone, {memory:.0f} MB")  # noqa: T201

    assert share < 0.05


async def test_a_change_arrives_within_a_tenth_of_a_second(
    transport: Transport, service_dsn: str, company: UUID, records: Records, tmp_path: Path
) -> None:
    customer_id, keys = await records.customer(), DevelopmentKeys(tmp_path / "keys")
    headers = headers_of(keys, company)
    delays: list[float] = []
    with served(tmp_path / "log", **settings_for(service_dsn, keys)) as service:
        async with subscribers(transport, service, headers, 1) as (one,):
            for number in range(1, 51):
                delays += await delays_of(number, service, headers, customer_id, [one])
                await asyncio.sleep(0.1)
    print(f"p50 {statistics.median(delays) * 1000:.0f} ms, longest {max(delays) * 1000:.0f} ms")  # noqa: T201

    assert statistics.median(delays) < 0.1
