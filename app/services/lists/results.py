"""Results of a list and of its rows."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from app.domain.encodings import STORED_NAME
from app.domain.errors import LimitProblem, MetadataProblem, Problem, VersionProblem
from app.domain.upserts import WRITES, RowOutcome

RowProblem = VersionProblem | LimitProblem | MetadataProblem | Problem
"""Kinds of problems of a row. Stored outcomes read problems by these kinds."""


@dataclass(frozen=True, slots=True)
class RowResult(ABC):
    """The result of a row; subclasses add the stored object as their last field."""

    index: int
    outcome: RowOutcome
    changed_fields: tuple[str, ...]
    """Schema names."""
    errors: tuple[RowProblem, ...]
    is_unwritten: bool = field(default=False, metadata={STORED_NAME: "is_planned"})
    """Whether nothing was written: a dry run, or a rejected list."""

    @property
    @abstractmethod
    def shown(self) -> Any:
        """The stored object; None if there is none."""

    @property
    def wrote(self) -> bool:
        """Whether the row was written."""
        return not self.is_unwritten and self.outcome in WRITES


@dataclass(frozen=True, slots=True)
class ListOutcome:
    """The results of all rows, in order. Subclasses name the kind of result, by which stored outcomes are read."""

    results: tuple[RowResult, ...]
