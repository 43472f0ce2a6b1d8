"""The command to upsert a list of rows."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

from app.domain.upserts import RejectionPolicy
from app.services.commands import Repeatable

RowT = TypeVar("RowT")
Fields = Mapping[str, object]
"""The fields of a row that were sent, by attribute; None is null."""


@dataclass(frozen=True, slots=True)
class ListCommand(Repeatable, Generic[RowT]):
    """A list of rows to upsert. The subclass names the kind of object, and may add by which key rows are matched."""

    rows: tuple[RowT, ...]
    on_refusal: RejectionPolicy = RejectionPolicy.ALL_OR_NOTHING
    dry_run: bool = False

    @staticmethod
    @abstractmethod
    def canonical_row(row: RowT, /) -> RowT:
        """Return a row with every value in its stored form."""

    @property
    def canonical(self) -> Self:
        """The command with every row in its stored form."""
        return replace(self, rows=tuple(self.canonical_row(row) for row in self.rows))

    @property
    def is_long(self) -> bool:
        """Lists always are."""
        return True
