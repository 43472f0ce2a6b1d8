"""Kinds of rows that can be imported: their columns, their key, and the use case that writes them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol

from app.cli.import_rows import Columns, RowT
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import Problem
from app.domain.upserts import RejectionPolicy, RowOutcome

ACTOR = "customer-gateway import"
"""The actor in the history and in events."""


class RowResult(Protocol):
    """The result of a row."""

    @property
    def index(self) -> int:
        """The row's index in its batch."""
        ...

    @property
    def outcome(self) -> RowOutcome:
        """Whether the row was written."""
        ...

    @property
    def errors(self) -> Sequence[Problem]:
        """Why the row was rejected."""
        ...


class CarryOut(Protocol, Generic[RowT]):  # pyright: ignore[reportInvalidTypeVarUse] - a protocol of one call
    """A function that writes one batch in one transaction."""

    async def __call__(
        self, unit_of_work: UnitOfWork, rows: Sequence[RowT], policy: RejectionPolicy
    ) -> Sequence[RowResult]:
        """Return the results of the rows. Raise Rejected if the whole batch is."""
        ...


@dataclass(frozen=True, slots=True)
class Kind(Generic[RowT]):
    """One kind of rows that can be imported."""

    columns: Columns[RowT]
    key: str
    """The field that identifies the object of a row."""
    keys: Callable[[Sequence[RowT]], Sequence[str | None]]
    """Returns the rows' keys in the form in which they are compared; None for a row without a key."""
    problems: Callable[[RowT], Sequence[Problem]]
    """Returns the problems of a row that don't depend on stored data."""
    carry_out: CarryOut[RowT]
    results_of: Callable[[object], Sequence[RowResult] | None]
    """Returns the results of the rows in `Rejected.current`; None if the rejection isn't about rows."""
    other_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other fields that may identify the object of a row, with the option that selects each."""

    def missing_key(self, names: Collection[str]) -> str | None:
        """Return a message if the key is not among the names of a file's fields, otherwise None."""
        if self.key in names:
            return None
        others = [
            f" To match them by {name}, add {option}." for name, option in self.other_keys.items() if name in names
        ]
        return f"has no {self.key}, the key of {self.columns.plural}: add it to every row.{''.join(others)}"
