"""Measuring: contestants take turns, round by round, and each turn is one window of load."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.cpu import resident_megabytes, run_seconds
from bench.failures import BenchError
from bench.load import Load, Window
from bench.options import Timing


@dataclass(frozen=True, slots=True)
class Contestant:
    """What is measured under one name: a server and what it is asked."""

    name: str
    pid: int
    port: int
    requests: Sequence[bytes]
    is_peer: bool = False
    """Whether others are compared with it, if it is the fastest of its kind."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one window showed."""

    per_second: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    """Run time of the server per request."""
    postgres_cpu_ms: float
    """Run time of PostgreSQL per request."""
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
    """Those that the others are compared with, if there are any."""


async def measure(
    contestants: Sequence[Contestant],
    connections: int,
    timing: Timing,
    postgres_pid: int,
    tell: Callable[[str], None],
) -> dict[str, list[Sample]]:
    """The samples of each contestant; in each round they take turns, and another one begins."""
    loads = {each.name: Load(each.port, each.requests) for each in contestants}
    samples: dict[str, list[Sample]] = {each.name: [] for each in contestants}
    for each in contestants:
        tell(f"{each.name}: warming up")
        _checked(each, await loads[each.name].run(connections, timing.warm_up_seconds))
    for number in range(timing.rounds):
        for each in _rotated(contestants, number):
            tell(f"{each.name}: round {number + 1} of {timing.rounds}")
            sample = await _sample(each, loads[each.name], connections, timing.seconds, postgres_pid)
            samples[each.name].append(sample)
    return samples


async def _sample(each: Contestant, load: Load, connections: int, seconds: float, postgres_pid: int) -> Sample:
    server, postgres = run_seconds(each.pid), run_seconds(postgres_pid)
    window = _checked(each, await load.run(connections, seconds))
    # What an answer leaves behind, such as the end of a transaction, is part of its cost.
    await asyncio.sleep(0.02)
    server, postgres = run_seconds(each.pid) - server, run_seconds(postgres_pid) - postgres
    return Sample(
        per_second=window.requests / window.seconds,
        p50_ms=window.percentile(0.5),
        p99_ms=window.percentile(0.99),
        server_cpu_ms=1000 * server / window.requests,
        postgres_cpu_ms=1000 * postgres / window.requests,
        resident_mb=resident_megabytes(each.pid),
        requests=window.requests,
    )


def _rotated(contestants: Sequence[Contestant], by: int) -> Iterable[Contestant]:
    by %= len(contestants)
    return (*contestants[by:], *contestants[:by])


def _checked(each: Contestant, window: Window) -> Window:
    if window.errors:
        shown = window.first_error.decode(errors="replace")
        msg = f"{each.name} failed {window.errors} of {window.requests} requests; the end of the first: {shown}"
        raise BenchError(msg)
    return window
