"""Turns of events at a steady rate, and moments without any."""

import asyncio
import time
from dataclasses import dataclass

from bench.cpu import resident_megabytes, run_seconds
from bench.failures import BenchError
from bench.live.audience import Audience
from bench.live.options import LiveTiming
from bench.live.writing import CUSTOMERS, Writer

_MOST_DELIVERIES_PER_SECOND = 5_000
_TOGETHER = 500
"""Number of subscribers that begin before the next ones do."""
_READY_SECONDS = 120
_RECEIVED_SECONDS = 120
"""A server that is too slow for the rate has this long to catch up."""
_PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes whose CPU time counts."""

    server: int
    postgres: int


@dataclass(frozen=True, slots=True)
class Turn:
    """The figures of one turn."""

    events: int
    deliveries: int
    seconds: float
    """Until the end of the turn, or longer until every subscriber received the last event."""
    p50_ms: float
    p99_ms: float
    all_p99_ms: float
    """The time in which 99 % of the events reached the last subscriber."""
    server_cpu_ms: float
    """CPU time of the server per delivered event."""
    postgres_cpu_ms: float
    load_cpu_ms: float


@dataclass(frozen=True, slots=True)
class Idle:
    """The figures of subscribers that receive nothing."""

    subscribers: int
    kilobytes: float
    """Resident memory of the server per subscriber."""
    server_cpu_percent: float
    """Share of a core."""
    postgres_cpu_percent: float


def rate(subscribers: int, most: float) -> float:
    """Return the events per second of a turn: at most `most`, and fewer for many subscribers."""
    return min(most, _MOST_DELIVERIES_PER_SECOND / subscribers)


async def subscribed(audience: Audience, to: int, writer: Writer) -> None:
    """Subscribe until there are this many, some at a time: graphql-transport-ws doesn't say which ones have begun."""
    while (count := audience.ledger.subscribers) < to:
        await audience.grow(min(to, count + _TOGETHER))
        await _ready(audience, writer)
    await audience.quiet()


async def _ready(audience: Audience, writer: Writer) -> None:
    """Write events until each subscriber received one."""
    ledger, began = audience.ledger, time.monotonic()
    while len(ledger.heard) < ledger.subscribers:
        if time.monotonic() - began > _READY_SECONDS:
            missing = ledger.subscribers - len(ledger.heard)
            msg = f"{missing:,} of {ledger.subscribers:,} subscribers received nothing within {_READY_SECONDS} seconds."
            raise BenchError(msg)
        await writer.write(ledger, is_counted=False)
        probed = time.monotonic()
        while len(ledger.heard) < ledger.subscribers and time.monotonic() - probed < _PROBE_SECONDS:
            await asyncio.sleep(0.05)
            ledger.check()


async def turn(audience: Audience, writer: Writer, timing: LiveTiming, processes: Processes) -> Turn:
    """Write events at a steady rate, and wait until all subscribers received all of them."""
    ledger, per_second = audience.ledger, rate(audience.ledger.subscribers, timing.per_second)
    count = max(1, round(timing.seconds * per_second))
    if count > CUSTOMERS:
        msg = f"A turn has at most {CUSTOMERS:,} events: shorten it."
        raise BenchError(msg)
    server, postgres, load = run_seconds(processes.server), run_seconds(processes.postgres), time.process_time()
    began = time.monotonic()
    for number in range(count):
        await _until(began + number / per_second)
        await writer.write(ledger, is_counted=True)
    await _until(began + count / per_second)
    await ledger.all_received(_RECEIVED_SECONDS)
    took = time.monotonic() - began
    server, postgres = run_seconds(processes.server) - server, run_seconds(processes.postgres) - postgres
    load = time.process_time() - load
    # Whatever arrives a second time arrives now.
    await audience.quiet()
    received = ledger.forget()
    return Turn(
        events=received.events,
        deliveries=received.deliveries,
        seconds=took,
        p50_ms=received.p50_ms,
        p99_ms=received.p99_ms,
        all_p99_ms=received.all_p99_ms,
        server_cpu_ms=1000 * server / received.deliveries,
        postgres_cpu_ms=1000 * postgres / received.deliveries,
        load_cpu_ms=1000 * load / received.deliveries,
    )


async def idle(audience: Audience, seconds: float, processes: Processes, before_megabytes: float) -> Idle:
    """Measure subscribers that receive nothing."""
    subscribers = audience.ledger.subscribers
    resident = resident_megabytes(processes.server)
    server, postgres, began = run_seconds(processes.server), run_seconds(processes.postgres), time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    audience.ledger.check()
    return Idle(
        subscribers=subscribers,
        kilobytes=1000 * (resident - before_megabytes) / subscribers,
        server_cpu_percent=100 * (run_seconds(processes.server) - server) / took,
        postgres_cpu_percent=100 * (run_seconds(processes.postgres) - postgres) / took,
    )


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
