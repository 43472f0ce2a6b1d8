"""The results of a run with subscribers, the file in which they are saved, and their tables."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from bench.live.options import LiveOptions
from bench.live.turns import Idle, Turn
from bench.measure import Sample
from bench.report import milliseconds
from bench.results import FOLDER, machine, packages

ItemT = TypeVar("ItemT")

LIVE_RUN = "live"
"""The kind of a run with subscribers."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The turns of one server, transport and number of subscribers."""

    server: str
    transport: str
    subscribers: int
    turns: tuple[Turn, ...]
    is_peer: bool

    def middle(self, of: Callable[[Turn], float]) -> float:
        """Return the median of a figure over the turns."""
        return median(of(turn) for turn in self.turns)

    @property
    def cpu_ms(self) -> float:
        """CPU time of the server and PostgreSQL per delivered event."""
        return self.middle(lambda turn: turn.server_cpu_ms + turn.postgres_cpu_ms)


@dataclass(frozen=True, slots=True)
class IdleSample:
    """The idle subscribers of one server."""

    server: str
    transport: str
    idle: Idle


@dataclass(frozen=True, slots=True)
class Writes:
    """Mutations of this service in one form."""

    name: str
    followers: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class LiveResults:
    """All results of a run."""

    customers: int
    generator: str
    """What sent the mutations, with its version."""
    deliveries: tuple[Deliveries, ...]
    idles: tuple[IdleSample, ...]
    writes: tuple[Writes, ...]

    def save(self, options: LiveOptions) -> Path:
        """Write the results to a new file, and return its path."""
        moment = datetime.now(UTC)
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{LIVE_RUN}-{moment:%Y%m%dT%H%M%SZ}.json"
        content = {
            "kind": LIVE_RUN,
            "moment": moment.isoformat(timespec="seconds"),
            "machine": machine(),
            "packages": packages(),
            "options": asdict(options),
            **asdict(self),
        }
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> "LiveResults":
        """Return the results in a file of an earlier run."""
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            content["customers"],
            content["generator"],
            tuple(
                Deliveries(**_with(measured, turns=_all(Turn, measured["turns"]))) for measured in content["deliveries"]
            ),
            tuple(IdleSample(**_with(measured, idle=Idle(**measured["idle"]))) for measured in content["idles"]),
            tuple(
                Writes(**_with(measured, samples=_all(Sample, measured["samples"]))) for measured in content["writes"]
            ),
        )


def _with(content: dict[str, Any], **typed: object) -> dict[str, Any]:
    return {**content, **typed}


def _all(kind: Callable[..., ItemT], contents: list[dict[str, Any]]) -> tuple[ItemT, ...]:
    return tuple(kind(**content) for content in contents)


def is_live(path: Path) -> bool:
    """Return whether a file has the results of a run with subscribers."""
    return json.loads(path.read_text(encoding="utf-8")).get("kind") == LIVE_RUN


def tables(results: LiveResults) -> str:
    """Return the results as Markdown tables with a legend."""
    parts = [
        _table(_DELIVERIES, [_of_deliveries(measured, results.deliveries) for measured in results.deliveries]),
        _table(_IDLE, [_of_idle(measured) for measured in results.idles]),
        _table(_WRITES, [_of_writes(measured, results.writes[0]) for measured in results.writes]),
        "\n".join(_legend(results)),
    ]
    return "\n\n".join(part for part in parts if part)


_DELIVERIES = (
    "server",
    "transport",
    "subscribers",
    "CPU ratio",
    "server CPU ms",
    "PG CPU ms",
    "load CPU ms",
    "p50 ms",
    "p99 ms",
    "all p99 ms",
    "delivered/s",
)
_IDLE = ("server", "transport", "idle subscribers", "kB each", "server CPU %", "PG CPU %")
_WRITES = ("writes", "followers", "cost", "min-max", "writes/s", "server CPU ms", "PG CPU ms", "p50 ms", "p99 ms")


def _of_deliveries(measured: Deliveries, of_all: Sequence[Deliveries]) -> tuple[str, ...]:
    peers = [other.cpu_ms for other in of_all if other.is_peer and other.subscribers == measured.subscribers]
    return (
        measured.server,
        measured.transport,
        f"{measured.subscribers:,}",
        f"{measured.cpu_ms / min(peers):.2f}" if peers else "",
        milliseconds(measured.middle(lambda turn: turn.server_cpu_ms)),
        milliseconds(measured.middle(lambda turn: turn.postgres_cpu_ms)),
        milliseconds(measured.middle(lambda turn: turn.load_cpu_ms)),
        milliseconds(measured.middle(lambda turn: turn.p50_ms)),
        milliseconds(measured.middle(lambda turn: turn.p99_ms)),
        milliseconds(measured.middle(lambda turn: turn.all_p99_ms)),
        f"{measured.middle(lambda turn: turn.deliveries / turn.seconds):,.0f}",
    )


def _of_idle(measured: IdleSample) -> tuple[str, ...]:
    idle = measured.idle
    return (
        measured.server,
        measured.transport,
        f"{idle.subscribers:,}",
        f"{idle.kilobytes:.1f}",
        f"{idle.server_cpu_percent:.1f}",
        f"{idle.postgres_cpu_percent:.1f}",
    )


def _of_writes(measured: Writes, base: Writes) -> tuple[str, ...]:
    costs = [without.per_second / mine.per_second for mine, without in zip(measured.samples, base.samples, strict=True)]
    return (
        measured.name,
        str(measured.followers),
        f"{median(costs):.2f}",
        f"{min(costs):.2f}-{max(costs):.2f}",
        f"{median(sample.per_second for sample in measured.samples):,.0f}",
        milliseconds(median(sample.server_cpu_ms for sample in measured.samples)),
        milliseconds(median(sample.postgres_cpu_ms for sample in measured.samples)),
        milliseconds(median(sample.p50_ms for sample in measured.samples)),
        milliseconds(median(sample.p99_ms for sample in measured.samples)),
    )


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    widths = [max(len(row[place]) for row in (titles, *rows)) for place in range(len(titles))]
    head, *lines = (_line(row, widths) for row in (titles, *rows))
    return "\n".join((head, f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines))


def _line(row: tuple[str, ...], widths: Sequence[int]) -> str:
    # Names to the left, figures to the right.
    cells = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"| {' | '.join(cells)} |"


def _legend(results: LiveResults) -> Iterator[str]:
    yield "CPU: per delivered event, of the server, of PostgreSQL (PG) with the writes, and of the subscribers (load)."
    yield "CPU ratio: that of server and PG, relative to the better peer with the same number of subscribers."
    yield "p50, p99: time from a commit to the receipt; all p99: from a commit until every subscriber has the event."
    yield "kB each: resident memory of the server per subscriber. CPU %: of a core, while nothing is written."
    if results.writes:
        yield f"cost: writes/s without the feed, relative to these; mutations are sent by {results.generator}."
