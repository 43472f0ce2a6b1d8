"""What a REST request says: its path, its query, its headers and its body as variables of the endpoint's document."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from functools import partial
from typing import Any, NamedTuple, Self, TypeVar, cast

from starlette.types import Scope

from app.domain.errors import ErrorCode
from app.domain.labels import label
from app.rest.answers import Written
from app.rest.bodies import input_of
from app.rest.controls import Condition, Controls, condition_of, controls_of
from app.rest.endpoints import Endpoint
from app.rest.parameters import variables_of
from app.rest.problems import Invalid, ValidationProblem, in_order, listed
from app.rest.rejections import validation_problems
from app.rest.routing import path_of
from app.web.http_errors import FailureCode, HttpError
from app.web.malformed import bad
from app.web.strict_json import json_of

ReadT = TypeVar("ReadT")


def requested_path(scope: Scope) -> str | None:
    """Return the path of a request below the root path; None if its percent-encoding is malformed."""
    return path_of(scope["raw_path"].removeprefix(scope.get("root_path", "").encode()))


class RestRequest(NamedTuple):
    """A request to an endpoint."""

    endpoint: Endpoint
    values: Mapping[str, str]
    """The values in the path."""
    query_string: bytes
    headers: Mapping[str, str]
    """The headers by their names in lower case."""
    body: bytes | bytearray


class Given(NamedTuple):
    """What a request says."""

    request: RestRequest
    variables: dict[str, Any]
    versions: tuple[int, ...] = ()
    """The versions that a write may change, the latest first, if there are several: the input has a single one."""
    problems: Sequence[ValidationProblem] = ()
    """What GraphQL can't see of a write. If there are any, its operation doesn't run."""
    members: Sequence[str] = ()
    """The names of the body's members."""
    condition: Condition = Condition()
    """What `If-Match` requires."""

    def with_variables(self, variables: Mapping[str, Any]) -> Self:
        """Return the same with these variables, too."""
        return self._replace(variables={**self.variables, **variables})

    def told(self, found: Iterable[Mapping[str, Any]]) -> Sequence[ValidationProblem]:
        """Return all problems of the request: those that GraphQL found, and its own."""
        translated = validation_problems(found, self.request.endpoint.parameters, self.variables, self.condition)
        return listed(in_order([*self.problems, *translated], self.members))

    def too_much(self) -> ValidationProblem:
        """Return the problem of a request that asks for more, or has more, than the service takes at once."""
        values: dict[str, Any] = self.variables.get("input", {})
        sizes = {name: len(cast("Sized", value)) for name, value in values.items() if isinstance(value, dict | list)}
        if sizes:
            longest = max(sizes, key=lambda name: sizes[name])
            message = f"{label(longest)} has too many entries ({sizes[longest]:,}): send fewer."
            return ValidationProblem(longest, ErrorCode.FIELD_TOO_LONG, message)
        if "first" in self.variables:
            return ValidationProblem(
                "limit",
                ErrorCode.FIELD_INVALID,
                'The parameter "limit" is more than this service allows: ask for fewer.',
            )
        return ValidationProblem("", ErrorCode.FIELD_INVALID, "The answer is larger than this service allows.")


def given_in(request: RestRequest, limit: int) -> Given:
    """Return what a request says. Raise Invalid with all problems, or HttpError.

    `limit`: the maximum length of a query, in bytes.
    """
    if len(request.query_string) > limit:
        msg = f"The parameters of the URL are longer than {limit:,} bytes."
        raise HttpError(414, FailureCode.PAYLOAD_TOO_LARGE, msg)
    endpoint = request.endpoint
    read = partial(variables_of, endpoint.parameters, request.values, request.query_string)
    if endpoint.body is None:
        return _read(request, read)
    # JSON that can't be read is told alone, as in GraphQL.
    value = _value(request.body)
    given, problems = input_of(endpoint.body, value)
    # Without the path's values, the input would seem to lack its id.
    of_path = variables_of(endpoint.parameters, request.values, b"")
    variables = _collected(read, of_path, problems)
    creates = isinstance(endpoint.shown, Written) and endpoint.shown.location is not None
    controls = _collected(partial(controls_of, request.headers, creates=creates), Controls(), problems)
    variables["input"] = {**given, **variables.get("input", {}), **_controlled(controls)}
    versions = controls.condition.versions
    members = tuple(cast("dict[str, Any]", value))
    return Given(request, variables, versions if len(versions) > 1 else (), problems, members, controls.condition)


def _read(request: RestRequest, read: Callable[[], dict[str, Any]]) -> Given:
    """Return what a request without a body says. Raise Invalid with all problems."""
    problems: list[ValidationProblem] = []
    variables = _collected(read, {}, problems)
    condition = _collected(partial(condition_of, request.headers), Condition(), problems)
    if problems:
        raise Invalid(problems)
    return Given(request, variables, condition=condition)


def _value(body: bytes | bytearray) -> object:
    if not body:
        msg = "The body is empty: send a JSON object."
        raise bad(msg)
    return json_of(body, "body")


def _controlled(controls: Controls) -> dict[str, Any]:
    """Return the fields of the input that headers give."""
    versions = controls.condition.versions
    version = {"expectedVersion": versions[0]} if len(versions) == 1 else {}
    key = {"idempotencyKey": controls.idempotency_key} if controls.idempotency_key is not None else {}
    return {**version, **key}


def _collected(read: Callable[[], ReadT], otherwise: ReadT, problems: list[ValidationProblem]) -> ReadT:
    """Return what was read, or something else and note the problems."""
    try:
        return read()
    except Invalid as invalid:
        problems += invalid.problems
        return otherwise
