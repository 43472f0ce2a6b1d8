"""What one run of the benchmark is asked for."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """With which duties the peers serve; this service always has all of them."""

    PRODUCTION = "production"
    """Tokens are verified, and row-level security binds the role."""
    BARE = "bare"
    """No authentication, and the tables' owner connects."""


class MetadataBy(StrEnum):
    """How the peers find customers by a metadata pair."""

    TABLE = "table"
    """Through the side table customer_metadata."""
    GIN = "gin"
    """Through a GIN index on the column itself."""


METADATA_QUERY = "Q6"
"""The query that METADATA decides about."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long and how often."""

    rounds: int = 5
    seconds: float = 3.0
    warm_up_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    queries: tuple[str, ...]
    servers: tuple[str, ...]
    modes: tuple[Mode, ...]
    metadata: tuple[MetadataBy, ...]
    """The first is for all queries, the others for METADATA_QUERY alone."""
    connections: tuple[int, ...]
    timing: Timing
    customers: int

    def passes(self) -> list["Pass"]:
        """What is measured together: all queries in each mode, and what METADATA decides about once more for each other way."""
        first, *others = self.metadata
        found = [Pass(mode, first, self.queries) for mode in self.modes]
        if METADATA_QUERY in self.queries:
            found += [Pass(mode, other, (METADATA_QUERY,)) for mode in self.modes for other in others]
        return found


@dataclass(frozen=True, slots=True)
class Pass:
    """Servers that run side by side with the same settings, and the queries that they are asked."""

    mode: Mode
    metadata: MetadataBy
    queries: tuple[str, ...]

    def label(self, query: str) -> str:
        """What a query is called in the results."""
        return f"{query} {self.metadata}" if query == METADATA_QUERY else query
