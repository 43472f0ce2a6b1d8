"""Show the errors of an operation: rejections keep their messages; failures are masked, and logged in full."""

from collections.abc import Iterator, Sequence

import structlog
from graphql import ExecutionResult, GraphQLError
from graphql.error import GraphQLFormattedError

from app.db.unit_of_work import CommitUnknown, CompanyUnknown
from app.engine.mutation_deadline import OutOfTime
from app.engine.request_errors import RequestError
from app.unavailable import DatabaseUnavailable, StatementTimeout
from app.web.answers import Answer, to_json
from app.web.causes import log_cause
from app.web.http_errors import FailureCode, HttpError, masked_message
from app.web.media_types import GRAPHQL_TYPE

_log = structlog.get_logger()

_STOPPED = "The request took too long and was stopped; nothing was stored."
_MUTATION_STOPPED = (
    "The change took too long and was stopped, perhaps because it waited for other changes of the same rows;"
    " nothing was stored. Try again."
)
_NOT_READ_BACK = (
    "The change was stored, but this part of its answer could not be read. Read it again; don't repeat the change."
)
_OUTCOME_UNKNOWN = (
    "The database connection was lost during the commit, so it is unknown whether the change was stored."
    " Repeat it with the same idempotency key, or check the data before you repeat it."
)
_MAX_LOGGED_FAILURES = 3
"""Maximum number of failures logged per operation: a field of a list may fail once per row, for the same reason."""


def document_answer(rejected: RequestError, media_type: str) -> Answer:
    """Return a request error, without data.

    Its status is 400 for `application/graphql-response+json`, otherwise 200.
    """
    errors = [_shown(error, rejected.kind) for error in rejected.errors]
    return Answer(
        400 if media_type == GRAPHQL_TYPE else 200, to_json({"errors": errors}), media_type, codes=(str(rejected.kind),)
    )


def field_errors(result: ExecutionResult, request_id: str) -> list[GraphQLFormattedError]:
    """Return the errors of single fields as the caller sees them.

    Raise an error that invalidates the whole response.
    """
    errors = result.errors or []
    for error in errors:
        cause = _unavailable(error)
        if isinstance(cause, OutOfTime):
            raise HttpError(504, FailureCode.TIMEOUT, _STOPPED)
        if cause is not None:
            raise cause
    return _shown_all(errors, request_id)


def mutation_errors(result: ExecutionResult, request_id: str) -> list[GraphQLFormattedError]:
    """Return the errors of a mutation's fields. Raise one instead only if it is certain that nothing was stored."""
    errors = result.errors or []
    if not any(value is not None for value in (result.data or {}).values()) and not any(map(_may_be_done, errors)):
        try:
            return field_errors(result, request_id)
        except StatementTimeout as error:
            raise StatementTimeout(_MUTATION_STOPPED) from error
    for cause in {type(cause): cause for cause in map(_unavailable, errors) if cause is not None}.values():
        log_cause(cause, request_id, status=200)
    return _shown_all([_as_told(error) for error in errors], request_id)


def _may_be_done(error: GraphQLError) -> bool:
    """Return whether the error's root field may have been stored: it failed within its payload, or at its commit."""
    return len(error.path or ()) > 1 or isinstance(_unavailable(error), CommitUnknown)


def _as_told(error: GraphQLError) -> GraphQLError:
    """Return the error of a field that didn't run, or wasn't read after its commit, with a message for the caller."""
    match _unavailable(error):
        case None:
            return error
        case CommitUnknown():
            code, message = FailureCode.OUTCOME_UNKNOWN, _OUTCOME_UNKNOWN
        case cause if len(error.path or ()) > 1:
            code, message = _code_of(cause), _NOT_READ_BACK
        case OutOfTime(has_begun=False):
            code, message = (
                FailureCode.TIMEOUT,
                "The request's time ended before this change began; nothing was stored.",
            )
        case StatementTimeout() | OutOfTime():
            code, message = FailureCode.TIMEOUT, "The change took too long and was stopped; nothing was stored."
        case CompanyUnknown() as cause:
            code, message = FailureCode.COMPANY_NOT_FOUND, str(cause)
        case _:
            code = FailureCode.SERVICE_UNAVAILABLE
            message = "The database is unavailable; nothing was stored. Try again in a few seconds."
    return GraphQLError(message, error.nodes, path=error.path, extensions={"code": code, **_written(error)})


def _written(error: GraphQLError) -> dict[str, object]:
    """Return what execution recorded about the write that the field belongs to."""
    extensions = error.extensions or {}
    return {"written": extensions["written"]} if "written" in extensions else {}


def _code_of(cause: Exception) -> FailureCode:
    is_late = isinstance(cause, StatementTimeout | OutOfTime)
    return FailureCode.TIMEOUT if is_late else FailureCode.SERVICE_UNAVAILABLE


def _unavailable(error: GraphQLError) -> Exception | None:
    """Return the error's cause if a resource was unavailable or time ran out; None for failures and invalid input."""
    for cause in _causes(error):
        if isinstance(cause, DatabaseUnavailable | StatementTimeout | CompanyUnknown | OutOfTime):
            return cause
    return None


def _shown_all(errors: Sequence[GraphQLError], request_id: str) -> list[GraphQLFormattedError]:
    failures = [error for error in errors if _is_failure(error)]
    for error in failures[:_MAX_LOGGED_FAILURES]:
        _log.error(
            "failure", request_id=request_id, path=error.path, failures=len(failures), exc_info=error.original_error
        )
    return [
        _shown_failure(error, request_id) if _is_failure(error) else _shown(error, FailureCode.BAD_USER_INPUT)
        for error in errors
    ]


def forget_tracebacks(errors: Sequence[GraphQLError]) -> None:
    """Free the local variables of handled errors: an error and its frame refer to each other.

    Otherwise the values of an operation would stay until the next garbage collection: 60 MB for 64 operations of 10 MB
    each.
    """
    for error in errors:
        if not _is_failure(error):
            for cause in _causes(error):
                cause.__traceback__ = None


def codes_of(errors: Sequence[GraphQLFormattedError]) -> tuple[str, ...]:
    """Return the distinct codes of formatted errors, in order."""
    return tuple(dict.fromkeys(str(error.get("extensions", {}).get("code")) for error in errors))


def _is_failure(error: GraphQLError) -> bool:
    # graphql-core wraps every exception of a resolver. Rejections are GraphQLErrors; all others are failures.
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


def _shown_failure(error: GraphQLError, request_id: str) -> GraphQLFormattedError:
    shown = error.formatted
    shown["message"] = masked_message(request_id)
    shown["extensions"] = {
        "code": FailureCode.INTERNAL_SERVER_ERROR,
        "requestId": request_id,
        **_written(error),
    }
    return shown


def _shown(error: GraphQLError, code: str) -> GraphQLFormattedError:
    shown = error.formatted
    shown["extensions"] = {"code": code, **(error.extensions or {})}
    return shown


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.original_error if isinstance(error, GraphQLError) and error.original_error else error.__cause__
