"""The benchmark's load finds failed answers and cuts none off, and only runs with warm servers are published."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer
from typer.testing import CliRunner

from bench import plot, published, tables
from bench.__main__ import bench
from bench.asking import Asker
from bench.documents import QUERIES, Values
from bench.failures import BenchError
from bench.load import HOST, NUMBER, Generator, Length, Load, request
from bench.measure import WarmUp
from bench.options import METADATA_QUERY, MetadataBy, Mode, Options, Timing
from bench.python_load import PythonLoad
from bench.results import Results, Row, Spread
from bench.verify import verify_writes
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


def _row(query: str, name: str, connections: int, warm_up: WarmUp, *, speed: float = 1.5) -> Row:
    return Row(
        mode="production",
        query=query,
        connections=connections,
        name=name,
        is_reference=name == "mercurius",
        ratio=Spread(speed, speed - 0.1, speed + 0.1),
        per_second=Spread(600 * speed, 500, 1000),
        p50_ms=1.23456789,
        p99_ms=2,
        server_cpu_ms=0.5 / speed,
        postgres_cpu_ms=0.5,
        load_cpu_ms=0.1,
        resident_mb=80,
        statements=None,
        warm_up=warm_up,
    )


def _written(folder: Path, warm_up: WarmUp) -> Path:
    rows = tuple(
        _row(query, name, connections, warm_up, speed=speed)
        for query, of_ours in (("Q1", 0.9), ("Q2", 1.5), ("Q6 table", 2.5))
        for connections in (1, 16)
        for name, speed in (("planned", of_ours), ("mercurius", 1.0))
    )
    content: dict[str, Any] = {
        "moment": "2026-06-19T12:00:00+00:00",
        "machine": {"processor": "Any", "cores": 2, "system": "Linux 6", "python": "3.11"},
        "options": {"companies": 2_000, "timing": {"rounds": 5, "seconds": 2.0}},
        **asdict(Results("peers", "the best peer", 100_000, "wrk 4.1.0", rows)),
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


def test_a_published_run_keeps_its_samples_with_five_digits(tmp_path: Path) -> None:
    run = _written(tmp_path, WarmUp(60.5, 900))
    plot.draw(Results.load(run), tmp_path / "picture.svg")
    assert "1.50" in (tmp_path / "picture.svg").read_text(encoding="utf-8")
    kept = published.keep(run, tmp_path / "published")
    assert kept.name == "peers-100000.json"
    content = json.loads(kept.read_text(encoding="utf-8"))
    assert content["blocks"][0]["samples"]["planned"] == [{"p50_ms": 1.2346}]
    assert Results.load(kept).rows[0].warm_up == WarmUp(60.5, 900)


def test_the_readmes_show_the_published_runs_and_nothing_else() -> None:
    for place, text in tables.texts(published.FOLDER).items():
        page = place.page.read_text(encoding="utf-8")
        assert tables.marked(tables.with_marked(page, "Another.\n", place.mark), place.mark) == "Another.\n"
        assert tables.marked(page, place.mark) == text, "Run `make bench` with --plot."


def test_the_summary_of_a_published_run_fits_into_the_readme(tmp_path: Path) -> None:
    before = tables.texts(tmp_path)
    assert before[tables.SUMMARY].startswith("The picture is of an earlier run")
    assert before[tables.RUNS] == ""
    published.keep(_written(tmp_path, WarmUp(10, 20_000)), tmp_path / "published")
    found = tables.texts(tmp_path / "published")
    summary = found[tables.SUMMARY]
    assert "earlier run" not in summary
    assert " ".join(summary.split()).startswith("Warm, in production mode and with the same answers, this service")
    assert "0.90 (Q1) to 2.50 (Q6)" in " ".join(summary.split())
    assert "(fewer in Q1)" in " ".join(summary.split())
    assert "| requests per second, 16 connections | 0.90 | 1.50 | 2.50 |" in summary
    page = tables.with_marked(tables.README.read_text(encoding="utf-8"), summary, tables.SUMMARY.mark)
    assert len(page.splitlines()) <= 150
    assert "### Beside other servers, 100,000 customers" in found[tables.RUNS]
    assert "| Q6 table, 1 | planned | 2.50 (2.40\N{EN DASH}2.60) | 1,500 |" in found[tables.RUNS]


def test_a_page_without_marks_is_not_written() -> None:
    with pytest.raises(BenchError, match="published"):
        tables.with_marked("# A page\n", "text\n", "published")


def test_runs_with_different_companies_are_kept_under_different_names(tmp_path: Path) -> None:
    run = _written(tmp_path, WarmUp(10, 20_000))
    run.write_text(run.read_text(encoding="utf-8").replace('"peers"', '"companies"'), encoding="utf-8")
    assert published.keep(run, tmp_path / "published").name == "companies-100000-2000.json"
    assert "### One company and many" in tables.texts(tmp_path / "published")[tables.RUNS]


def test_a_run_over_rest_is_shown_with_its_lists_and_not_among_the_runs_with_peers(tmp_path: Path) -> None:
    run = _written(tmp_path, WarmUp(10, 20_000))
    content = json.loads(run.read_text(encoding="utf-8"))
    figures = {"megabytes": 82.1, "seconds": 1, "server_cpu_seconds": 0.2, "postgres_cpu_seconds": 0.7}
    memory = {"resident_mb": 134.8, "most_resident_mb": 135.2}
    lists = [{"first_byte_ms": first, **figures, **memory} for first in (56.9, 6.0, 20.0, 7.0)]
    run.write_text(json.dumps({**content, "kind": "rest", "lists": lists}), encoding="utf-8")
    assert published.keep(run, tmp_path / "published").name == "rest-100000.json"
    found = tables.texts(tmp_path / "published")
    assert found[tables.RUNS] == found[tables.SUBSCRIPTIONS] == ""
    shown = found[tables.OVER_REST]
    assert shown.startswith("### REST beside GraphQL, 100,000 customers")
    assert "| list of all customers, 82 MB | first of the process | median of 3 others |" in shown
    assert "| first byte, ms | 57 | 7 |" in shown
    assert "| memory of the server at most, MB | 135 | 135 |" in shown


def test_a_run_with_subscribers_keeps_its_samples_and_has_its_own_place(tmp_path: Path) -> None:
    run = published.FOLDER / "live-5000.json"
    kept = published.keep(run, tmp_path)
    assert kept.name == run.name
    assert kept.read_text(encoding="utf-8") == run.read_text(encoding="utf-8")
    found = tables.texts(tmp_path)
    assert found[tables.RUNS] == found[tables.OVER_REST] == ""
    assert "| feed, 100 followers |" in found[tables.SUBSCRIPTIONS]


def test_mutations_run_last_because_queries_read_the_same_rows() -> None:
    options = Options(
        queries=QUERIES,
        servers=("planned",),
        modes=tuple(Mode),
        metadata=tuple(MetadataBy),
        connections=(1,),
        timing=Timing(),
        customers=1_000,
        companies=4,
        load=Generator.PYTHON,
        counts_statements=False,
    )
    passes = options.passes()
    assert [(one.mode, one.is_writing) for one in passes[-2:]] == [(Mode.PRODUCTION, True), (Mode.BARE, True)]
    assert all(one.queries == ("M1",) for one in passes[-2:])
    assert not any(one.is_writing or "M1" in one.queries for one in passes[:-2])
    assert [one.queries for one in passes[2:4]] == [(METADATA_QUERY,)] * 2


class Updating:
    """A server's answers to updates of one customer, whose version all servers share."""

    version = 1

    def __init__(self, name: str, *, step: int = 1, repeats: bool = True) -> None:
        self.running = SimpleNamespace(server=SimpleNamespace(name=name, is_ours=name == "planned"))
        self._step = step
        self._repeats = repeats
        self._keys: set[str] = set()

    def answer(self, _query: str, variables: dict[str, str]) -> Any:
        """Update the customer, unless the key was used before."""
        if not (self._repeats and variables["key"] in self._keys):
            Updating.version += self._step
        self._keys.add(variables["key"])
        customer = {"name": "Any", "notes": variables["notes"], "version": Updating.version}
        return {"updateCustomer": {"customer": customer, "errors": []}}


VALUES = Values(customers=1, ids=("first", "second"), parents=(), pairs=())


def test_updates_of_all_servers_are_compared() -> None:
    askers = [cast("Asker", asker) for asker in (Updating("planned"), Updating("mercurius"))]
    assert verify_writes(askers, VALUES) == 4


@pytest.mark.parametrize(
    "askers",
    [
        (Updating("planned", repeats=False), Updating("mercurius")),
        (Updating("planned"), Updating("mercurius", step=0)),
        (Updating("planned"), Updating("mercurius", step=2)),
    ],
    ids=["a repeated key", "a version that stays", "a version that jumps"],
)
def test_an_update_that_does_not_advance_the_version_by_one_ends_the_run(askers: tuple[Updating, ...]) -> None:
    with pytest.raises(BenchError, match=r"answered an update unexpectedly: .*version"):
        verify_writes([cast("Asker", asker) for asker in askers], VALUES)


@pytest.mark.parametrize("run", [["--multi-company"], ["--workers", "2"], ["--rest"]], ids=str)
def test_only_the_run_with_peers_has_mutations(run: list[str]) -> None:
    application = typer.Typer()
    application.command()(bench)
    result = CliRunner().invoke(application, [*run, "--queries", "M1"])
    assert result.exit_code == 2
    assert "'M1' is unknown" in result.output
