"""Problems with the parameters and the body of a request, as REST reports them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from app.domain.errors import MOST_LISTED, ErrorCode

NO_CUSTOMER = "The company has no customer with this id."
MOST_CHARACTERS = 150
"""Maximum length of a name that is shown whole, longer than that of a metadata entry."""
_MOST_IN_MESSAGE = 10


class ValidationProblem(NamedTuple):
    """One reason why a request is invalid."""

    property: str
    """The parameter, header or property of the body: `limit`, `metadata[key]`, `metadata.key`; empty for the body."""
    code: str
    message: str
    """A sentence that can be shown without the property."""


class Invalid(Exception):
    """The parameters or the body of a request are invalid. Holds all problems. It is answered with 400."""

    def __init__(self, problems: Iterable[ValidationProblem]) -> None:
        self.problems: Sequence[ValidationProblem] = tuple(problems)
        super().__init__("; ".join(f"{problem.code} at {problem.property}" for problem in self.problems))


def in_order(problems: Iterable[ValidationProblem], members: Iterable[str]) -> list[ValidationProblem]:
    """Return the problems of a request in the order of its body's members; others follow."""
    places = {shortened(name): place for place, name in enumerate(members)}

    def place(problem: ValidationProblem) -> int:
        member = problem.property if problem.property in places else problem.property.partition(".")[0]
        return places.get(member, len(places))

    return sorted(problems, key=place)


def listed(problems: Sequence[ValidationProblem]) -> Sequence[ValidationProblem]:
    """Return as many problems as an answer lists. If there are more, the last one says so."""
    found = [problem for problem in problems if problem.code != ErrorCode.MORE_PROBLEMS]
    if len(found) == len(problems) <= MOST_LISTED:
        return found
    message = f"The request has more than {MOST_LISTED} problems: correct those listed, then try again."
    return [*found[:MOST_LISTED], ValidationProblem("", ErrorCode.MORE_PROBLEMS, message)]


def validation_errors(problems: Iterable[ValidationProblem]) -> list[dict[str, Any]]:
    """Return problems as `details.validationErrors` shows them: one entry for each property, in the order given."""
    found: dict[str, dict[str, str]] = {}
    for name, code, message in problems:
        constraints = found.setdefault(name, {})
        # Two problems of a property with the same code share its text.
        constraints[code] = f"{constraints[code]} {message}" if code in constraints else message
    return [{"property": name, "constraints": constraints} for name, constraints in found.items()]


def in_one_message(problems: Sequence[ValidationProblem]) -> str:
    """Return the messages of the first problems."""
    message = " ".join(problem.message for problem in problems[:_MOST_IN_MESSAGE])
    return message if len(problems) <= _MOST_IN_MESSAGE else f"{message} There are more problems."


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return what a caller sent as errors show it: at most this many characters of it."""
    return text if len(text) <= most else f"{text[:most]}…"
