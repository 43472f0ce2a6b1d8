"""Problems of requests, in the terms of REST."""

from collections.abc import Sequence
from typing import NamedTuple


class ValidationProblem(NamedTuple):
    """One reason why a request is rejected."""

    property: str
    """The field of the body, the parameter or the header, such as `metadata.key`; empty for the body itself."""
    code: str
    message: str


class Invalid(Exception):
    """A request has these problems. It is answered with 400."""

    def __init__(self, problems: Sequence[ValidationProblem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Unknown(Exception):
    """The path names an object that can't exist, because its id is malformed. It is answered with 404."""
