"""What the endpoints that run operations share: credentials, bodies, the end of a request, and its log line."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Receive, Scope, Send

from app.domain.identity import Principal
from app.scheduling.pauses import working_for
from app.web.answers import Answer
from app.web.connections import COMPANY_ID, GIVEN_UP, TOO_SLOW
from app.web.deadline import Deadline
from app.web.ending import ending_of, stopped
from app.web.graphql_request import has_left, read_body
from app.web.http_errors import FailureCode, HttpError, http_error_of
from app.web.large_bodies import LARGE_BYTES
from app.web.request_log import OperationLog, OperationRecord
from app.web.running import Runner

_CLOSED = 499
"""nginx's status for a connection that is closed before the answer."""
NOT_SENT = (_CLOSED, ("CLIENT_CLOSED_REQUEST",))
"""Status and codes that are logged for operations whose client has disconnected."""
TOO_SLOW_CODES = ("CLIENT_TOO_SLOW",)
"""The codes that are logged for answers that the service has cut off because of their client."""
_GAVE_UP = (408, (FailureCode.TIMEOUT.value,))
"""Status and codes that are logged for requests whose body did not arrive, which the server has answered."""

Authenticate = Callable[[Mapping[str, str]], Awaitable[Principal]]


class OperationEndpoint:
    """The base of ASGI applications whose requests run operations."""

    def __init__(self, runner: Runner, authenticate: Authenticate, *, log: OperationLog, max_body_bytes: int) -> None:
        self._runner = runner
        self._authenticate = authenticate
        self._log = log
        self._max_body_bytes = max_body_bytes

    def _work_for(self, principal: Principal, scope: Scope) -> None:
        """Let a request work for the company of its credential from now on."""
        working_for.set(principal.company_id)
        scope["state"][COMPANY_ID] = principal.company_id

    async def _body(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], deadline: Deadline
    ) -> bytes | bytearray:
        """Return the body of a request, or the query string of a GET."""
        if scope["method"] in {"GET", "HEAD"}:
            # A long document, or many parameters, in the URL may also wait for their turn.
            body = scope["query_string"]
        else:
            body = await read_body(receive, headers, self._max_body_bytes)
        deadline.end_body()
        if len(body) >= LARGE_BYTES:
            await self._runner.turns.begin(working_for.get())
        return body

    def _write_left(self, scope: Scope, record: OperationRecord, *, has_begun: bool = False) -> None:
        """Log a request whose connection was closed before it was answered, or before its answer was sent."""
        self._log.write(record, *not_sent(scope.get("state", {}), has_begun=has_begun))

    def _http_error(self, error: BaseException, scope: Scope, record: OperationRecord) -> HttpError:
        """Return the error for the exception that ended a request. Raise a cancellation unless the server made it."""
        ending = ending_of(scope)
        if not isinstance(error, Exception):
            if not (isinstance(error, asyncio.CancelledError) and ending.has_canceled):
                raise error
            return stopped(record.request_id, may_be_stored=record.may_be_stored)
        is_stopped = ending.has_stopped(error)
        return stopped(record.request_id) if is_stopped else http_error_of(error, record.request_id)

    async def _send(self, answer: Answer, scope: Scope, receive: Receive, send: Send, record: OperationRecord) -> None:
        """Send the response, then log and count it."""
        record.seconds = record.elapsed()
        # Before the operation is known, its body may be unread; checking for a disconnect would consume it.
        is_sent = record.operation is None or not has_left(receive)
        try:
            await answer.send(send)
        except OSError:
            # The server may raise this if the client has disconnected.
            is_sent = False
        except BaseException:
            is_sent = False
            raise
        finally:
            outcome = (answer.status, answer.codes) if is_sent else not_sent(scope.get("state", {}))
            self._log.write(record, *outcome)


def not_sent(state: Mapping[str, Any], *, has_begun: bool = False) -> tuple[int, tuple[str, ...]]:
    """Return the status and codes to log for a request whose answer was not sent, or only its beginning.

    `state`: that of the request, in which its connection tells why.
    """
    if state.get(GIVEN_UP):
        return _GAVE_UP
    if state.get(TOO_SLOW):
        return 200 if has_begun else _CLOSED, TOO_SLOW_CODES
    return NOT_SENT


def not_allowed(message: str, allow: str) -> HttpError:
    """Return the error of a method that isn't supported."""
    return HttpError(405, FailureCode.METHOD_NOT_ALLOWED, message, (("allow", allow),))
