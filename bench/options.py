"""Options of a run of the benchmark."""

from dataclasses import dataclass, field
from enum import StrEnum

from bench.documents import WRITES
from bench.load import Generator, Length


class Mode(StrEnum):
    """Whether peers verify tokens and use row-level security, which this service always does."""

    PRODUCTION = "production"
    """Verify tokens, and connect as a role with row-level security."""
    BARE = "bare"
    """No authentication, and connect as the tables' owner."""


class MetadataBy(StrEnum):
    """How peers find customers by a metadata pair."""

    TABLE = "table"
    """By the table customer_metadata."""
    GIN = "gin"
    """By a GIN index on the column."""


METADATA_QUERY = "Q6"
"""The query that depends on METADATA."""
WARM = Length(10, 20_000)
"""The least warm-up of published figures, for each server and query."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Number and durations of rounds."""

    rounds: int = 5
    seconds: float = 3.0
    warm_up: Length = WARM


@dataclass(frozen=True, slots=True)
class Defaults:
    """The options of a kind of run, unless they are given. No servers: all that the run supports."""

    servers: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = tuple(Mode)
    metadata: tuple[MetadataBy, ...] = tuple(MetadataBy)
    connections: tuple[int, ...] = (1, 16)
    timing: Timing = field(default_factory=Timing)
    customers: int = 100_000
    counts_statements: bool = True


FULL = Defaults()
QUICK = Defaults(
    modes=(Mode.PRODUCTION,),
    metadata=(MetadataBy.TABLE,),
    connections=(4,),
    timing=Timing(rounds=1, seconds=0.3, warm_up=Length(0.2)),
    customers=5_000,
    counts_statements=False,
)
PUBLISHED = Defaults(
    servers=("planned", "floor", "mercurius", "postgraphile"),
    modes=(Mode.PRODUCTION,),
    metadata=(MetadataBy.TABLE,),
    timing=Timing(seconds=1.5),
)
"""Ends within 25 minutes: the fastest servers, and no others."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a run."""

    queries: tuple[str, ...]
    servers: tuple[str, ...]
    modes: tuple[Mode, ...]
    metadata: tuple[MetadataBy, ...]
    """The first applies to all queries, the others only to METADATA_QUERY."""
    connections: tuple[int, ...]
    timing: Timing
    customers: int
    companies: int
    """Number of small companies."""
    load: Generator
    counts_statements: bool
    """Whether to count the statements of each query, which takes about as long as comparing the answers."""

    def passes(self) -> list["Pass"]:
        """Return the passes: queries in each mode, METADATA_QUERY for each further `metadata`, then mutations."""
        first, *others = self.metadata
        reads = tuple(query for query in self.queries if query not in WRITES)
        writes = tuple(query for query in self.queries if query in WRITES)
        found = [Pass(mode, first, reads) for mode in self.modes if reads]
        if METADATA_QUERY in self.queries:
            found += [Pass(mode, other, (METADATA_QUERY,)) for mode in self.modes for other in others]
        # Last, and on a copy of the rows, so that all queries read the same ones.
        found += [Pass(mode, first, writes, is_writing=True) for mode in self.modes if writes]
        return found


@dataclass(frozen=True, slots=True)
class Pass:
    """Settings with which all servers run at the same time, and the queries for them."""

    mode: Mode
    metadata: MetadataBy
    queries: tuple[str, ...]
    is_writing: bool = False

    def label(self, query: str) -> str:
        """Return the name of a query in the results."""
        return f"{query} {self.metadata}" if query == METADATA_QUERY else query
