"""Options of a run with subscribers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.load import Generator, Length


@dataclass(frozen=True, slots=True)
class LiveTiming:
    """Number and durations of turns."""

    rounds: int = 3
    seconds: float = 5.0
    per_second: float = 50.0
    """The most events per second."""
    warm_up_seconds: float = 10.0
    idle_seconds: float = 30.0
    """Longer than the pause between keep-alives."""
    write_seconds: float = 3.0
    write_rounds: int = 5
    write_warm_up: Length = field(default_factory=lambda: Length(10))


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """The options of a run with subscribers."""

    servers: tuple[str, ...]
    subscribers: tuple[int, ...]
    """Numbers of subscribers that receive events."""
    idle: tuple[int, ...]
    """Numbers of subscribers that receive nothing, in ascending order."""
    followers: int
    """Number of subscribers while mutations are measured."""
    connections: int
    """Number of connections that send mutations."""
    timing: LiveTiming
    customers: int
    load: Generator


_QUICK = LiveTiming(
    rounds=1,
    seconds=1.0,
    warm_up_seconds=1.0,
    idle_seconds=2.0,
    write_seconds=0.5,
    write_rounds=1,
    write_warm_up=Length(0.5),
)


def live_options(load: Generator, changes: Mapping[str, Any], *, is_quick: bool) -> LiveOptions:
    """Return the options of a whole or a quick run, with the changes that aren't None."""
    given = {name: value for name, value in changes.items() if value is not None}
    timing = _QUICK if is_quick else LiveTiming()
    timing = replace(timing, **{name: given.pop(name) for name in ("rounds", "seconds", "per_second") if name in given})
    options = LiveOptions(
        servers=("planned", "mercurius", "postgraphile"),
        subscribers=(1, 20) if is_quick else (1, 100, 1_000),
        idle=(50,) if is_quick else (1_000, 10_000),
        followers=10 if is_quick else 100,
        connections=4 if is_quick else 16,
        timing=timing,
        # Their number doesn't matter for a feed, and each server gets a copy of the database.
        customers=5_000,
        load=load,
    )
    return replace(options, **given)
