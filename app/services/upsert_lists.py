"""Rules shared by all upserts of lists: how they are carried out, size, repeated keys, and paths of problems."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import Field, dataclass, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from app.db import history
from app.db.unit_of_work import UnitOfWork, WriteSession
from app.domain.errors import ErrorCode, LimitProblem, Problem, Rejected, VersionProblem
from app.domain.inputs import version_problem
from app.domain.upserts import MOST_UPSERT_ROWS, RejectionPolicy
from app.services.commands import Repeatable
from app.services.idempotency import once


class Decided(Protocol):
    """What was decided of a row: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def before(self) -> Any:
        """The stored row; None if there is none."""
        ...

    @property
    def problems(self) -> Sequence[Problem]:
        """Why the row is rejected; empty if it isn't."""
        ...


DecisionT = TypeVar("DecisionT", bound=Decided)
StoredT = TypeVar("StoredT")
OutcomeT = TypeVar("OutcomeT")


@dataclass(frozen=True, slots=True)
class Steps(Generic[DecisionT, StoredT, OutcomeT]):
    """How a list is carried out."""

    decide: Callable[[WriteSession], Awaitable[Sequence[DecisionT]]]
    """Decide every row under locks, in the rows' order."""
    write: Callable[[WriteSession, Sequence[DecisionT]], Awaitable[StoredT]]
    """Write and record what was decided; return it as it is stored then."""
    tell: Callable[[Sequence[DecisionT], StoredT | None], Awaitable[OutcomeT]]
    """Return how the rows ended; without what is stored, how they would have."""


async def carry_out(
    unit_of_work: UnitOfWork,
    command: Repeatable,
    outcome: type[OutcomeT],
    steps: Steps[DecisionT, StoredT, OutcomeT],
    *,
    on_refusal: RejectionPolicy,
    dry_run: bool,
    idempotency_key: str | None,
) -> tuple[OutcomeT, bool]:
    """Carry out a list in one transaction; return whether the outcome was replayed as well.

    Raises Rejected, with the outcome as its `current`, where a rejected row leaves all of them unwritten. A dry run
    uses up no key.
    """

    async def work(session: WriteSession) -> OutcomeT:
        decisions = await _with_changed_fields(session, await steps.decide(session))
        problems = [problem for index, decision in enumerate(decisions) for problem in at_row(index, decision.problems)]
        if problems and on_refusal is RejectionPolicy.ALL_OR_NOTHING:
            raise Rejected(problems, current=await steps.tell(decisions, None))
        stored = None if dry_run else await steps.write(session, decisions)
        return await steps.tell(decisions, stored)

    return await once(unit_of_work, None if dry_run else idempotency_key, command, outcome, work)


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
    if expected is None or (before is not None and before.version == expected):
        return []
    if before is not None:
        return [version_problem(expected, before.version, ())]
    message = f"must be left out: there is no {noun} with this key yet."
    return [Problem(not_found, ("expected_version",), message)]


def check_size(rows: int) -> None:
    """Raise Rejected for a list that is empty or too long."""
    path = ("rows",)
    if rows == 0:
        raise Rejected([Problem(ErrorCode.FIELD_REQUIRED, path, f"must be a list of 1 to {MOST_UPSERT_ROWS} rows.")])
    if rows > MOST_UPSERT_ROWS:
        message = f"must be a list of at most {MOST_UPSERT_ROWS} rows, not {rows}: send several lists."
        raise Rejected([LimitProblem(ErrorCode.FIELD_TOO_LONG, path, message, MOST_UPSERT_ROWS, rows)])


def repeated(attribute: str, times: int) -> Problem:
    """Return the problem of rows that share a key."""
    message = f"must be unique in the list, but {times} rows have it: send only one of them."
    return Problem(ErrorCode.FIELD_CONFLICT, (attribute,), message)


def at_row(index: int, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems of a row with their paths in the list, such as ("rows", 3, "email")."""
    return tuple(replace(problem, path=("rows", index, *problem.path)) for problem in problems)
