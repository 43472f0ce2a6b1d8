"""A kind of what can be imported: the columns of its files, its key, and the use case that takes its rows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol

from app.cli.import_rows import Columns, RowT
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import Problem
from app.domain.upserts import RejectionPolicy, RowOutcome

ACTOR = "customer-gateway import"
"""Who writes, in the history and in events."""


class RowResult(Protocol):
    """How a row ended."""

    @property
    def index(self) -> int:
        """The row's place in its batch."""
        ...

    @property
    def outcome(self) -> RowOutcome:
        """Whether it was written."""
        ...

    @property
    def errors(self) -> Sequence[Problem]:
        """Why it was refused."""
        ...


class CarryOut(Protocol, Generic[RowT]):  # pyright: ignore[reportInvalidTypeVarUse] - a protocol of one call
    """Carry out one batch in one transaction."""

    async def __call__(
        self, unit_of_work: UnitOfWork, rows: Sequence[RowT], policy: RejectionPolicy
    ) -> Sequence[RowResult]:
        """Return how each row ended; raise Refused as the use case does."""
        ...


@dataclass(frozen=True, slots=True)
class Kind(Generic[RowT]):
    """One kind of what can be imported."""

    columns: Columns[RowT]
    key: str
    """The field that finds what a row is about."""
    keys: Callable[[Sequence[RowT]], Sequence[str | None]]
    """From rows to their keys as they are compared; None for a row without one."""
    problems: Callable[[RowT], Sequence[Problem]]
    """From a row to what is wrong with it whatever is stored."""
    carry_out: CarryOut[RowT]
    results_of: Callable[[object], Sequence[RowResult] | None]
    """From what the refusal of a whole batch carries to the results in it; None where it is about no row."""
    other_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other fields that may find what a row is about, with the option that chooses each."""

    def missing_key(self, names: Collection[str]) -> str | None:
        """Return what to do about a file that has only fields of these names, if none of them is the key."""
        if self.key in names:
            return None
        others = [
            f" To find them by {name}, add {option}." for name, option in self.other_keys.items() if name in names
        ]
        return f"has no {self.key}, the key that finds {self.columns.plural}: add it to every row.{''.join(others)}"
