"""What all upserts of lists share: how they are carried out, size, repeated keys, versions, and paths of problems."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast
from uuid import UUID

from app.db import history
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import ErrorCode, LimitProblem, Problem, Rejected, VersionProblem
from app.domain.fields import schema_names
from app.domain.inputs import version_problem
from app.domain.upserts import MOST_UPSERT_ROWS, RejectionPolicy, RowOutcome
from app.scheduling.pauses import paced
from app.services.commands import Repeatable
from app.services.idempotency import once

RowT = TypeVar("RowT")
OutcomeT = TypeVar("OutcomeT")


class ListCommand(Repeatable, Generic[RowT]):
    """A list of rows to upsert.

    Subclasses are dataclasses, because stored fingerprints depend on the order of fields.
    """

    __slots__ = ()
    rows: tuple[RowT, ...]
    on_refusal: RejectionPolicy
    dry_run: bool

    @property
    def is_long(self) -> bool:
        """Lists always are."""
        return True


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


@dataclass(frozen=True, slots=True)
class RowDecision:
    """The decision about a row whose values are columns."""

    outcome: RowOutcome
    before: Any = None
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """All columns of a new object, its id included, or the columns that change."""
    problems: tuple[Problem, ...] = ()

    @property
    def subject_id(self) -> UUID | None:
        """Id of the row's object; None if the row is rejected and matches none."""
        return self.values.get("id") if self.before is None else self.before.id

    @property
    def changed(self) -> Collection[str]:
        """The columns that an update changes."""
        return self.values.keys()


CommandT = TypeVar("CommandT", bound=ListCommand[Any])
DecisionT = TypeVar("DecisionT", bound=Decided)


@dataclass(frozen=True, slots=True)
class Steps(Generic[CommandT, DecisionT, OutcomeT]):
    """How lists of one kind are carried out."""

    outcome: type[OutcomeT]
    """Holds the results of the rows, in order."""
    result: Callable[..., Any]
    """Makes a row's result.

    Arguments: index, outcome, changed fields, problems, whether nothing was written, and the stored row.
    """
    decide: Callable[[WriteSession, CommandT], Awaitable[Sequence[DecisionT]]]
    """Decide every row under locks, in the rows' order."""
    write: Callable[[WriteSession, Sequence[DecisionT], str], Awaitable[Mapping[UUID, Any]]]
    """Write and record decisions for an actor; return the written rows by id."""

    async def results(self, decisions: Sequence[DecisionT], stored: Mapping[UUID, Any] | None) -> OutcomeT:
        """Return the results of the rows; with `stored` None, those that they would have."""
        numbered = list(enumerate(decisions))
        make = cast("Callable[..., OutcomeT]", self.outcome)
        return make(tuple([self._result(index, decision, stored) async for index, decision in paced(numbered)]))

    def _result(self, index: int, decision: DecisionT, stored: Mapping[UUID, Any] | None) -> Any:
        id_ = decision.subject_id
        row = decision.before if id_ is None else (stored or {}).get(id_, decision.before)
        changed = schema_names(decision.changed) if decision.outcome is RowOutcome.UPDATED else ()
        return self.result(index, decision.outcome, changed, at_row(index, decision.problems), stored is None, row)


async def carry_out(
    unit_of_work: UnitOfWork,
    actor: str,
    command: CommandT,
    steps: Steps[CommandT, DecisionT, OutcomeT],
    idempotency_key: str | None,
) -> tuple[OutcomeT, bool]:
    """Carry out a list in one transaction; return its outcome, and whether it was replayed.

    Raise Rejected for a list that is empty or too long and, with the outcome as its `current`, if a rejected row keeps
    all rows from being written. A dry run doesn't use its key.
    """
    _check_size(len(command.rows))

    async def work(session: WriteSession) -> OutcomeT:
        decisions = await _with_changed_fields(session, await steps.decide(session, command))
        problems = [problem for index, decision in enumerate(decisions) for problem in at_row(index, decision.problems)]
        if problems and command.on_refusal is RejectionPolicy.ALL_OR_NOTHING:
            raise Rejected(problems, current=await steps.results(decisions, None))
        stored = None if command.dry_run else await steps.write(session, decisions, actor)
        return await steps.results(decisions, stored)

    return await once(unit_of_work, None if command.dry_run else idempotency_key, command, steps.outcome, work)


async def _with_changed_fields(session: WriteSession, decisions: Sequence[DecisionT]) -> Sequence[DecisionT]:
    """Return the decisions with what changed since in the problems of versions. At most one statement."""
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


def unexpected(expected: int | None, before: Any, not_found: ErrorCode, noun: str) -> list[Problem]:
    """Return the problem of a row that changes or creates an object and expects a version that it doesn't have.

    `before` is the stored row or None. `carry_out` adds the fields that changed since.
    """
    if before is not None:
        problem = version_problem(expected, before.version)
        return [] if problem is None else [problem]
    if expected is None:
        return []
    message = f"must be left out: there is no {noun} with this key yet."
    return [Problem(not_found, ("expected_version",), message)]


def _check_size(rows: int) -> None:
    """Raise Rejected for a list that is empty or too long."""
    path = ("rows",)
    if rows == 0:
        raise Rejected([Problem(ErrorCode.FIELD_REQUIRED, path, f"must be a list of 1 to {MOST_UPSERT_ROWS} rows.")])
    if rows > MOST_UPSERT_ROWS:
        message = f"must be a list of at most {MOST_UPSERT_ROWS} rows, not {rows}: send several lists."
        raise Rejected([LimitProblem(ErrorCode.FIELD_TOO_LONG, path, message, MOST_UPSERT_ROWS, rows)])


def repeated(attribute: str, times: int) -> Problem:
    """Return the problem of rows that share a key."""
    message = f"must be unique in the list, but {times} rows mean the same object: send only one of them."
    return Problem(ErrorCode.FIELD_CONFLICT, (attribute,), message)


def at_row(index: int, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems of a row with their paths in the list, such as ("rows", 3, "email")."""
    return tuple(replace(problem, path=("rows", index, *problem.path)) for problem in problems)
