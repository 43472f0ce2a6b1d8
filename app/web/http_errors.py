"""The error that ends a whole request, its codes, and the conversion of exceptions to it."""

from enum import StrEnum
from http import HTTPStatus

import structlog

from app.db.unit_of_work import CompanyUnknown
from app.unavailable import DatabaseUnavailable, StatementTimeout
from app.web.answers import JSON_TYPE, Answer, to_json
from app.web.causes import REQUEST_TIMEOUT, log_cause, log_request_timeout
from app.web.credential_errors import CredentialsUnavailable, Unauthenticated

_log = structlog.get_logger()

_RETRY_AFTER_SECONDS = 2


class FailureCode(StrEnum):
    """The `extensions.code` of HTTP errors and failures; RequestErrorCode and CredentialCode contain the others."""

    BAD_REQUEST = "BAD_REQUEST"
    """Not a valid GraphQL-over-HTTP request."""
    NOT_FOUND = "NOT_FOUND"
    """Nothing is served at this path."""
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    """The path or the operation doesn't support this HTTP method."""
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    """The client accepts neither of the media types that the service returns."""
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    """The body or the URL is too long."""
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    """The body isn't JSON in UTF-8."""
    COMPANY_NOT_FOUND = "COMPANY_NOT_FOUND"
    """The credential is valid, but its company doesn't exist in this service."""
    BAD_USER_INPUT = "BAD_USER_INPUT"
    """An argument of a field is invalid; the error has no more specific code."""
    TIMEOUT = "TIMEOUT"
    """The body took too long to arrive, or the operation took too long and was stopped."""
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    """The database or the token issuer is unavailable, or the service is overloaded. Try again shortly."""
    TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"
    """As many operations run on a WebSocket as may run at once."""
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    """It is unknown whether a mutation was stored. Repeat it with the same idempotencyKey, or check the data first."""
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    """A failure of the service, logged with the request's id."""


class HttpError(Exception):
    """A whole request is answered with this single error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: tuple[tuple[str, str], ...] = (),
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.request_id = request_id

    def answer(self, media_type: str = JSON_TYPE) -> Answer:
        """Return the response."""
        extensions = (
            {"code": self.code} if self.request_id is None else {"code": self.code, "requestId": self.request_id}
        )
        body = to_json({"errors": [{"message": self.message, "extensions": extensions}]})
        return Answer(self.status, body, media_type, self.headers, (str(self.code),))


class OperationTimeout(HttpError):
    """An operation was stopped at its deadline."""

    def __init__(self, seconds: float, cause: str) -> None:
        """`cause`: what the log says."""
        super().__init__(504, FailureCode.TIMEOUT, f"The request took longer than {seconds:g} seconds and was stopped.")
        self.cause = cause


def http_error_of(error: Exception, request_id: str) -> HttpError:
    """Return the error response for an exception that ended a request; log it if it is a failure."""
    match error:
        case HttpError():
            if error.status == HTTPStatus.GATEWAY_TIMEOUT:
                log_request_timeout(request_id, error.cause if isinstance(error, OperationTimeout) else REQUEST_TIMEOUT)
            return error
        case Unauthenticated():
            return HttpError(401, error.code, error.message, (("www-authenticate", error.www_authenticate),))
        case DatabaseUnavailable() | CredentialsUnavailable():
            log_cause(error, request_id, status=503)
            seconds = error.retry_after_seconds if isinstance(error, CredentialsUnavailable) else _RETRY_AFTER_SECONDS
            return HttpError(503, FailureCode.SERVICE_UNAVAILABLE, str(error), (("retry-after", str(seconds)),))
        case CompanyUnknown():
            return HttpError(403, FailureCode.COMPANY_NOT_FOUND, str(error))
        case StatementTimeout():
            log_cause(error, request_id, status=504)
            return HttpError(504, FailureCode.TIMEOUT, str(error))
        case _:
            _log.error("failure", request_id=request_id, exc_info=error)
            return HttpError(500, FailureCode.INTERNAL_SERVER_ERROR, masked_message(request_id), request_id=request_id)


def masked_message(request_id: str) -> str:
    """Return the message of a failure, which tells nothing but the request's id."""
    return f"The service failed to process the request. If this happens again, report the request id {request_id}."
