"""The three runs: this service beside its peers, one company beside several, and one worker process beside many."""

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import uvloop

from bench.arrangement import LARGE_COMPANY, SMALL_COMPANIES
from bench.asking import Asker
from bench.cpu import Cores, held_to
from bench.database import prepared
from bench.documents import Values, values_of
from bench.measure import Block, Contestant, measure
from bench.options import MetadataBy, Mode, Options, Pass
from bench.results import PEERS_RUN, Results, rows_of
from bench.servers import Server, Stage, known_servers, ours, running
from bench.statements import Statements, count_statements
from bench.tokens import Issuer
from bench.verify import verify, verify_walls

Tell = Callable[[str], None]
_Counted = dict[tuple[str, str], dict[str, Statements]]
"""By mode and query, then by server."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured."""

    kind: str
    relative_to: str
    blocks: list[Block]
    counted: _Counted

    @property
    def results(self) -> Results:
        """What it found."""
        rows = (rows_of(block, self.counted.get((block.mode, block.query), {})) for block in self.blocks)
        return Results(self.kind, self.relative_to, tuple(chain.from_iterable(rows)))


@contextmanager
def staged(folder: Path, options: Options, cores: Cores, say: Tell) -> Generator[Stage]:
    """PostgreSQL with its rows, on the cores that this process is held to as well."""
    with held_to(cores.others), prepared(folder, options.customers, cores, say) as cluster:
        yield Stage(cluster, Issuer.in_folder(folder / "keys"), folder / "logs", cores)


def against_peers(options: Options, stage: Stage, say: Tell, tell: Tell) -> Run:
    """All servers with all queries, in each mode; nothing is timed before all of them gave the same answers."""
    servers = _chosen(options)
    values = asyncio.run(values_of(stage.cluster.owner_dsn, LARGE_COMPANY))
    statements: _Counted = {}
    stage.cluster.restart(counting=True)
    for each in options.passes():
        tell(f"Comparing answers: {each.mode}, metadata by {each.metadata}")
        with _side_by_side(servers, stage, each.mode, each.metadata) as askers:
            cursors = _cursors(askers, values)
            compared = verify(askers, each.queries, values, cursors)
            verify_walls(askers, stage.issuer, values)
            say(f"{each.mode}, metadata by {each.metadata}: {compared} answers compared, all identical.")
            statements |= _statements(askers, each, values, cursors, stage)
    stage.cluster.restart(counting=False)
    blocks: list[Block] = []
    for each in options.passes():
        with _side_by_side(servers, stage, each.mode, each.metadata) as askers:
            cursors = _cursors(askers, values)
            for query in each.queries:
                contestants = [_contestant(asker, query, values, cursors) for asker in askers]
                blocks += _blocks(each.mode, each.label(query), contestants, options, stage, tell)
    return Run(PEERS_RUN, "the best peer of the query in the same mode", blocks, statements)


def across_companies(options: Options, stage: Stage, _say: Tell, tell: Tell) -> Run:
    """The same server with one company's tokens, and with several companies' in turn."""
    servers = _chosen(options)
    values = [asyncio.run(values_of(stage.cluster.owner_dsn, company_id)) for company_id in SMALL_COMPANIES]
    tokens = [stage.issuer.token(company_id) for company_id in SMALL_COMPANIES]
    blocks: list[Block] = []
    with _side_by_side(servers, stage, Mode.PRODUCTION, options.metadata[0]) as askers:
        for asker in askers:
            for query in options.queries:
                lists = [
                    asker.requests(query, each.rotated(query, asker.cursors(each.page, each.pages, token)), token)
                    for each, token in zip(values, tokens, strict=True)
                ]
                contestants = [
                    _named(asker, f"{asker.running.server.name}, 1 company", lists[0]),
                    _named(asker, f"{asker.running.server.name}, {len(lists)} companies", _in_turn(lists)),
                ]
                blocks += _blocks(Mode.PRODUCTION, query, contestants, options, stage, tell)
    return Run("companies", "the same server with one company", blocks, {})


def with_workers(workers: int, options: Options, stage: Stage, _say: Tell, tell: Tell) -> Run:
    """This service with one process and with many."""
    values = asyncio.run(values_of(stage.cluster.owner_dsn, LARGE_COMPANY))
    servers = [ours(f"planned, {count} worker{'s' * (count > 1)}", plans=True, workers=count) for count in (1, workers)]
    blocks: list[Block] = []
    with _side_by_side(servers, stage, Mode.PRODUCTION, options.metadata[0]) as askers:
        cursors = _cursors(askers, values)
        for query in options.queries:
            contestants = [_contestant(asker, query, values, cursors) for asker in askers]
            blocks += _blocks(Mode.PRODUCTION, query, contestants, options, stage, tell)
    return Run("workers", "one worker", blocks, {})


def _chosen(options: Options) -> list[Server]:
    known = known_servers()
    return [known[name] for name in options.servers]


@contextmanager
def _side_by_side(servers: Iterable[Server], stage: Stage, mode: Mode, metadata: MetadataBy) -> Generator[list[Asker]]:
    """All of the servers; those that are not asked cost nothing."""
    with ExitStack() as stack:
        yield [Asker(stack.enter_context(running(server, stage, mode, metadata))) for server in servers]


def _cursors(askers: Iterable[Asker], values: Values) -> dict[str, list[str]]:
    return {asker.running.server.name: asker.cursors(values.page, values.pages) for asker in askers}


def _statements(
    askers: Iterable[Asker], each: Pass, values: Values, cursors: Mapping[str, list[str]], stage: Stage
) -> _Counted:
    counted: _Counted = {}
    for asker in askers:
        name = asker.running.server.name
        for query in each.queries:
            requests = asker.requests(query, values.rotated(query, cursors[name]))
            counting = count_statements(stage.cluster.owner_dsn, asker.running.port, requests)
            counted.setdefault((each.mode, each.label(query)), {})[name] = asyncio.run(counting)
    return counted


def _contestant(asker: Asker, query: str, values: Values, cursors: Mapping[str, list[str]]) -> Contestant:
    name = asker.running.server.name
    return _named(asker, name, asker.requests(query, values.rotated(query, cursors[name])))


def _named(asker: Asker, name: str, requests: Sequence[bytes]) -> Contestant:
    at = asker.running
    return Contestant(name, at.pid, at.port, requests, at.server.is_peer)


def _in_turn(lists: Sequence[Sequence[bytes]]) -> list[bytes]:
    """One of each list, then the next of each."""
    return list(chain.from_iterable(zip(*lists, strict=False)))


def _blocks(
    mode: Mode, query: str, contestants: Sequence[Contestant], options: Options, stage: Stage, tell: Tell
) -> list[Block]:
    blocks: list[Block] = []
    for connections in options.connections:
        about = f"{mode}, {query}, {connections} connection{'s' * (connections > 1)}"
        measuring = measure(
            contestants,
            connections,
            options.timing,
            stage.cluster.pid,
            lambda words, about=about: tell(f"{about}: {words}"),
        )
        peers = tuple(each.name for each in contestants if each.is_peer)
        blocks.append(Block(mode, query, connections, uvloop.run(measuring), peers))
    return blocks
