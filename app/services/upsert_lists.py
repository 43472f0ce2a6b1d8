"""Rules shared by all upserts of lists: size, repeated keys, and paths of problems."""

from collections.abc import Iterable
from dataclasses import replace

from app.domain.errors import ErrorCode, LimitProblem, Problem, Rejected
from app.domain.upserts import MOST_UPSERT_ROWS


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
