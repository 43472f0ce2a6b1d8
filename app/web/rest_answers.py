"""The responses of REST endpoints: bodies with their headers."""

from collections.abc import Mapping

from graphql import OperationType
from typing_extensions import override

from app.engine.execution import Operation, Outcome
from app.rest.answers import One
from app.rest.endpoints import Endpoint
from app.rest.preconditions import is_unchanged, tag_of
from app.web.answers import JSON_TYPE, Answer, to_json
from app.web.rest_errors import not_found, of_field_errors
from app.web.running import shown_errors


class Empty(Answer):
    """A response without a body."""

    @override
    def fields(self) -> list[tuple[bytes, bytes]]:
        return [(b"cache-control", b"no-store"), *((name.encode(), value.encode()) for name, value in self.headers)]


def json_of_outcome(operation: Operation, outcome: Outcome, request_id: str) -> bytes:
    """Return the JSON of a successful operation. Raise RestError for its errors."""
    if isinstance(outcome.answer, bytes):
        return outcome.answer
    if outcome.answer.errors:
        is_mutation = operation.type is OperationType.MUTATION
        raise of_field_errors(shown_errors(outcome.answer, request_id, is_mutation=is_mutation))
    return to_json({"data": outcome.answer.data})


def answer_of(
    endpoint: Endpoint, operation: Operation, outcome: Outcome, asked: Mapping[str, str], request_id: str
) -> Answer:
    """Return the response of an endpoint. Raise RestError if it isn't a success.

    `asked`: the headers of the request.
    """
    data, shown = json_of_outcome(operation, outcome, request_id), endpoint.shown
    assert isinstance(shown, One)  # noqa: S101 - the only form so far
    found = shown.shown(data)
    if found is None:
        raise not_found()
    version = found.version.decode()
    headers = (("etag", tag_of(version)),)
    if is_unchanged(asked.get("if-none-match"), version):
        return Empty(304, b"", headers=headers)
    return Answer(shown.status, found.body, JSON_TYPE, headers)
