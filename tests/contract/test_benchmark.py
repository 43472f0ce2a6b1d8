"""The benchmark's load finds failed answers and cuts none off, and only runs with warm servers are published."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bench import plot, published
from bench.failures import BenchError
from bench.load import HOST, NUMBER, Length, Load, request
from bench.measure import WarmUp
from bench.python_load import PythonLoad
from bench.results import Results, Row, Spread
from bench.wrk import WrkLoad, find_wrk

WITHOUT_ERRORS = b'{"data":{"nodes":[1,2],"errors":[]}}'
WITH_ERRORS = b'{"data":null,"errors":[{"message":"Sorry."}]}'
LOADS = (
    PythonLoad,
    pytest.param(WrkLoad, marks=pytest.mark.skipif(find_wrk() is None, reason="wrk is not installed")),
)


class Server:
    """A server that answers each request after a moment, and records what it received and answered."""

    def __init__(self, answer: bytes, status: int) -> None:
        self.port = 0
        self.bodies: list[bytes] = []
        self.answered = 0
        self._answer = b"HTTP/1.1 %d Fine\r\nContent-Length: %d\r\n\r\n" % (status, len(answer)) + answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                await asyncio.sleep(0.03)
                writer.write(self._answer)
                self.answered += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def served(answer: bytes, status: int = 200) -> AsyncGenerator[Server]:
    """Start a server with this answer."""
    server = Server(answer, status)
    listener = await asyncio.start_server(server.serve, HOST, 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


@pytest.mark.parametrize("kind", LOADS)
async def test_a_window_ends_after_its_last_answer_and_numbers_each_request(kind: type[PythonLoad | WrkLoad]) -> None:
    async with served(WITHOUT_ERRORS) as server:
        load: Load = kind(
            server.port, [request(server.port, "{ a }", {"key": NUMBER, "at": at}, None) for at in (1, 2)]
        )
        window = await load.run(4, Length(0.1))
        assert window.requests == server.answered == len(server.bodies) == len(set(server.bodies))
        assert window.errors == 0
        assert {json.loads(body)["variables"]["at"] for body in server.bodies} == {1, 2}
        assert window.seconds >= 0.1
        assert window.p50_ms >= 25
        enough = await load.run(2, Length(0, 5))
        assert 5 <= enough.requests <= 6


@pytest.mark.parametrize("kind", LOADS)
@pytest.mark.parametrize(("answer", "status"), [(WITH_ERRORS, 200), (WITHOUT_ERRORS, 503)])
async def test_each_answer_with_errors_or_another_status_is_counted(
    kind: type[PythonLoad | WrkLoad], answer: bytes, status: int
) -> None:
    async with served(answer, status) as server:
        load: Load = kind(server.port, [request(server.port, "{ a }", {}, "token")])
        window = await load.run(2, Length(0, 6))
    assert window.errors == window.requests >= 6
    assert window.first_error.endswith(answer.decode())


def test_a_window_lasts_its_seconds_and_until_its_requests_were_sent() -> None:
    length = Length(10, 20_000, 60)
    assert not length.is_over(9, 30_000)
    assert not length.is_over(59, 19_999)
    assert length.is_over(10, 20_000)
    assert length.is_over(60, 100)


def _written(folder: Path, warm_up: WarmUp) -> Path:
    row = Row(
        mode="production",
        query="Q1",
        connections=16,
        name="planned",
        is_reference=False,
        ratio=Spread(1.5, 1.4, 1.6),
        per_second=Spread(900, 800, 1000),
        p50_ms=1.23456789,
        p99_ms=2,
        server_cpu_ms=0.5,
        postgres_cpu_ms=0.5,
        load_cpu_ms=0.1,
        resident_mb=80,
        statements=None,
        warm_up=warm_up,
    )
    content: dict[str, Any] = {
        "moment": "2026-06-19T12:00:00+00:00",
        **asdict(Results("peers", "the best peer", 100_000, "wrk 4.1.0", (row,))),
        "blocks": [{"query": "Q1", "samples": {"planned": [{"p50_ms": 1.23456789}]}}],
    }
    path = folder / "run.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_run_with_a_short_warm_up_is_not_drawn(tmp_path: Path) -> None:
    results = Results.load(_written(tmp_path, WarmUp(9.9, 50_000)))
    with pytest.raises(BenchError, match="planned in Q1"):
        plot.draw(results, tmp_path / "picture.svg")
    assert not (tmp_path / "picture.svg").exists()


def test_a_published_run_keeps_its_samples_with_as_many_digits_as_mean_something(tmp_path: Path) -> None:
    run = _written(tmp_path, WarmUp(60.5, 900))
    plot.draw(Results.load(run), tmp_path / "picture.svg")
    assert "1.50" in (tmp_path / "picture.svg").read_text(encoding="utf-8")
    kept = published.keep(run, tmp_path / "published")
    assert kept.name == "peers-100000.json"
    content = json.loads(kept.read_text(encoding="utf-8"))
    assert content["blocks"][0]["samples"]["planned"] == [{"p50_ms": 1.2346}]
    assert Results.load(kept).rows[0].warm_up == WarmUp(60.5, 900)
