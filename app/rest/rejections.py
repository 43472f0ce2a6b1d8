"""Translate problems that GraphQL finds in a request to REST: its properties, and its spelling of enumerations."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.rest.bodies import problem_of_input
from app.rest.controls import Condition
from app.rest.parameters import Parameter, problem_of_argument
from app.rest.problems import ValidationProblem
from app.rest.spelling import REST

_ANY_VERSION = Condition()
_TEXTS = {name: text for texts in REST.enumerations.values() for name, text in texts.items() if name != text}
_QUOTED_OR_NAME = re.compile(rf'"(?:[^"\\]|\\.)*"|\b(?:{"|".join(_TEXTS)})\b')


def validation_problems(
    found: Iterable[Mapping[str, Any]],
    parameters: Iterable[Parameter],
    variables: Mapping[str, Any],
    condition: Condition = _ANY_VERSION,
) -> list[ValidationProblem]:
    """Return problems as those of a request.

    `found` are entries of `extensions.problems` or of a payload's `errors`, with `code`, `path` and `message`.
    `variables` and `condition` are those of the request.
    """
    declared = tuple(parameters)
    translated = (problem_of_argument(one, declared, variables) or problem_of_input(one, condition) for one in found)
    return [problem._replace(message=in_rest_spelling(problem.message)) for problem in translated]


def in_rest_spelling(message: str) -> str:
    """Return a message with the names of enumerations' values as REST writes them. Quoted texts stay as they are."""
    return _QUOTED_OR_NAME.sub(lambda part: _TEXTS.get(part[0], part[0]), message)
