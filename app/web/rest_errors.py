"""Errors of the REST endpoints: one object with a status, a time, the path, a message, a code and details."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any

from graphql.error import GraphQLFormattedError

from app.domain.errors import ErrorCode
from app.engine.request_errors import RequestError, RequestErrorCode
from app.rest.codes import RestCode
from app.rest.problems import Invalid, Unknown, ValidationProblem, in_one_message, validation_errors
from app.web.answers import JSON_TYPE, Answer, to_json
from app.web.http_errors import FailureCode, HttpError

_NO_CUSTOMER = "The company has no customer with this id."


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

    def answer(self, path: str) -> Answer:
        """Return the response. `path`: the one that was requested."""
        body = {
            "statusCode": self.status,
            "timestamp": f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z",
            "path": path,
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


def of_request_error(error: RequestError) -> RestError:
    """Return the error of an operation that didn't run."""
    if error.kind is not RequestErrorCode.VARIABLES:
        return RestError(400, error.kind, str(error))
    found = [problem for one in error.errors for problem in (one.extensions or {}).get("problems", ())]
    return of_problems(_validation_problem(problem) for problem in found)


def of_field_errors(errors: Sequence[GraphQLFormattedError]) -> RestError:
    """Return the error of an operation whose fields failed."""
    first = errors[0]
    extensions = first.get("extensions") or {}
    code, message = str(extensions["code"]), str(first.get("message"))
    if code == FailureCode.BAD_USER_INPUT:
        return of_problems(_validation_problem(problem) for problem in extensions.get("problems", ()))
    return RestError(500, code, message, {name: value for name, value in extensions.items() if name != "code"})


def missing_scopes(required: AbstractSet[str], granted: AbstractSet[str]) -> RestError:
    """Return the error of a credential without all scopes that an endpoint requires."""
    missing = sorted(required - granted)
    message = f"The credential lacks the scope {' and '.join(missing)}."
    details = {"requiredScopes": sorted(required), "missingScopes": missing}
    return RestError(403, RestCode.INSUFFICIENT_PERMISSIONS, message, details)


def not_found() -> RestError:
    """Return the error of a customer that doesn't exist."""
    return RestError(404, ErrorCode.CUSTOMER_NOT_FOUND, _NO_CUSTOMER)


def as_rest(error: BaseException) -> RestError | None:
    """Return the error of an exception about the request itself; None for all others."""
    match error:
        case RestError():
            return error
        case Invalid():
            return of_problems(error.problems)
        case Unknown():
            return not_found()
        case RequestError():
            return of_request_error(error)
        case _:
            return None


def _validation_problem(problem: Mapping[str, Any]) -> ValidationProblem:
    path = problem["path"][1:] if problem["path"][:1] == ["input"] else problem["path"]
    return ValidationProblem(".".join(map(str, path)), problem["code"], problem["message"])
