"""A run with subscribers, from start to results."""

import asyncio
import resource
from collections.abc import Callable
from dataclasses import replace

import uvloop

from bench import wrk
from bench.arrangement import LARGE_COMPANY, small_companies
from bench.cpu import resident_megabytes
from bench.failures import BenchError
from bench.live.audience import Audience
from bench.live.checks import check_refusals
from bench.live.contestants import TRANSPORTS, Contestant, contesting
from bench.live.options import LiveOptions
from bench.live.results import Deliveries, IdleSample, LiveResults
from bench.live.turns import Turn, idle, subscribed, turn
from bench.live.writes import measure_writes
from bench.live.writing import Writer, writing
from bench.load import Generator
from bench.python_load import undisturbed
from bench.servers import Stage

Tell = Callable[[str], None]

_WARM_SUBSCRIBERS = 50
_SETTLED_SECONDS = 2.0
# Of each process beside its subscribers' connections: files, the pool, listeners.
_OTHER_FILES = 300


def run_live(options: LiveOptions, stage: Stage, say: Tell, tell: Tell) -> LiveResults:
    """Measure deliveries and idle subscribers of each server, and what followers cost writes of this service."""
    idle_counts = _idle_counts(options.idle, say)
    most = max(*options.subscribers, *idle_counts, _WARM_SUBSCRIBERS)
    deliveries: list[Deliveries] = []
    idles: list[IdleSample] = []
    for name in options.servers:
        for transport in TRANSPORTS[name]:
            with contesting(name, transport, stage, most) as contestant:
                run = _Run(contestant, options, idle_counts, stage, tell)
                try:
                    uvloop.run(run.measure())
                except BenchError as error:
                    msg = f"{name}, {transport}: {error}"
                    raise BenchError(msg) from None
            deliveries += run.deliveries
            idles += run.idles
    writes = measure_writes(options, stage, say, tell) if "planned" in options.servers else []
    load = wrk.version() if options.load is Generator.WRK else "asyncio"
    return LiveResults(options.customers, load, tuple(deliveries), tuple(idles), tuple(writes))


def _idle_counts(wanted: tuple[int, ...], say: Tell) -> tuple[int, ...]:
    """Raise the limit of open files, and return the numbers of subscribers that it allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    allowed = tuple(count for count in wanted if hard == resource.RLIM_INFINITY or count + _OTHER_FILES <= hard)
    for count in sorted({*wanted} - {*allowed}):
        say(f"{count:,} idle subscribers are left out: the limit of open files is {hard:,}.")
    return allowed


class _Run:
    """The measurements of one contestant."""

    def __init__(
        self, contestant: Contestant, options: LiveOptions, idle_counts: tuple[int, ...], stage: Stage, tell: Tell
    ) -> None:
        self.deliveries: list[Deliveries] = []
        self.idles: list[IdleSample] = []
        self._contestant = contestant
        self._options = options
        self._idle_counts = idle_counts
        self._stage = stage
        self._name = contestant.running.server.name
        self._tell: Tell = lambda words: tell(f"{self._name}, {contestant.transport}: {words}")

    async def measure(self) -> None:
        """Check, warm up, and measure idle subscribers before others, whose garbage would be counted as theirs."""
        dsn = self._stage.cluster.owner_dsn
        async with writing(dsn, LARGE_COMPANY) as writer:
            self._tell("checking credentials")
            await check_refusals(self._contestant, self._stage.issuer, writer)
            async with writing(dsn, small_companies()[0]) as foreign_writer:
                await self._warm_up(writer, foreign_writer)
            await self._measure_idle(writer)
            for subscribers in self._options.subscribers:
                await self._measure_deliveries(subscribers, writer)

    async def _warm_up(self, writer: Writer, foreign_writer: Writer) -> None:
        self._tell("warming up")
        token = self._stage.issuer.token(small_companies()[0])
        async with self._contestant.audience(token) as foreign, self._audience() as audience:
            await subscribed(foreign, 1, foreign_writer)
            await subscribed(audience, _WARM_SUBSCRIBERS, writer)
            timing = replace(self._options.timing, seconds=self._options.timing.warm_up_seconds)
            await turn(audience, writer, timing, self._contestant.processes)
            # It knows only the change of its own company: any other one would have failed it.
            foreign.ledger.check()
        await asyncio.sleep(_SETTLED_SECONDS)

    async def _measure_idle(self, writer: Writer) -> None:
        processes, seconds = self._contestant.processes, self._options.timing.idle_seconds
        before = resident_megabytes(processes.server)
        async with self._audience() as audience:
            for count in self._idle_counts:
                self._tell(f"{count:,} idle subscribers")
                await subscribed(audience, count, writer)
                await asyncio.sleep(_SETTLED_SECONDS)
                found = await idle(audience, seconds, processes, before)
                self.idles.append(IdleSample(self._name, self._contestant.transport, found))
        await asyncio.sleep(_SETTLED_SECONDS)

    async def _measure_deliveries(self, subscribers: int, writer: Writer) -> None:
        timing, processes = self._options.timing, self._contestant.processes
        turns: list[Turn] = []
        async with self._audience() as audience:
            await subscribed(audience, subscribers, writer)
            with undisturbed():
                # The first turn warms up.
                for number in range(timing.rounds + 1):
                    self._tell(f"{subscribers:,} subscribers, turn {number} of {timing.rounds}")
                    turns.append(await turn(audience, writer, timing, processes))
        await asyncio.sleep(_SETTLED_SECONDS)
        is_peer = self._contestant.running.server.is_peer
        self.deliveries.append(
            Deliveries(self._name, self._contestant.transport, subscribers, tuple(turns[1:]), is_peer)
        )

    def _audience(self) -> Audience:
        return self._contestant.audience(self._contestant.running.token)
