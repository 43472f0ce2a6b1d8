"""What the endpoints that run operations share: credentials, bodies, the end of a request, and its log line."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope, Send

from app.domain.identity import Principal
from app.scheduling.pauses import working_for
from app.web.answers import Answer
from app.web.connections import COMPANY_ID, GIVEN_UP
from app.web.deadline import Deadline
from app.web.ending import ending_of, stopped
from app.web.graphql_request import has_left, read_body
from app.web.http_errors import FailureCode, HttpError, http_error_of
from app.web.large_bodies import LARGE_BYTES
from app.web.request_log import OperationLog, OperationRecord
from app.web.running import Runner

_NOT_SENT = (499, ("CLIENT_CLOSED_REQUEST",))
"""Status and codes that are logged for operations whose client has disconnected; 499 is nginx's status for it."""
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

    def _write_left(self, scope: Scope, record: OperationRecord) -> None:
        """Log a request whose client disconnected before it was answered."""
        self._log.write(record, *(_GAVE_UP if scope.get("state", {}).get(GIVEN_UP) else _NOT_SENT))

    def _http_error(self, error: BaseException, scope: Scope, record: OperationRecord) -> HttpError:
        """Return the error for the exception that ended a request. Raise a cancellation unless the server made it."""
        ending = ending_of(scope)
        if not isinstance(error, Exception):
            if not (isinstance(error, asyncio.CancelledError) and ending.has_canceled):
                raise error
            return stopped(record.request_id, may_be_stored=record.may_be_stored)
        is_stopped = ending.has_stopped(error)
        return stopped(record.request_id) if is_stopped else http_error_of(error, record.request_id)

    async def _send(self, answer: Answer, receive: Receive, send: Send, record: OperationRecord) -> None:
        """Send the response, then log and count it."""
        record.seconds = record.elapsed()
        # Before the operation is known, its body may be unread; checking for a disconnect would consume it.
        outcome = _NOT_SENT if record.operation is not None and has_left(receive) else (answer.status, answer.codes)
        try:
            await answer.send(send)
        except OSError:
            # The server may raise this if the client has disconnected.
            outcome = _NOT_SENT
        except BaseException:
            outcome = _NOT_SENT
            raise
        finally:
            self._log.write(record, *outcome)


def not_allowed(message: str, allow: str) -> HttpError:
    """Return the error of a method that isn't supported."""
    return HttpError(405, FailureCode.METHOD_NOT_ALLOWED, message, (("allow", allow),))
