"""Errors of the REST endpoints: one object with a status, a time, the path, a message, a code and details."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from graphql.error import GraphQLFormattedError

from app.domain.errors import ErrorCode
from app.engine.request_errors import RequestError, RequestErrorCode
from app.graphql.codes import FieldCode
from app.rest.codes import RestCode
from app.rest.controls import IF_MATCH, NO_VERSION, Condition
from app.rest.problems import NO_CUSTOMER, Invalid, ValidationProblem, in_one_message, shortened, validation_errors
from app.rest.routing import is_rest
from app.web.answers import JSON_TYPE, Answer, to_json
from app.web.http_errors import FailureCode, HttpError

Told = Callable[[Iterable[Mapping[str, Any]]], Sequence[ValidationProblem]]
"""Translates problems of GraphQL to those of a request: entries of `extensions.problems` or of a payload's `errors`."""

_STATUSES: Mapping[str, int] = {
    FailureCode.INTERNAL_SERVER_ERROR: 500,
    FailureCode.OUTCOME_UNKNOWN: 503,
    FailureCode.SERVICE_UNAVAILABLE: 503,
    FailureCode.TIMEOUT: 504,
    FailureCode.COMPANY_NOT_FOUND: 403,
    FieldCode.BAD_USER_INPUT: 400,
    FieldCode.INVALID_CURSOR: 400,
    FieldCode.METADATA_FILTER_LIMIT_EXCEEDED: 400,
}
"""The statuses of errors of fields by their codes, the most severe first."""
_PAYLOAD_STATUSES = (400, 404, 409, 412, 422)
"""The statuses of problems of payloads: the first one is the answer's."""
_MAX_PATH = 1_000
"""Number of characters of a path that an error shows. JSON takes up to six bytes for each of them."""


class RestError(Exception):
    """A request is answered with this error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, object] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details or {}
        self.headers = headers

    def with_details(self, more: Mapping[str, object]) -> "RestError":
        """Return the error with more details."""
        return RestError(self.status, self.code, self.message, {**self.details, **more}, self.headers)

    def answer(self, path: str) -> Answer:
        """Return the response. `path`: the one that was requested."""
        body = {
            "statusCode": self.status,
            "timestamp": f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z",
            "path": shortened(path, _MAX_PATH),
            "message": self.message,
            "code": self.code,
            "details": self.details,
        }
        return Answer(self.status, to_json(body), JSON_TYPE, self.headers, (str(self.code),))


def of_http_error(error: HttpError) -> RestError:
    """Return the error of a request that failed before or beside its operation."""
    details = {} if error.request_id is None else {"requestId": error.request_id}
    return RestError(error.status, error.code, error.message, details, error.headers)


def of_problems(problems: Iterable[ValidationProblem]) -> RestError:
    """Return the error of a request with these problems."""
    listed = tuple(problems)
    details = {"validationErrors": validation_errors(listed)}
    return RestError(400, RestCode.VALIDATION_FAILED, in_one_message(listed), details)


def of_request_error(error: RequestError, told: Told) -> RestError:
    """Return the error of an operation that didn't run."""
    if error.kind is not RequestErrorCode.VARIABLES:
        return RestError(400, error.kind, str(error))
    return of_problems(told(problem for one in error.errors for problem in (one.extensions or {}).get("problems", ())))


def of_field_errors(errors: Sequence[GraphQLFormattedError], told: Told) -> RestError:
    """Return the error of an operation whose fields failed."""
    by_code = {str((error.get("extensions") or {}).get("code")): error for error in errors}
    code = next((code for code in _STATUSES if code in by_code), str(FailureCode.INTERNAL_SERVER_ERROR))
    error = by_code.get(code, errors[0])
    details = {name: value for name, value in (error.get("extensions") or {}).items() if name != "code"}
    if (found := details.get("problems")) is not None:
        return of_problems(told(found))
    return RestError(_STATUSES[code], code, str(error.get("message")), details)


def of_payload(problems: Sequence[Mapping[str, Any]], told: Told) -> RestError:
    """Return the error of a write that was rejected: that of the problem whose status comes first."""
    # The number of problems that aren't listed decides nothing, and comes last.
    statuses = [_status_of(problem) for problem in problems if problem["code"] != ErrorCode.MORE_PROBLEMS]
    status = min(statuses, key=_PAYLOAD_STATUSES.index)
    first = problems[statuses.index(status)]
    more = {"problems": [_listed(problem, told) for problem in problems]} if len(problems) > 1 else {}
    if status != HTTPStatus.BAD_REQUEST:
        return RestError(status, first["code"], told([first])[0].message, {**_data_of(first), **more})
    error = of_problems(told(one for one in problems if one["httpStatus"] == HTTPStatus.BAD_REQUEST))
    return error if {*statuses} == {status} else error.with_details(more)


def missing_scopes(required: AbstractSet[str], granted: AbstractSet[str]) -> RestError:
    """Return the error of a credential without all scopes that an endpoint requires."""
    missing = sorted(required - granted)
    message = f"The credential lacks the scope {' and '.join(missing)}."
    details = {"requiredScopes": sorted(required), "missingScopes": missing}
    return RestError(403, RestCode.INSUFFICIENT_PERMISSIONS, message, details)


def not_found() -> RestError:
    """Return the error of a customer that doesn't exist."""
    return RestError(404, ErrorCode.CUSTOMER_NOT_FOUND, NO_CUSTOMER)


def unmet(condition: Condition, version: int | None) -> RestError:
    """Return the error of a read whose `If-Match` excludes what it would show.

    `version`: that of the object; None for a list, which has no ETag.
    """
    if version is None:
        message = f"A list has no ETag that {IF_MATCH} could have: leave it out."
        return RestError(412, ErrorCode.VERSION_CONFLICT, message)
    message = condition.told(f"{IF_MATCH} has no ETag of the object as it is now: leave it out to read the object.")
    return RestError(412, ErrorCode.VERSION_CONFLICT, message, {"actualVersion": version})


def rejected(error: HttpError, root_path: str, path: str) -> Answer | None:
    """Return the answer to a request that was rejected before it reached its endpoint; None for other paths."""
    return of_http_error(error).answer(f"{root_path}{path}") if is_rest(path) else None


def as_rest(error: BaseException) -> RestError | None:
    """Return the error of an exception about the request itself; None for all others."""
    match error:
        case RestError():
            return error
        case Invalid():
            return of_problems(error.problems)
        case _:
            return None


def _status_of(problem: Mapping[str, Any]) -> int:
    # The expected version comes from `If-Match`.
    return 412 if problem["code"] == ErrorCode.VERSION_CONFLICT else problem["httpStatus"]


def _data_of(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a problem says to programs, besides its code and place."""
    shown = {name: value for name, value in problem.items() if name not in {"code", "path", "message", "httpStatus"}}
    if shown.get("expectedVersion") == NO_VERSION:
        # Nothing has changed since a version that there never was.
        return {name: value for name, value in shown.items() if name not in {"expectedVersion", "changedFields"}}
    return shown


def _listed(problem: Mapping[str, Any], told: Told) -> dict[str, Any]:
    (shown,) = told([problem])
    return {"code": shown.code, "property": shown.property, "message": shown.message, **_data_of(problem)}
