"""Translate problems that GraphQL finds in a request to REST: its properties, its spelling, the order of the body."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.rest.bodies import Body, problem_of_input
from app.rest.parameters import Parameter, problem_of_argument
from app.rest.problems import ValidationProblem
from app.rest.spelling import REST

_INPUT = "input"
_TEXTS = {name: text for texts in REST.enumerations.values() for name, text in texts.items() if name != text}
_QUOTED_OR_NAME = re.compile(rf'"(?:[^"\\]|\\.)*"|\b(?:{"|".join(_TEXTS)})\b')


def validation_problems(
    found: Iterable[Mapping[str, Any]],
    parameters: Iterable[Parameter],
    body: Body | None,
    variables: Mapping[str, Any],
) -> list[ValidationProblem]:
    """Return problems as those of a request, in the order of the body's members.

    `found` holds entries of `extensions.problems` or of a payload's `errors`, each with `code`, `path` and `message`.
    `variables` are those of the request.
    """
    declared = tuple(parameters)
    places = {name: place for place, name in enumerate(variables.get(_INPUT, ()))}

    def place(problem: Mapping[str, Any]) -> int:
        named = problem["path"][1:2]
        return places.get(named[0], len(places)) if named else len(places)

    return [_translated(problem, declared, body, variables) for problem in sorted(found, key=place)]


def in_rest_spelling(message: str) -> str:
    """Return a message with the names of enumerations' values as REST writes them. Quoted texts stay as they are."""
    return _QUOTED_OR_NAME.sub(lambda part: _TEXTS.get(part[0], part[0]), message)


def _translated(
    found: Mapping[str, Any], parameters: Iterable[Parameter], body: Body | None, variables: Mapping[str, Any]
) -> ValidationProblem:
    problem = problem_of_argument(found, parameters, variables)
    if problem is None and body is not None and found["path"][:1] in ([], [_INPUT]):
        problem = problem_of_input(found, body)
    if problem is None:
        problem = ValidationProblem(".".join(found["path"]), found["code"], found["message"])
    return problem._replace(message=in_rest_spelling(problem.message))
