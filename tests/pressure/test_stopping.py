"""SIGTERM under load, and the death of the parent process: every request that was sent is answered."""

import asyncio
import json
import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import customers
from app.web.development import DevelopmentKeys
from tests.pressure.clients import Clients
from tests.support.commands import is_running
from tests.support.listening import wired
from tests.support.records import Records
from tests.support.served import served
from tests.support.started import headers_of, settings_of

_CLIENTS = 6


async def stopped_under_load(
    service_dsn: str, company: UUID, folder: Path, number: signal.Signals, *, workers: int
) -> Counter[str]:
    """What became of the requests of clients that sent them while the service was told to end."""
    keys = DevelopmentKeys(folder / "keys")
    headers = headers_of(keys, company)
    settings = {name.upper(): str(value) for name, value in settings_of(service_dsn, keys).items()}
    with served(folder / "log", "--workers", str(workers), **settings) as service:
        clients = Clients(service.port, headers)
        processes = [service.process.pid, *service.workers]
        running = asyncio.create_task(clients.run(_CLIENTS, seconds=30))
        await asyncio.sleep(1)
        os.kill(service.process.pid, number)
        await running
        await asyncio.to_thread(service.process.wait, 30)
        async with asyncio.timeout(10):
            while any(map(is_running, processes)):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.05)
    return clients.outcomes


def assert_all_were_answered(outcomes: Counter[str]) -> None:
    """Assert that no request failed; a connection that the service refuses was never made."""
    assert outcomes["200"] > 50, outcomes
    assert outcomes.keys() <= {"200", "refused", "retried"}, outcomes
    assert outcomes["refused"] == 2 * _CLIENTS, outcomes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_requests_are_answered_when_the_parent_process_is_told_to_end_or_killed(
    service_dsn: str, company: UUID, tmp_path: Path, number: signal.Signals
) -> None:
    assert_all_were_answered(await stopped_under_load(service_dsn, company, tmp_path, number, workers=2))


async def test_an_update_that_waits_longer_than_the_grace_is_rolled_back_with_503(
    service_dsn: str, owner_engine: AsyncEngine, company: UUID, tmp_path: Path
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    customer_id = await Records(owner_engine, company).customer(name="Before")
    settings = settings_of(service_dsn, keys, request_timeout_seconds=3)
    update = "mutation($i: UpdateCustomerInput!) {updateCustomer(input: $i) {errors {code}}}"
    body = json.dumps({"query": update, "variables": {"i": {"id": str(customer_id), "name": "After"}}}).encode()
    fields = {**headers_of(keys, company), "host": "localhost", "content-type": "application/json"}
    lines = [*(f"{name}: {value}" for name, value in fields.items()), f"content-length: {len(body)}"]
    log = tmp_path / "log"
    with served(log, **{name.upper(): str(value) for name, value in settings.items()}) as service:
        async with owner_engine.connect() as connection, connection.begin():
            await connection.execute(select(customers).where(customers.c.id == customer_id).with_for_update())
            async with wired(service.port) as wire:
                await wire.send("\r\n".join(["POST /graphql HTTP/1.1", *lines, "", ""]).encode() + body[:-1])
                service.process.terminate()
                await refuses(service.port)
                await wire.send(body[-1:])
                reply = await wire.reply()
            assert await asyncio.to_thread(service.process.wait, 30) == 0
        async with owner_engine.connect() as connection:
            name = await connection.scalar(select(customers.c.name).where(customers.c.id == customer_id))

    (error,) = reply.json()["errors"]
    assert (reply.status, error["extensions"]["code"], name) == (503, "SERVICE_UNAVAILABLE", "Before")
    assert "nothing was stored" in error["message"]
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["type"], line["status"]) for line in logged if line["event"] == "operation"] == [("mutation", 503)]
    assert [line["cause"] for line in logged if line["event"] == "unavailable"] == ["service_stopped"]
    assert not [line for line in logged if "exception" in line]


async def refuses(port: int) -> None:
    """Wait until nobody listens on a port."""
    with suppress(ConnectionRefusedError):
        async with asyncio.timeout(20):
            while True:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await asyncio.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
async def test_ten_times_none_of_the_requests_in_flight_is_reset_or_refused(
    service_dsn: str, company: UUID, tmp_path: Path, workers: int
) -> None:
    total = Counter[str]()
    for attempt in range(10):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        total += await stopped_under_load(service_dsn, company, folder, signal.SIGTERM, workers=workers)
    assert total.keys() <= {"200", "refused", "retried"}, total
    assert total["retried"] <= total["200"] / 1000, total
    print(f"{workers} workers: {dict(total)}")  # noqa: T201 - figures, for `-s`
