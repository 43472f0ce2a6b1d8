"""Measuring: in each round, every contestant has one window of load."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.cpu import resident_megabytes, run_seconds
from bench.failures import BenchError
from bench.load import Load, Window
from bench.options import Timing


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
    resident_mb: float
    requests: int


@dataclass(frozen=True, slots=True)
class Block:
    """The samples of all contestants for one query and number of connections, in the order of the rounds."""

    mode: str
    query: str
    connections: int
    samples: dict[str, list[Sample]]
    peers: tuple[str, ...]
    """The contestants that may be the reference."""


async def measure(
    contestants: Sequence[Contestant],
    connections: int,
    timing: Timing,
    postgres_pid: int,
    tell: Callable[[str], None],
) -> dict[str, list[Sample]]:
    """Return the samples of each contestant. Each round starts with another one."""
    loads = {contestant.name: Load(contestant.port, contestant.requests) for contestant in contestants}
    samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
    for contestant in contestants:
        tell(f"{contestant.name}: warming up")
        _checked(contestant, await loads[contestant.name].run(connections, timing.warm_up_seconds))
    for number in range(timing.rounds):
        for contestant in _rotated(contestants, number):
            tell(f"{contestant.name}: round {number + 1} of {timing.rounds}")
            sample = await _sample(contestant, loads[contestant.name], connections, timing.seconds, postgres_pid)
            samples[contestant.name].append(sample)
    return samples


async def _sample(contestant: Contestant, load: Load, connections: int, seconds: float, postgres_pid: int) -> Sample:
    server, postgres = run_seconds(contestant.pid), run_seconds(postgres_pid)
    window = _checked(contestant, await load.run(connections, seconds))
    # Work after an answer, such as the end of its transaction, is part of its cost.
    await asyncio.sleep(0.02)
    server, postgres = run_seconds(contestant.pid) - server, run_seconds(postgres_pid) - postgres
    return Sample(
        per_second=window.requests / window.seconds,
        p50_ms=window.percentile(0.5),
        p99_ms=window.percentile(0.99),
        server_cpu_ms=1000 * server / window.requests,
        postgres_cpu_ms=1000 * postgres / window.requests,
        resident_mb=resident_megabytes(contestant.pid),
        requests=window.requests,
    )


def _rotated(contestants: Sequence[Contestant], by: int) -> Iterable[Contestant]:
    by %= len(contestants)
    return (*contestants[by:], *contestants[:by])


def _checked(contestant: Contestant, window: Window) -> Window:
    if window.errors:
        shown = window.first_error.decode(errors="replace")
        msg = (
            f"{contestant.name} failed {window.errors} of {window.requests} requests. End of the first answer: {shown}"
        )
        raise BenchError(msg)
    return window
