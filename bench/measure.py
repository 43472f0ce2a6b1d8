"""Measuring: in each round, every contestant has one window of load."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.cpu import resident_megabytes, run_seconds
from bench.failures import BenchError
from bench.load import Generator, Length, Load, Window
from bench.options import WARM, Timing
from bench.python_load import PythonLoad
from bench.wrk import WrkLoad


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server and its requests, measured under one name."""

    name: str
    pid: int
    port: int
    requests: Sequence[bytes]
    is_peer: bool = False
    """Whether it may be the reference: the fastest peer is."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one window."""

    per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    """CPU time of the server per request."""
    postgres_cpu_ms: float
    """CPU time of PostgreSQL per request."""
    load_cpu_ms: float
    """CPU time of the load generator per request."""
    resident_mb: float
    requests: int


@dataclass(frozen=True, slots=True)
class WarmUp:
    """The load before the first round."""

    seconds: float
    requests: int

    @property
    def is_enough(self) -> bool:
        """Whether figures after it may be published. Node's compiler needs this many requests."""
        return WARM.is_over(self.seconds, self.requests)


@dataclass(frozen=True, slots=True)
class Block:
    """The samples of all contestants for one query and number of connections, in the order of the rounds."""

    mode: str
    query: str
    connections: int
    samples: dict[str, list[Sample]]
    peers: tuple[str, ...]
    """The contestants that may be the reference."""
    warm_ups: dict[str, WarmUp]
    """The load on each contestant before the first round of this query, with any number of connections."""


def load_of(contestant: Contestant, generator: Generator) -> Load:
    """Return the load of a contestant's requests."""
    kind = WrkLoad if generator is Generator.WRK else PythonLoad
    return kind(contestant.port, contestant.requests)


async def warm_up(
    contestants: Sequence[Contestant],
    loads: Mapping[str, Load],
    connections: int,
    timing: Timing,
    tell: Callable[[str], None],
) -> dict[str, WarmUp]:
    """Warm all contestants up, and return the load on each."""
    found: dict[str, WarmUp] = {}
    for contestant in contestants:
        tell(f"{contestant.name}: warming up")
        window = _checked(contestant, await loads[contestant.name].run(connections, timing.warm_up))
        found[contestant.name] = WarmUp(window.seconds, window.requests)
    return found


async def measure(
    contestants: Sequence[Contestant],
    loads: Mapping[str, Load],
    connections: int,
    timing: Timing,
    postgres_pid: int,
    tell: Callable[[str], None],
) -> dict[str, list[Sample]]:
    """Return the samples of each contestant. Each round starts with another one."""
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    for number in range(timing.rounds):
        for contestant in _rotated(contestants, number):
            tell(f"{contestant.name}: round {number + 1} of {timing.rounds}")
            sample = await _sample(contestant, loads[contestant.name], connections, timing.seconds, postgres_pid)
            samples[contestant.name].append(sample)
    return samples


async def _sample(contestant: Contestant, load: Load, connections: int, seconds: float, postgres_pid: int) -> Sample:
    server, postgres = run_seconds(contestant.pid), run_seconds(postgres_pid)
    window = _checked(contestant, await load.run(connections, Length(seconds)))
    # Work after an answer, such as the end of its transaction, is part of its cost.
    await asyncio.sleep(0.02)
    server, postgres = run_seconds(contestant.pid) - server, run_seconds(postgres_pid) - postgres
    return Sample(
        per_second=window.requests / window.seconds,
        p50_ms=window.p50_ms,
        p99_ms=window.p99_ms,
        server_cpu_ms=1000 * server / window.requests,
        postgres_cpu_ms=1000 * postgres / window.requests,
        load_cpu_ms=1000 * window.load_cpu_seconds / window.requests,
        resident_mb=resident_megabytes(contestant.pid),
        requests=window.requests,
    )


def _rotated(contestants: Sequence[Contestant], by: int) -> Iterable[Contestant]:
    by %= len(contestants)
    return (*contestants[by:], *contestants[:by])


def _checked(contestant: Contestant, window: Window) -> Window:
    if window.errors:
        failed = f"{contestant.name} failed {window.errors} of {window.requests} requests."
        msg = f"{failed} End of the first answer: {window.first_error}"
        raise BenchError(msg)
    return window
