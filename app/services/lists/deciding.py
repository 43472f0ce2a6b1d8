"""Decide rows of a list, one after the other."""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from app.domain.errors import ErrorCode, Problem
from app.domain.inputs import version_problem
from app.domain.upserts import RowOutcome
from app.scheduling.pauses import paced

RowT = TypeVar("RowT", contravariant=True)
KeysT = TypeVar("KeysT", contravariant=True)
DecisionT = TypeVar("DecisionT", covariant=True)


class Match(NamedTuple):
    """What the keys of a row find."""

    attribute: str
    """The key by which the row names its object."""
    meant: Collection[Hashable] = ()
    """What identifies the object. No other row of the list may have any of it."""
    before: Any = None
    """The stored object; None if there is none."""


class RowJudge(Protocol[RowT, KeysT, DecisionT]):
    """Decides rows of one kind by what was read under locks."""

    def match(self, keys: KeysT, /) -> Match:
        """Return what the keys of a row find."""
        ...

    def decide(self, given: RowT, keys: KeysT, before: Any, /) -> DecisionT:
        """Decide a row; `before` is the stored object or None."""
        ...

    def reject(self, before: Any, problem: Problem, /) -> DecisionT:
        """Reject a row."""
        ...


async def decide_rows(
    judge: RowJudge[RowT, KeysT, DecisionT], rows: Sequence[RowT], keys: Sequence[KeysT]
) -> list[DecisionT]:
    """Decide rows by their keys, in order. Rows that mean the same object are rejected."""
    matches = [judge.match(row_keys) for row_keys in keys]
    times = Counter(identity for match in matches for identity in match.meant)
    decisions: list[DecisionT] = []
    async for row, row_keys, (attribute, meant, before) in paced(list(zip(rows, keys, matches, strict=True))):
        if (count := max((times[identity] for identity in meant), default=1)) > 1:
            decisions.append(judge.reject(before, _repeated(attribute, count)))
        else:
            decisions.append(judge.decide(row, row_keys, before))
    return decisions


def _repeated(attribute: str, times: int) -> Problem:
    """Return the problem of rows that mean the same object."""
    message = f"must be unique in the list, but {times} rows mean the same object: send only one of them."
    return Problem(ErrorCode.FIELD_CONFLICT, (attribute,), message)


@dataclass(frozen=True, slots=True)
class RowDecision:
    """What to write for an object whose values are columns, or the problems that reject it."""

    before: Any
    """The stored row; None for a new object."""
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Columns that change, or all columns of a new object, its id included."""
    problems: tuple[Problem, ...] = ()
    """In the order of the checks."""

    @property
    def outcome(self) -> RowOutcome:
        """The outcome of a row that the decision is about."""
        if self.problems:
            return RowOutcome.REFUSED
        if self.before is None:
            return RowOutcome.CREATED
        return RowOutcome.UPDATED if self.values else RowOutcome.UNCHANGED

    @property
    def subject_id(self) -> UUID | None:
        """Id of the object; None if a rejected row matches none."""
        return self.values.get("id") if self.before is None else self.before.id

    @property
    def changed(self) -> Collection[str]:
        """The columns that an update changes."""
        return self.values.keys()


def is_unchanged(before: Any, *changes_and_problems: Collection[object]) -> bool:
    """Return whether a row neither changes its stored object nor has a problem, so that it may expect any version.

    A list that was written is unchanged when it comes again, and then expects versions from before.
    """
    return before is not None and not any(changes_and_problems)


def unexpected(expected: int | None, before: Any, not_found: ErrorCode, noun: str) -> list[Problem]:
    """Return the problem of a row that changes or creates an object and expects a version that it doesn't have.

    `before` is the stored row or None. The fields that changed since are added once all rows are decided.
    """
    if before is not None:
        problem = version_problem(expected, before.version)
        return [] if problem is None else [problem]
    if expected is None:
        return []
    message = f"must be left out: there is no {noun} with this key yet."
    return [Problem(not_found, ("expected_version",), message)]
