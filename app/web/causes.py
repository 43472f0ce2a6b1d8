"""Log lines that say why requests were answered 503 or 504: the cause, the limit and the time waited."""

from typing import Any

import structlog

from app.db.connection_failures import reason_of
from app.db.probing import PROBE_SECONDS
from app.db.rate_limited_log import RateLimitedLog
from app.engine.mutation_deadline import OutOfTime
from app.scheduling.pauses import COMPUTING_PATIENCE_SECONDS
from app.unavailable import Cause, DatabaseUnavailable, StatementTimeout, TooBusy
from app.web.credential_errors import CredentialsUnavailable
from app.web.jwks import FETCH_SECONDS

_log = structlog.get_logger()

REQUEST_TIMEOUT = "request_timeout"
"""The cause of an operation that was stopped at its deadline."""
LIST_TIMEOUT = "list_timeout"
"""The cause of a whole list that was cut off because its client took too long to read it."""
ISSUER_UNREACHABLE = "issuer_unreachable"
"""The cause of a token that can't be verified: its key is unknown, and the issuer's keys can't be fetched."""

SERVICE_STOPPED = "service_stopped"
"""The cause of a request that was stopped because the server is shutting down."""

_LIMITS = {
    Cause.POOL_EXHAUSTED: "DATABASE_POOL_TIMEOUT_SECONDS",
    Cause.TOO_MANY_HEAVY: "twice DATABASE_POOL_TIMEOUT_SECONDS",
    Cause.TOO_MANY_LARGE: "a third of REQUEST_TIMEOUT_SECONDS",
    Cause.TOO_MUCH_TO_COMPUTE: f"{COMPUTING_PATIENCE_SECONDS:g} s",
    Cause.STATEMENT_TIMEOUT: "STATEMENT_TIMEOUT_SECONDS",
    Cause.LOCK_TIMEOUT: "lock_timeout of the role or the database",
    Cause.SILENT: "STATEMENT_TIMEOUT_SECONDS",
    Cause.NO_ANSWER_IN_TIME: f"{PROBE_SECONDS:g} s",
    REQUEST_TIMEOUT: "REQUEST_TIMEOUT_SECONDS",
    LIST_TIMEOUT: "REST_LIST_SECONDS",
    SERVICE_STOPPED: "REQUEST_TIMEOUT_SECONDS",
    ISSUER_UNREACHABLE: f"{FETCH_SECONDS:g} s",
}


def log_cause(error: Exception, request_id: str | None, *, status: int) -> None:
    """Log why a request ends with 503, 504, or 200 with such an error: at most one line per cause in ten seconds."""
    match error:
        case TooBusy(most_waiting=int(most)):
            limit = f"{most:,} waiting"
            _log_unavailable(error.cause, status, request_id, error.waited_seconds, reason_of(error.__cause__), limit)
        case DatabaseUnavailable():
            _log_unavailable(error.cause, status, request_id, error.waited_seconds, reason_of(error.__cause__))
        case StatementTimeout():
            _log_unavailable(Cause.STATEMENT_TIMEOUT, status, request_id, None, None)
        case CredentialsUnavailable():
            _log_unavailable(ISSUER_UNREACHABLE, status, request_id, error.waited_seconds, error.reason)
        case OutOfTime():
            _log_unavailable(REQUEST_TIMEOUT, status, request_id, None, None)
        case _:
            pass


def log_request_timeout(request_id: str, cause: str = REQUEST_TIMEOUT) -> None:
    """Log that an operation was stopped at its deadline, at most one line per cause in ten seconds."""
    _log_unavailable(cause, 504, request_id, None, None)


def log_service_stopped(request_id: str) -> None:
    """Log that a request was stopped because the server is shutting down, at most one line in ten seconds."""
    _log_unavailable(SERVICE_STOPPED, 503, request_id, None, None)


def flush_causes() -> None:
    """Log the causes that were counted but not logged yet."""
    _lines.flush()


def _log_unavailable(
    cause: str,
    status: int,
    request_id: str | None,
    waited_seconds: float | None,
    reason: str | None,
    limit: str | None = None,
) -> None:
    _lines.tell(
        cause,
        cause=cause,
        limit=_LIMITS.get(cause) if limit is None else limit,
        status=status,
        request_id=request_id,
        waited_seconds=None if waited_seconds is None else round(waited_seconds, 3),
        reason=reason,
    )


def _write(fields: dict[str, Any], left_out: int) -> None:
    _log.warning(
        "unavailable",
        cause=fields["cause"],
        limit=fields["limit"],
        status=fields["status"],
        waited_seconds=fields["waited_seconds"],
        reason=fields["reason"],
        request_id=fields["request_id"],
        left_out=left_out,
    )


_lines = RateLimitedLog(_write)
