"""Clients that take connections or memory and give nothing: others are served meanwhile."""

import asyncio
import json
import socket
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.web.allocator import FREED_BYTES
from app.web.development import DevelopmentKeys
from tests.pressure.settings import FILES, SMALL, settings_for
from tests.support.records import Records, new_company
from tests.support.served import Served, post, served
from tests.support.started import headers_of

pytestmark = pytest.mark.slow

_MANY = 1_100
_READERS = 60
_UNSENT_BYTES = 100_000_000
_HEAVY_TURNS = 4
"""How many heavy operations run at once with the default number of connections."""
# Fifty times 500 customers with their texts: some 11 MB.
_PAGES = (f"a{place}: customers(first: 500) {{nodes {{id customerNumber name address email}}}}" for place in range(50))
LARGE = {"query": f"{{{' '.join(_PAGES)}}}"}
_BEGINNING_BYTES = 7_000_000
"""Of such an answer, a part after which little is left that the kernel's buffers don't hold."""


async def waited(service: Served, headers: dict[str, str], seconds: float) -> list[float]:
    """How long small queries take that are sent, one after the other, for some seconds; 10 s for one that is not
    answered."""
    found: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            async with asyncio.timeout(10):
                took, status, _ = await post(service.port, headers, SMALL)
            assert status == 200
        except (TimeoutError, ConnectionError, ValueError, IndexError):
            took = 10.0
        found.append(took)
        await asyncio.sleep(0.1)
    return found


@asynccontextmanager
async def held(port: int, number: int, sent: bytes, *, answered: bool = False) -> AsyncGenerator[None]:
    """As many connections that send this and then nothing; all wait until their answers begin, and read no more of
    them."""
    pairs: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    try:
        for _ in range(number):
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(5):
                    pairs.append(await asyncio.open_connection("127.0.0.1", port, limit=1_024))
                pairs[-1][1].write(sent)
        if answered:
            await asyncio.gather(*(reader.readexactly(1) for reader, _ in pairs))
        yield
    finally:
        for _, writer in pairs:
            writer.transport.abort()


def open_sockets(pid: int) -> int:
    """How many sockets a process has open."""
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found += str(descriptor.readlink()).startswith("socket:")
    return found


@pytest.mark.parametrize("sent", [b"", b"GET /graphql HTTP/1.1\r\nHost: a\r\n"], ids=["nothing", "half a header"])
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_others_are_served_beside_more_silent_connections_than_there_are_files(
    service_dsn: str, company: UUID, tmp_path: Path, workers: str, sent: bytes
) -> None:
    keys = DevelopmentKeys(tmp_path / "keys")
    with served(tmp_path / "log", "--workers", workers, files=FILES, **settings_for(service_dsn, keys)) as service:
        headers = headers_of(keys, company)
        before = [open_sockets(pid) for pid in service.workers]
        async with held(service.port, _MANY * int(workers), sent):
            beside = await waited(service, headers, 5)
            await asyncio.sleep(10)
            left = [open_sockets(pid) for pid in service.workers]
            after = await waited(service, headers, 1)
        log = service.log.read_text()
    print(  # noqa: T201 - figures, for `-s`
        f"beside: median {statistics.median(beside):.3f}, most {max(beside):.3f}; sockets before {before}, left {left}"
    )
    # There is always a file left for the next connection.
    assert "connection_not_accepted" not in log
    assert max(beside) < 2
    assert max(after) < 2
    assert all(now <= then + 30 for then, now in zip(before, left, strict=True))


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_answers_that_nobody_reads_take_bounded_memory_and_cut_nobody_off(
    service_dsn: str, company: UUID, records: Records, owner_engine: AsyncEngine, tmp_path: Path, workers: str
) -> None:
    other = await new_company(owner_engine)
    for owner in (records, Records(owner_engine, other)):
        await _write_long_customers(owner)
    keys = DevelopmentKeys(tmp_path / "keys")
    settings = settings_for(service_dsn, keys, send_timeout_seconds="10", max_unsent_bytes=str(_UNSENT_BYTES))
    with served(tmp_path / "log", "--workers", workers, **settings) as service:
        headers = headers_of(keys, company)
        _, status, body = await post(service.port, headers, LARGE)
        assert status == 200
        quiet = service.memory_mb()
        size = len(body)
        sampling = asyncio.create_task(waited(service, headers, 30))
        reading = asyncio.create_task(_read_slowly(service.port, _request(headers_of(keys, other), LARGE), 2))
        await asyncio.sleep(1)
        async with held(service.port, _READERS, _request(headers, LARGE), answered=True):
            full = service.memory_mb()
            read = await reading
            await asyncio.sleep(12)
            left = service.memory_mb()
            beside = await sampling
    print(  # noqa: T201 - figures, for `-s`
        f"answers of {size / 1e6:.1f} MB; quiet {quiet:.0f} MB, full {full:.0f}, left {left:.0f}; beside {max(beside):.2f}; "
        f"the other company's {[f'{size_read / 1e6:.1f}' for size_read in read]}"
    )
    # Beside the bound: the answers that are being made, each up to three times, as received, as text and as bytes;
    # and free memory that is not given back.
    making, kept = _HEAVY_TURNS * 3 * size / 1e6, FREED_BYTES / 1e6
    assert full - quiet < int(workers) * (_UNSENT_BYTES / 1e6 + making + kept)
    assert left - quiet < int(workers) * (kept + 10)
    assert max(beside) < 5
    assert min(read) > size * 0.99


async def test_answers_of_which_clients_read_only_the_beginning_take_bounded_memory(
    service_dsn: str, company: UUID, records: Records, tmp_path: Path
) -> None:
    await _write_long_customers(records)
    keys = DevelopmentKeys(tmp_path / "keys")
    settings = settings_for(service_dsn, keys, max_unsent_bytes=str(_UNSENT_BYTES))
    with served(tmp_path / "log", **settings) as service:
        headers = headers_of(keys, company)
        _, status, body = await post(service.port, headers, LARGE)
        assert status == 200
        quiet = service.memory_mb()
        few = asyncio.Semaphore(_HEAVY_TURNS)
        request = _request(headers, LARGE)
        reading = [asyncio.create_task(_read_beginning(service.port, request, few)) for _ in range(_READERS)]
        async with asyncio.timeout(120):
            beginnings = await asyncio.gather(*reading)
        await asyncio.sleep(5)
        full = service.memory_mb()
        for writer in filter(None, beginnings):
            writer.transport.abort()
        ended = service.log.read_text().count("connections_ended")
    print(f"answers of {len(body) / 1e6:.1f} MB; quiet {quiet:.0f} MB, full {full:.0f}")  # noqa: T201 - figures, for `-s`
    making, kept = _HEAVY_TURNS * 3 * len(body) / 1e6, FREED_BYTES / 1e6
    assert full - quiet < _UNSENT_BYTES / 1e6 + making + kept
    assert ended


async def _write_long_customers(records: Records) -> None:
    """Write the customers of a page of `LARGE`."""
    for _ in range(500):
        await records.customer(name="x" * 150, email=f"{'y' * 60}@example.com", address="z" * 100)


async def _read_beginning(port: int, request: bytes, few: asyncio.Semaphore) -> asyncio.StreamWriter | None:
    """Read the part of an answer that the kernel's buffers don't hold, and no more; None if it was cut off."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    client.setblocking(False)
    async with few:
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=client, limit=4_096)
        writer.write(request)
        try:
            await reader.readexactly(_BEGINNING_BYTES)
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
    return writer


async def _read_slowly(port: int, request: bytes, times: int) -> list[int]:
    """Read answers one after the other, each in some seconds; return how many bytes came of each."""
    read: list[int] = []
    for _ in range(times):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request.replace(b"host: a", b"host: a\r\nconnection: close"))
        read.append(0)
        with suppress(ConnectionError):
            while piece := await reader.read(2**17):
                read[-1] += len(piece)
                await asyncio.sleep(0.1)
        writer.close()
    return read


def _request(headers: dict[str, str], operation: dict[str, str]) -> bytes:
    content = json.dumps(operation).encode()
    named = {"host": "a", "content-type": "application/json", "content-length": str(len(content)), **headers}
    return "\r\n".join(["POST /graphql HTTP/1.1", *(f"{k}: {v}" for k, v in named.items()), "", ""]).encode() + content
