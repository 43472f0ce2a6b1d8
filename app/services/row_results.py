"""Results of rows of a list."""

from dataclasses import dataclass

from app.domain.errors import LimitProblem, MetadataProblem, Problem, VersionProblem
from app.domain.upserts import WRITES, RowOutcome

RowProblem = VersionProblem | LimitProblem | MetadataProblem | Problem
"""Kinds of problems of a row. Stored outcomes read problems by these kinds."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result of a row; subclasses add the stored object."""

    index: int
    outcome: RowOutcome
    changed_fields: tuple[str, ...]
    """Schema names."""
    errors: tuple[RowProblem, ...]
    is_planned: bool = False
    """Whether nothing was written: a dry run, or a rejected list. Stored outcomes have this name."""

    @property
    def wrote(self) -> bool:
        """Whether the row was written."""
        return not self.is_planned and self.outcome in WRITES
