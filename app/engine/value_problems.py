"""Problems with values that don't fit their types: a code, a path and a message for each, all in one error.

Messages name the field and can be shown alone; graphql-core's quote values as Python writes them and have no path.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLString,
    Node,
)
from graphql.pyutils import suggestion_list

from app.domain.errors import MOST_LISTED, ErrorCode, Path
from app.domain.labels import path_texts, subject_of_argument
from app.domain.texts import shown
from app.engine.request_errors import ValueCode

EXPECTED = "expected"
"""The extension of a scalar that describes its values for messages, such as "a date such as 2026-01-31"."""
PROBLEMS_OF = "problems_of"
"""Extension of an input type: a ProblemsOf that finds further problems in fields that fit their types."""
UNREAD = object()
"""Stands for a value that doesn't fit its type or isn't known. No check takes it for a valid value."""

_MOST_IN_MESSAGE = 10
_MOST_CHARACTERS = 100
"""Maximum length of an unknown field's name in a path."""
_EXPECTED: Mapping[Any, str] = {
    GraphQLInt: "a whole number",
    GraphQLFloat: "a number",
    GraphQLString: "text",
    GraphQLID: "an ID as text",
    GraphQLBoolean: "true or false",
}

_NEVER_TEXT: tuple[Any, ...] = (GraphQLInt, GraphQLFloat, GraphQLBoolean)


class ValueProblem(NamedTuple):
    """A problem with a value."""

    code: str
    path: Path
    message: str
    """A sentence that can be shown alone."""


ProblemsOf = Callable[[Mapping[str, Any]], Iterable[tuple[str, Path, str]]]
"""From fields by name, coerced or UNREAD, to the parts of their problems, with paths that begin with a field."""


class ReadVariable(NamedTuple):
    """The value of a variable in which all problems were found."""

    value: Any
    """The coerced value, with UNREAD where it doesn't fit."""
    wrong: tuple[Path, ...]
    """The paths of its problems, from the variable."""


UNREADABLE = ReadVariable(UNREAD, ((),))
"""A variable whose whole value is missing or wrong."""


class Enough(Exception):
    """There are more problems than an error lists."""


@dataclass(slots=True)
class ValueProblems:
    """The first problems with the values of an operation."""

    found: list[tuple[ValueProblem, str | None]] = field(default_factory=list[tuple[ValueProblem, str | None]])
    """Each with the name of its variable; None for a value of the document."""
    has_more: bool = False

    def add(self, problem: ValueProblem, variable: str | None) -> None:
        """Note a problem; raise Enough if it can't be listed."""
        if len(self.found) == MOST_LISTED:
            self.has_more = True
            raise Enough
        self.found.append((problem, variable))

    def error(self, nodes: Sequence[Node]) -> GraphQLError:
        """Return one error that holds the problems; `nodes` are the definitions of the variables."""
        message = " ".join(problem.message for problem, _ in self.found[:_MOST_IN_MESSAGE])
        if len(self.found) > _MOST_IN_MESSAGE:
            message += " There are more problems."
        return GraphQLError(message, nodes, extensions={"problems": self.listed()})

    def listed(self) -> list[dict[str, Any]]:
        """Return the problems as `extensions.problems` holds them."""
        listed = [
            shown_problem(problem) | ({} if variable is None else {"variable": variable})
            for problem, variable in self.found
        ]
        if self.has_more:
            # What follows isn't looked at: a body may hold hundreds of thousands of wrong values.
            more = f"The input has more than {MOST_LISTED:,} problems: correct those listed, then try again."
            last = shown_problem(ValueProblem(ErrorCode.MORE_PROBLEMS, (), more))
            listed.append({**last, "limit": MOST_LISTED})
        return listed


def shown_problem(problem: ValueProblem) -> dict[str, Any]:
    """Return a problem as `extensions.problems` holds it."""
    return {"code": str(problem.code), "path": path_texts(problem.path), "message": problem.message}


def more_problems(
    kind: GraphQLInputObjectType, given: Mapping[str, Any], path: Path, wrong: Collection[Path]
) -> Iterator[ValueProblem]:
    """Yield what an input's own check finds in its fields, so that all problems come together.

    `given` has UNREAD where a value has a problem already; `wrong` are the paths of these.
    """
    problems_of: ProblemsOf | None = kind.extensions.get(PROBLEMS_OF)
    for code, below, message in () if problems_of is None else problems_of(given):
        place = (*path, *below)
        if not any(place[: len(known)] == known for known in wrong):
            yield ValueProblem(code, place, message)


def in_list(wrong: Collection[Path], path: Path) -> list[Path]:
    """Return the paths of problems in the only item of a list, which was given without a list, as checks see them."""
    return [(*path, 0, *found[len(path) :]) for found in wrong]


def missing(path: Path) -> ValueProblem:
    """Return the problem of a required value that is missing."""
    return ValueProblem(ValueCode.REQUIRED, path, f"{subject_of_argument(path)} must be given.")


def null(path: Path) -> ValueProblem:
    """Return the problem of a value that is null and can't be."""
    return ValueProblem(ValueCode.REQUIRED, path, f"{subject_of_argument(path)} must not be null.")


def too_deep(path: Path) -> ValueProblem:
    """Return the problem of a value that is nested too deep to be read."""
    return ValueProblem(ValueCode.INVALID, path, f"{subject_of_argument(path)} must not be nested that deep.")


def not_an_object(path: Path, shown_as: str) -> ValueProblem:
    """Return the problem of a value that isn't an object."""
    return ValueProblem(ValueCode.INVALID, path, f"{subject_of_argument(path)} must be an object, not {shown_as}.")


def unknown(path: Path, name: str, kind: GraphQLInputObjectType) -> ValueProblem:
    """Return the problem of a field that an input doesn't have."""
    # Comparing takes time proportional to the length of the name; short_messages.py bounds it as well.
    similar = suggestion_list(name, list(kind.fields)) if len(name) <= _MOST_CHARACTERS else []
    advice = f"did you mean {similar[0]}?" if similar else "leave it out."
    part = name if len(name) <= _MOST_CHARACTERS else name[:_MOST_CHARACTERS] + "…"
    return ValueProblem(ValueCode.UNKNOWN, (*path, part), f"{shown(name)} is not a field of {kind.name}: {advice}")


def not_one_of(path: Path, kind: GraphQLInputObjectType, given: int) -> ValueProblem:
    """Return the problem of an input with @oneOf that doesn't have exactly one field."""
    *others, last = kind.fields
    names = f"{', '.join(others)} and {last}" if others else last
    code = ValueCode.CONFLICT if given else ValueCode.REQUIRED
    return ValueProblem(code, path, f"{subject_of_argument(path)} must have exactly one of {names}, not {given}.")


def wrong_leaf(kind: Any, path: Path, shown_as: str, *, is_number: bool, is_text: bool) -> ValueProblem:
    """Return the problem of a value that a scalar or an enumeration can't read.

    `shown_as` is the value in messages. `is_number`: it is a whole number that an Int can't hold.
    """
    must = "between -2147483648 and 2147483647" if is_number else expected(kind)
    if is_text and isinstance(kind, GraphQLEnumType) and shown_as.strip('"') in kind.values:
        must += ", written without quotation marks"
    elif is_text and kind in _NEVER_TEXT:
        shown_as = f"the text {shown_as}"
    but = "" if must.startswith(shown_as) else f", not {shown_as}"
    return ValueProblem(ValueCode.INVALID, path, f"{subject_of_argument(path)} must be {must}{but}.")


def expected(kind: Any) -> str:
    """Return what a value of a scalar or an enumeration must be."""
    if isinstance(kind, GraphQLEnumType):
        return f"one of {', '.join(kind.values)}"
    return _EXPECTED.get(kind) or cast("str", kind.extensions.get(EXPECTED, f"a valid {kind.name}"))
