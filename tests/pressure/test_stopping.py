"""SIGTERM under load, and the death of the parent process: every request that was sent is answered."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from app.web.development import DevelopmentKeys
from tests.pressure.clients import Clients
from tests.support.commands import is_running
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
