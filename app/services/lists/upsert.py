"""Carry out a list of rows: the part that is the same for all kinds of objects."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from app.db import history
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import MOST_LISTED_OF_ROW, ErrorCode, LimitProblem, Problem, Rejected, VersionProblem, listed
from app.domain.fields import schema_names
from app.domain.upserts import MOST_UPSERT_ROWS, RejectionPolicy, RowOutcome
from app.scheduling.pauses import paced
from app.services.idempotency import key_problems, once
from app.services.lists.commands import ListCommand
from app.services.lists.results import ListOutcome, RowResult


class Decided(Protocol):
    """The decision about a row: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def before(self) -> Any:
        """The stored row; None if there is none."""
        ...

    @property
    def outcome(self) -> RowOutcome:
        """The outcome of the row."""
        ...

    @property
    def subject_id(self) -> UUID | None:
        """Id of the row's object; None if the row is rejected and matches none."""
        ...

    @property
    def changed(self) -> Collection[str]:
        """The attributes that an update changes."""
        ...

    @property
    def problems(self) -> Sequence[Problem]:
        """Why the row is rejected; empty if it isn't."""
        ...


CommandT = TypeVar("CommandT", bound=ListCommand[Any])
DecisionT = TypeVar("DecisionT", bound=Decided)
OutcomeT = TypeVar("OutcomeT", bound=ListOutcome)


@dataclass(frozen=True, slots=True)
class Upsert(Generic[CommandT, DecisionT, OutcomeT]):
    """The use case that upserts lists of one kind: each row is created, updated, unchanged or rejected."""

    outcome: type[OutcomeT]
    """Holds the results of the rows, in order."""
    result: Callable[..., RowResult]
    """Makes a row's result.

    Arguments: index, outcome, changed fields, problems, whether nothing was written, and the stored row.
    """
    decide: Callable[[WriteSession, CommandT], Awaitable[Sequence[DecisionT]]]
    """Decide every row under locks, in the rows' order."""
    write: Callable[[WriteSession, Sequence[DecisionT], str], Awaitable[Mapping[UUID, Any]]]
    """Write and record accepted decisions for an actor; return the written rows by id."""

    async def __call__(
        self, unit_of_work: UnitOfWork, actor: str, command: CommandT, idempotency_key: str | None
    ) -> tuple[OutcomeT, bool]:
        """Carry out a list in one transaction; return its outcome, and whether it was replayed.

        Raise Rejected for a list that is empty or too long and, with the outcome as its `current`, if a rejected row or
        a malformed key keeps all rows from being written. A dry run doesn't use its key.
        """
        unusable = key_problems(idempotency_key)
        if sizes := size_problems(len(command.rows)):
            raise Rejected([*sizes, *unusable])

        async def work(session: WriteSession) -> OutcomeT:
            decisions = await _completed(session, await self.decide(session, command))
            problems = [
                problem for index, decision in enumerate(decisions) for problem in at_row(index, decision.problems)
            ]
            if unusable or (problems and command.on_refusal is RejectionPolicy.ALL_OR_NOTHING):
                raise Rejected([*problems, *unusable], current=await self._results(decisions, None))
            stored = None if command.dry_run else await self.write(session, decisions, actor)
            return await self._results(decisions, stored)

        usable = None if command.dry_run or unusable else idempotency_key
        return await once(unit_of_work, usable, command, self.outcome, work)

    async def _results(self, decisions: Sequence[DecisionT], stored: Mapping[UUID, Any] | None) -> OutcomeT:
        """Return the results of the rows; with `stored` None, those that they would have."""
        numbered = list(enumerate(decisions))
        return self.outcome(tuple([self._result(index, decision, stored) async for index, decision in paced(numbered)]))

    def _result(self, index: int, decision: DecisionT, stored: Mapping[UUID, Any] | None) -> RowResult:
        id_ = decision.subject_id
        row = decision.before if id_ is None else (stored or {}).get(id_, decision.before)
        changed = schema_names(decision.changed) if decision.outcome is RowOutcome.UPDATED else ()
        return self.result(index, decision.outcome, changed, at_row(index, decision.problems), stored is None, row)


async def _completed(session: WriteSession, decisions: Sequence[DecisionT]) -> Sequence[DecisionT]:
    """Return decisions with as many problems as are listed; those of versions name the fields that changed since.

    At most one statement.
    """
    decisions = [
        replace(decision, problems=listed(decision.problems, MOST_LISTED_OF_ROW)) if decision.problems else decision
        for decision in decisions
    ]
    versions: dict[UUID, int] = {
        decision.before.id: problem.expected_version
        for decision in decisions
        for problem in decision.problems
        if isinstance(problem, VersionProblem)
    }
    if not versions:
        return decisions
    changed = await history.fields_changed_since(session, versions)

    def told(decision: DecisionT, problem: Problem) -> Problem:
        if not isinstance(problem, VersionProblem):
            return problem
        return replace(problem, changed_fields=changed[decision.before.id])

    return [
        replace(decision, problems=tuple(told(decision, problem) for problem in decision.problems))
        for decision in decisions
    ]


def size_problems(rows: int) -> list[Problem]:
    """Return the problem of a list that is empty or too long."""
    path = ("rows",)
    if rows == 0:
        return [Problem(ErrorCode.FIELD_REQUIRED, path, f"must be a list of 1 to {MOST_UPSERT_ROWS} rows.")]
    if rows > MOST_UPSERT_ROWS:
        message = f"must be a list of at most {MOST_UPSERT_ROWS} rows, not {rows}: send several lists."
        return [LimitProblem(ErrorCode.FIELD_TOO_LONG, path, message, MOST_UPSERT_ROWS, rows)]
    return []


def at_row(index: int, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems of a row with their paths in the list, such as ("rows", 3, "email")."""
    return tuple(replace(problem, path=("rows", index, *problem.path)) for problem in problems)
