"""The responses of REST endpoints: bodies with their headers."""

from typing import NamedTuple

import orjson
from graphql import OperationType
from graphql.error import GraphQLFormattedError
from typing_extensions import override

from app.engine.execution import Operation, Outcome
from app.rest.answers import One, Pages, Shown, Written
from app.rest.pages import next_page, page_of
from app.rest.preconditions import is_unchanged, tag_of
from app.rest.routing import relative
from app.rest.spelling import in_rest
from app.web.answers import JSON_TYPE, Answer, to_json
from app.web.rest_errors import not_found, of_field_errors, of_payload, unmet
from app.web.rest_requests import Given
from app.web.running import shown_errors

_Headers = tuple[tuple[str, str], ...]


class Empty(Answer):
    """A response without a body."""

    @override
    def fields(self) -> list[tuple[bytes, bytes]]:
        return [(b"cache-control", b"no-store"), *((name.encode(), value.encode()) for name, value in self.headers)]


class Ran(NamedTuple):
    """An operation that was run for a request."""

    operation: Operation
    outcome: Outcome
    given: Given
    request_id: str


def answer_of(ran: Ran) -> Answer:
    """Return the response to a request. Raise RestError if it isn't a success."""
    match ran.given.request.endpoint.shown:
        case One() as one:
            return _one(one, ran)
        case Pages() as pages:
            return _page(pages, ran)
        case Written() as written:
            return _written(written, ran)


def _one(one: One, ran: Ran) -> Answer:
    shown = one.shown(data_of(ran))
    if shown is None:
        raise not_found()
    version = shown.version.decode()
    tag = tag_of(version, shown.body)
    condition = ran.given.condition
    # The answer to a creation has the version alone.
    if condition.tags and not {tag, tag_of(version)} & {*condition.tags}:
        raise unmet(condition, int(version))
    if is_unchanged(ran.given.request.headers.get("if-none-match"), tag):
        return Empty(304, b"", headers=_tagged(tag))
    return Answer(200, shown.body, JSON_TYPE, _tagged(tag))


def _page(pages: Pages, ran: Ran) -> Answer:
    page = page_of(pages, data_of(ran))
    if page is None:
        raise not_found()
    if ran.given.condition.tags:
        raise unmet(ran.given.condition, None)
    if page.after is None:
        return Answer(200, page.rows)
    link = f'<{next_page(ran.given.request.query_string, page.after)}>; rel="next"'
    return Answer(200, page.rows, JSON_TYPE, (("link", link),))


def _written(written: Written, ran: Ran) -> Answer:
    errors = _errors(ran)
    if errors:
        return _unread(written, ran, errors)
    data = data_of(ran)
    shown = written.shown(data)
    if shown is not None:
        return _shown(written, shown, ran)
    if problems := written.problems(data):
        raise of_payload(problems, ran.given.told)
    # Nothing changed, and the credential may not read what this request did not write.
    return Empty(204, b"")


def _shown(written: Written, shown: Shown, ran: Ran) -> Answer:
    version = shown.version.decode()
    if written.location is None:
        return Answer(written.status, shown.body, JSON_TYPE, _tagged(tag_of(version, shown.body)))
    place = written.location.format(id=orjson.loads(shown.body)["id"])
    # The body isn't the new object's, so the tag is the version alone.
    headers = (("location", relative(place, ran.given.request.endpoint.path)), *_tagged(tag_of(version)))
    return Answer(written.status, shown.body, JSON_TYPE, headers)


def _unread(written: Written, ran: Ran, errors: list[GraphQLFormattedError]) -> Answer:
    """Return the answer to a write of which something could not be read; raise RestError if it can't be told.

    The errors of fields have the keys of the object, which are all that the answer to a creation shows.
    """
    found = next((one["written"] for error in errors if "written" in (one := error.get("extensions") or {})), None)
    if found is None or written.location is None:
        raise of_field_errors(errors, ran.given.told)
    body = to_json({"id": found["id"], "customerNumber": found["customerNumber"]})
    return _shown(written, Shown(body, b"%d" % found["version"]), ran)


def data_of(ran: Ran) -> bytes:
    """Return the JSON of an operation. Raise RestError for its errors."""
    if isinstance(ran.outcome.answer, bytes):
        return ran.outcome.answer
    if errors := _errors(ran):
        raise of_field_errors(errors, ran.given.told)
    return in_rest(ran.operation, to_json({"data": ran.outcome.answer.data}))


def _errors(ran: Ran) -> list[GraphQLFormattedError]:
    result = ran.outcome.answer
    if isinstance(result, bytes) or not result.errors:
        return []
    return shown_errors(result, ran.request_id, is_mutation=ran.operation.type is OperationType.MUTATION)


def _tagged(tag: str) -> _Headers:
    return (("etag", tag),)
