"""The form of errors of requests that don't reach an endpoint: that of the endpoints at their path."""

from collections.abc import Callable, Mapping
from typing import Any

from app.web.answers import Answer
from app.web.http_errors import HttpError

REJECTED = "rejected"
"""Key in the state of the application, which its requests have too: a `Rejected`. Without one, all errors are those of
GraphQL."""
Rejected = Callable[[HttpError, str, str], Answer | None]
"""Returns the answer for a root path and a path below it; None if it has the form of GraphQL's errors."""


def rejection_of(http_error: HttpError, state: Mapping[str, Any], root_path: str, path: str) -> Answer:
    """Return the answer to a request that is rejected for any path."""
    rejected: Rejected | None = state.get(REJECTED)
    return (rejected and rejected(http_error, root_path, path)) or http_error.answer()
