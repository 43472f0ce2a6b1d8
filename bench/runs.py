"""The runs with queries: this service beside peers, beside another checkout, with more companies or processes."""

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import uvloop

from bench import wrk
from bench.arrangement import FEW, LARGE_COMPANY, small_companies
from bench.asking import Asker
from bench.cpu import Cores, held_to
from bench.database import prepared
from bench.documents import ROTATED, Values, values_of
from bench.load import Generator as LoadGenerator
from bench.measure import Block, Contestant, load_of, measure, warm_up
from bench.options import MetadataBy, Mode, Options, Pass
from bench.results import COMPANIES_RUN, PEERS_RUN, Results, rows_of
from bench.servers import Server, Stage, known_servers, ours, running
from bench.statements import Statements, count_statements
from bench.tokens import Issuer
from bench.verify import verify, verify_isolation, verify_writes

Tell = Callable[[str], None]
_Counted = dict[tuple[str, str], dict[str, Statements]]
"""Statements by mode and query, then by server."""


@dataclass(frozen=True, slots=True)
class Run:
    """The measurements of a run."""

    kind: str
    relative_to: str
    blocks: list[Block]
    counted: _Counted
    more: Mapping[str, object] = field(default_factory=dict[str, object])
    """What was measured besides, as it is saved."""

    def results(self, options: Options) -> Results:
        """Return the results of the measurements."""
        rows = (rows_of(block, self.counted.get((block.mode, block.query), {})) for block in self.blocks)
        load = wrk.version() if options.load is LoadGenerator.WRK else "asyncio"
        return Results(self.kind, self.relative_to, options.customers, load, tuple(chain.from_iterable(rows)))


@contextmanager
def staged(folder: Path, customers: int, companies: int, cores: Cores, say: Tell) -> Generator[Stage]:
    """Start PostgreSQL with its rows, and pin it and this process to the same cores."""
    with held_to(cores.others), prepared(folder, customers, companies, cores, say) as cluster:
        yield Stage(cluster, Issuer.in_folder(folder / "keys"), folder / "logs", cores)


def against_peers(options: Options, stage: Stage, say: Tell, tell: Tell) -> Run:
    """Measure all servers with all queries in each mode, after checking that they return the same answers."""
    servers = _chosen(options)
    values = asyncio.run(values_of(stage.cluster.owner_dsn, LARGE_COMPANY))
    statements: _Counted = {}
    stage.cluster.restart(counting=options.counts_statements)
    for pass_ in options.passes():
        tell(f"Comparing answers: {pass_.mode}, metadata by {pass_.metadata}")
        with _for_pass(pass_, servers, stage) as askers:
            cursors = _cursors(askers, values)
            compared = (
                verify_writes(askers, values) if pass_.is_writing else verify(askers, pass_.queries, values, cursors)
            )
            verify_isolation(askers, stage.issuer, values)
            about = "mutations" if pass_.is_writing else f"metadata by {pass_.metadata}"
            say(f"{pass_.mode}, {about}: {compared} answers compared, all identical.")
            if options.counts_statements:
                statements |= _statements(askers, pass_, values, cursors, stage)
    stage.cluster.restart(counting=False)
    blocks: list[Block] = []
    for pass_ in options.passes():
        with _for_pass(pass_, servers, stage) as askers:
            cursors = _cursors(askers, values)
            for query in pass_.queries:
                contestants = [_contestant(asker, query, values, cursors) for asker in askers]
                blocks += blocks_of(pass_.mode, pass_.label(query), contestants, options, stage, tell)
    return Run(PEERS_RUN, "the best peer of the query in the same mode", blocks, statements)


def across_companies(options: Options, stage: Stage, _say: Tell, tell: Tell) -> Run:
    """Measure each server with the tokens of one company, and of several companies in turn."""
    servers = _chosen(options)
    companies = small_companies(options.companies)
    values = [asyncio.run(values_of(stage.cluster.owner_dsn, company_id)) for company_id in companies]
    tokens = [stage.issuer.token(company_id) for company_id in companies]
    # With many companies one request for each is enough, and the requests of all stay in memory.
    most = ROTATED if options.companies == FEW else 1
    blocks: list[Block] = []
    with side_by_side(servers, stage, Mode.PRODUCTION, options.metadata[0]) as askers:
        for asker in askers:
            for query in options.queries:
                if query == "Q4" and not all(rows.parents for rows in values):
                    # Tiny companies have no parent with a page of children.
                    continue
                lists = [
                    asker.requests(
                        query, rows.rotated(query, asker.cursors(rows.page, rows.pages, token))[:most], token
                    )
                    for rows, token in zip(values, tokens, strict=True)
                ]
                contestants = [
                    named(asker, f"{asker.running.server.name}, 1 company", lists[0]),
                    named(asker, f"{asker.running.server.name}, {len(lists)} companies", _in_turn(lists)),
                ]
                blocks += blocks_of(Mode.PRODUCTION, query, contestants, options, stage, tell)
    return Run(COMPANIES_RUN, "the same server with one company", blocks, {})


def with_workers(workers: int, options: Options, stage: Stage, _say: Tell, tell: Tell) -> Run:
    """Measure this service with one process and with several."""
    values = asyncio.run(values_of(stage.cluster.owner_dsn, LARGE_COMPANY))
    servers = [ours(f"planned, {count} worker{'s' * (count > 1)}", plans=True, workers=count) for count in (1, workers)]
    blocks: list[Block] = []
    with side_by_side(servers, stage, Mode.PRODUCTION, options.metadata[0]) as askers:
        cursors = _cursors(askers, values)
        for query in options.queries:
            contestants = [_contestant(asker, query, values, cursors) for asker in askers]
            blocks += blocks_of(Mode.PRODUCTION, query, contestants, options, stage, tell)
    return Run("workers", "one worker", blocks, {})


def beside(checkout: Path, options: Options, stage: Stage, say: Tell, tell: Tell) -> Run:
    """Measure this checkout and another one with its own environment, after checking that they answer the same."""
    values = asyncio.run(values_of(stage.cluster.owner_dsn, LARGE_COMPANY))
    servers = [ours("other", plans=True, checkout=checkout), ours("this", plans=True)]
    blocks: list[Block] = []
    with side_by_side(servers, stage, Mode.PRODUCTION, options.metadata[0]) as askers:
        cursors = _cursors(askers, values)
        compared = verify(askers, options.queries, values, cursors)
        say(f"{compared} answers compared, all identical.")
        for query in options.queries:
            contestants = [_contestant(asker, query, values, cursors) for asker in askers]
            blocks += blocks_of(Mode.PRODUCTION, query, contestants, options, stage, tell)
    return Run("checkouts", "the other checkout", blocks, {})


def _chosen(options: Options) -> list[Server]:
    known = known_servers()
    return [known[name] for name in options.servers]


@contextmanager
def _for_pass(pass_: Pass, servers: Iterable[Server], stage: Stage) -> Generator[list[Asker]]:
    """Start the servers of a pass, those that can write on a copy of the database."""
    wanted = [server for server in servers if server.can_write or not pass_.is_writing]
    with (
        stage.cluster.copied() if pass_.is_writing else nullcontext(),
        side_by_side(wanted, stage, pass_.mode, pass_.metadata) as askers,
    ):
        yield askers


@contextmanager
def side_by_side(servers: Iterable[Server], stage: Stage, mode: Mode, metadata: MetadataBy) -> Generator[list[Asker]]:
    """Start all servers at the same time. Idle ones take no CPU time."""
    with ExitStack() as stack:
        yield [Asker(stack.enter_context(running(server, stage, mode, metadata))) for server in servers]


def _cursors(askers: Iterable[Asker], values: Values) -> dict[str, list[str]]:
    return {asker.running.server.name: asker.cursors(values.page, values.pages) for asker in askers}


def _statements(
    askers: Iterable[Asker], pass_: Pass, values: Values, cursors: Mapping[str, list[str]], stage: Stage
) -> _Counted:
    counted: _Counted = {}
    for asker in askers:
        name = asker.running.server.name
        for query in pass_.queries:
            requests = asker.requests(query, values.rotated(query, cursors[name]))
            counting = count_statements(stage.cluster.owner_dsn, asker.running.port, requests)
            counted.setdefault((pass_.mode, pass_.label(query)), {})[name] = asyncio.run(counting)
    return counted


def _contestant(asker: Asker, query: str, values: Values, cursors: Mapping[str, list[str]]) -> Contestant:
    name = asker.running.server.name
    requests = asker.requests(query, values.rotated(query, cursors[name]))
    return named(asker, name, requests, is_peer=asker.running.server.is_peer)


def named(asker: Asker, name: str, requests: Sequence[bytes], *, is_peer: bool = False) -> Contestant:
    """Return a server under a name, with the requests that it is measured with."""
    at = asker.running
    return Contestant(name, at.pid, at.port, requests, is_peer)


def _in_turn(lists: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Return the items of all lists in turn."""
    return list(chain.from_iterable(zip(*lists, strict=False)))


def blocks_of(
    mode: Mode, query: str, contestants: Sequence[Contestant], options: Options, stage: Stage, tell: Tell
) -> list[Block]:
    """Warm up and measure contestants with one query, for each number of connections."""
    return uvloop.run(_measured(mode, query, contestants, options, stage, tell))


async def _measured(
    mode: Mode, query: str, contestants: Sequence[Contestant], options: Options, stage: Stage, tell: Tell
) -> list[Block]:
    peers = tuple(contestant.name for contestant in contestants if contestant.is_peer)
    loads = {contestant.name: load_of(contestant, options.load) for contestant in contestants}

    def telling(connections: int) -> Tell:
        about = f"{mode}, {query}, {connections} connection{'s' * (connections > 1)}"
        return lambda words: tell(f"{about}: {words}")

    most, timing = max(options.connections), options.timing
    warm_ups = await warm_up(contestants, loads, most, timing, telling(most))
    blocks: list[Block] = []
    for connections in options.connections:
        samples = await measure(contestants, loads, connections, timing, stage.cluster.pid, telling(connections))
        blocks.append(Block(mode, query, connections, samples, peers, warm_ups))
    return blocks
