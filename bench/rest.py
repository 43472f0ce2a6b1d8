"""The run over REST: one customer and a page beside the same documents over GraphQL, and the list of all customers."""

import asyncio
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.rest.documents import TEXTS
from bench.arrangement import LARGE_COMPANY
from bench.asking import Asker
from bench.cpu import resident_megabytes, run_seconds
from bench.documents import values_of
from bench.failures import BenchError
from bench.load import HOST, request
from bench.measure import Block
from bench.options import Mode, Options
from bench.results import REST_RUN
from bench.runs import Run, Tell, blocks_of, named, side_by_side
from bench.servers import Stage, known_servers

REST_QUERIES = ("R1", "R2")
"""GET of one customer, and of a page of PAGE customers."""
PAGE = 50
_CUSTOMERS = "/v1/customers"
_SECONDS = 120
_PIECE_BYTES = 65_536
_BYTES_PER_SAMPLE = 2_000_000
_NUMBER = b'"customerNumber":'
_OK = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """A request over REST and the same over GraphQL."""

    path: str
    document: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Whole:
    """The figures of one list of all customers."""

    first_byte_ms: float
    seconds: float
    megabytes: float
    rows: int
    server_cpu_seconds: float
    postgres_cpu_seconds: float
    resident_mb: float
    """Resident memory of the server before."""
    most_resident_mb: float
    """The most that it had while the list was read."""

    def __str__(self) -> str:
        """The figures as a line."""
        return (
            f"{self.rows:,} customers, {self.megabytes:.1f} MB: first byte after {self.first_byte_ms:.1f} ms, "
            f"{self.seconds:.2f} s, {self.megabytes / self.seconds:.1f} MB/s, CPU of the server "
            f"{self.server_cpu_seconds:.2f} s and of PostgreSQL {self.postgres_cpu_seconds:.2f} s, memory of the server "
            f"{self.resident_mb:.1f} MB before and {self.most_resident_mb:.1f} MB at most"
        )


def over_rest(options: Options, stage: Stage, say: Tell, tell: Tell) -> Run:
    """Measure this service over REST and GraphQL, after checking that both answer with the same customers."""
    values = asyncio.run(values_of(stage.cluster.owner_dsn, LARGE_COMPANY))
    blocks: list[Block] = []
    with side_by_side([known_servers()["planned"]], stage, Mode.PRODUCTION, options.metadata[0]) as (asker,):
        cursors = asker.cursors(values.page, values.pages)
        pairs = {
            "R1": [Pair(f"{_CUSTOMERS}/{one}", TEXTS["customer"], {"id": one}) for one in values.ids],
            "R2": [
                Pair(f"{_CUSTOMERS}?limit={PAGE}&after={cursor}", TEXTS["customers"], {"first": PAGE, "after": cursor})
                for cursor in cursors
            ],
        }
        # Before any other request, so that its process has nothing prepared.
        lists = [read_all(asker, stage, values.customers)]
        say(f"The first list of the process: {lists[0]}")
        for query in options.queries:
            for pair in pairs[query]:
                _compare(asker, pair)
            contestants = [
                named(asker, "GraphQL", [_by_graphql(asker, pair) for pair in pairs[query]]),
                named(asker, "REST", [_by_rest(asker, pair.path) for pair in pairs[query]]),
            ]
            blocks += blocks_of(Mode.PRODUCTION, query, contestants, options, stage, tell)
        for _ in range(options.timing.rounds):
            lists.append(read_all(asker, stage, values.customers))
            say(str(lists[-1]))
    return Run(REST_RUN, "the same document over GraphQL", blocks, {}, {"lists": [asdict(one) for one in lists]})


def read_all(asker: Asker, stage: Stage, customers: int) -> Whole:
    """Read the list of all customers, and check that it is whole."""
    server, postgres = asker.running.pid, stage.cluster.pid
    resident = most = resident_megabytes(server)
    server_cpu, postgres_cpu = run_seconds(server), run_seconds(postgres)
    connection = http.client.HTTPConnection(HOST, asker.running.port, timeout=_SECONDS)
    begun, first, size, rows, sampled = time.perf_counter(), 0.0, 0, 0, 0
    end = b""
    try:
        connection.request("GET", _CUSTOMERS, headers=_headers(asker))
        response = connection.getresponse()
        while piece := response.read1(_PIECE_BYTES):
            first = first or time.perf_counter()
            size += len(piece)
            # A name that is cut in two is found with the end of the piece before.
            rows += (end + piece).count(_NUMBER) - end.count(_NUMBER)
            end = (end + piece)[-40:]
            if size - sampled > _BYTES_PER_SAMPLE:
                sampled, most = size, max(most, resident_megabytes(server))
    finally:
        connection.close()
    ended = time.perf_counter()
    if response.status != _OK or not end.endswith(b"}]") or rows != customers:
        msg = f"The list has status {response.status}, {rows:,} customers of {customers:,}, and the end {end!r}."
        raise BenchError(msg)
    return Whole(
        first_byte_ms=1000 * (first - begun),
        seconds=ended - begun,
        megabytes=size / 1e6,
        rows=rows,
        server_cpu_seconds=run_seconds(server) - server_cpu,
        postgres_cpu_seconds=run_seconds(postgres) - postgres_cpu,
        resident_mb=resident,
        most_resident_mb=most,
    )


def _compare(asker: Asker, pair: Pair) -> None:
    """Raise BenchError unless both requests are answered with the same customers."""
    connection = http.client.HTTPConnection(HOST, asker.running.port, timeout=_SECONDS)
    try:
        connection.request("GET", pair.path, headers=_headers(asker))
        response = connection.getresponse()
        by_rest: Any = json.loads(response.read())
    finally:
        connection.close()
    data = asker.data(pair.document, pair.variables)
    by_graphql = [data["customer"]] if "customer" in data else data["customers"]["nodes"]
    shown = by_rest if "limit=" in pair.path else [by_rest]
    if response.status != _OK or _keys(shown) != _keys(by_graphql):
        msg = f"REST answered {response.status} to {pair.path} with other customers than GraphQL."
        raise BenchError(msg)


def _keys(customers: list[Any]) -> list[tuple[Any, ...]]:
    keys: tuple[str, ...] = ("id", "customerNumber", "name", "metadata")
    return [tuple(customer.get(key) for key in keys) for customer in customers]


def _headers(asker: Asker) -> dict[str, str]:
    return {"Accept": "application/json", "Authorization": f"Bearer {asker.running.token}"}


def _by_graphql(asker: Asker, pair: Pair) -> bytes:
    return request(asker.running.port, pair.document, pair.variables, asker.running.token)


def _by_rest(asker: Asker, path: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}:{asker.running.port}"]
    lines += [f"{name}: {value}" for name, value in _headers(asker).items()]
    return "\r\n".join([*lines, "", ""]).encode()
