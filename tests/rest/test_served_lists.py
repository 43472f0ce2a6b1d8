"""Whole lists as they are deployed: by two processes, for several clients at once, in memory that doesn't grow."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from app.web.development import DevelopmentKeys
from tests.rest.streaming import CUSTOMERS, LARGE, Streams, write_customers
from tests.support.records import Records
from tests.support.served import served
from tests.support.started import headers_of, settings_of
from tests.support.trust import TRUST

ROWS = 4_000
READERS = 4


async def read(client: httpx.AsyncClient) -> tuple[int, str]:
    """Read a whole list as it comes; return its number of rows and its last number."""
    size, last, mark = 0, b"", b'"customerNumber":'
    async with client.stream("GET", CUSTOMERS) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for piece in answer.aiter_bytes():
            # A piece may end within a mark.
            size += (last[1 - len(mark) :] + piece).count(mark)
            last = (last + piece)[-5_000:]
    assert last.endswith(b"}]")
    _, _, row = last.removesuffix(b"]").rpartition(b'{"id":')
    return size, json.loads(b'{"id":' + row)["customerNumber"]


async def read_by_all(client: httpx.AsyncClient) -> None:
    """Read the list by several readers at once, each over its own connection."""
    found = await asyncio.gather(*(read(client) for _ in range(READERS)))
    assert found == [(ROWS, str(ROWS))] * READERS


async def test_two_processes_stream_lists_in_bounded_memory(service_dsn: str, records: Records, tmp_path: Path) -> None:
    await write_customers(records, 1, ROWS, address="An address of some length " * 9)
    keys = DevelopmentKeys(tmp_path / "keys")
    settings = {name.upper(): str(value) for name, value in settings_of(service_dsn, keys).items()}
    with served(tmp_path / "log", "--workers", "2", **settings) as service:
        headers = headers_of(keys, records.company_id) | {"accept": "application/json"}
        async with httpx.AsyncClient(base_url=service.url, headers=headers, verify=TRUST, timeout=60) as client:
            whole = (await client.get(CUSTOMERS)).content
            # The first ones are read over new connections, by a process that has read none before.
            await read_by_all(client)
            before = service.memory_mb()
            for _ in range(2):
                await read_by_all(client)
            grown = service.memory_mb() - before
    # Less than half of the lists that were read at once.
    assert grown < READERS * len(whole) / 2e6
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    operations = [line for line in lines if line["event"] == "operation"]
    assert {(line["name"], line["status"]) for line in operations} == {("RestListCustomers", 200)}
    assert len(operations) == 1 + 3 * READERS


async def test_a_process_that_is_killed_leaves_no_part_that_looks_whole_over_http_1_0(
    service_dsn: str, records: Records, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await write_customers(records, 1, 2_000, metadata=LARGE)
    keys = DevelopmentKeys(tmp_path / "keys")
    settings = {name.upper(): str(value) for name, value in settings_of(service_dsn, keys).items()}
    with served(tmp_path / "log", **settings) as service:
        async with Streams(service.port, keys, capfd).reading(records.company_id, version="1.0") as reader:
            await reader.begun()
            service.process.kill()
            with pytest.raises(ConnectionResetError):
                await reader.rest()
