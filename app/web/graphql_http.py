"""The GraphQL endpoint: parse HTTP requests, run their operations, and write the responses."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from app.domain.identity import Principal
from app.engine.request_errors import RequestError
from app.scheduling.pauses import run_in_turn, working_for
from app.web.answers import JSON_TYPE, Answer
from app.web.connections import COMPANY_ID, GIVEN_UP
from app.web.deadline import Deadline
from app.web.ending import ending_of, stopped
from app.web.envelope import request_id_of
from app.web.failures import document_answer
from app.web.graphql_request import ClientGone, from_body, from_url, has_left, headers_of, read_body
from app.web.http_errors import FailureCode, HttpError, http_error_of
from app.web.large_bodies import HUGE_BYTES, LARGE_BYTES
from app.web.media_types import negotiate, prefers_events, takes_events, wants_page
from app.web.request_log import OperationLog, OperationRecord
from app.web.running import Runner
from app.web.sse import EventStream, EventStreams, in_events

_NOT_SENT = (499, ("CLIENT_CLOSED_REQUEST",))
"""Status and codes that are logged for operations whose client has disconnected; 499 is nginx's status for it."""
_GAVE_UP = (408, (FailureCode.TIMEOUT.value,))
"""Status and codes that are logged for requests whose body did not arrive, which the server has answered."""

Authenticate = Callable[[Mapping[str, str]], Awaitable[Principal]]


class GraphQLEndpoint:
    """The ASGI application at /graphql."""

    def __init__(
        self,
        runner: Runner,
        authenticate: Authenticate,
        *,
        log: OperationLog,
        max_body_bytes: int,
        page: Answer | None = None,
        streams: EventStreams | None = None,
    ) -> None:
        """Without `streams`, subscriptions are rejected."""
        self._runner = runner
        self._authenticate = authenticate
        self._log = log
        self._max_body_bytes = max_body_bytes
        self._page = page
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = headers_of(scope)
        accept = headers.get("accept")
        if self._page is not None and scope["method"] == "GET" and wants_page(accept):
            await self._page.send(send)
            return
        record = OperationRecord(request_id_of(scope))
        media_type = negotiate(accept) or JSON_TYPE
        ending = ending_of(scope)
        try:
            answer = await self._answer(scope, receive, headers, media_type, record)
            if isinstance(answer, EventStream):
                self._log.write(record, 200, ())
                await answer.send(scope, receive, send)
                return
            answer = _as_accepted(answer, accept, record)
        except ClientGone:
            self._log.write(record, *(_GAVE_UP if scope.get("state", {}).get(GIVEN_UP) else _NOT_SENT))
            return
        except RequestError as error:
            answer = _as_accepted(document_answer(error, media_type), accept, record)
        except asyncio.CancelledError:
            if not ending.has_canceled:
                raise
            http_error = stopped(record.request_id, may_be_stored=record.may_be_stored)
            answer = http_error.answer(media_type)
        except Exception as error:  # noqa: BLE001 - every exception becomes a response
            is_stopped = ending.has_stopped(error)
            http_error = stopped(record.request_id) if is_stopped else http_error_of(error, record.request_id)
            answer = http_error.answer(media_type)
        await self._send(answer, receive, send, record)

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

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        headers: Mapping[str, str],
        media_type: str,
        record: OperationRecord,
    ) -> Answer | EventStream:
        if scope["method"] not in {"GET", "POST"}:
            msg = "GraphQL accepts GET and POST only."
            raise _not_allowed(msg, "GET, POST")
        record.principal = principal = await self._authenticate(headers)
        working_for.set(principal.company_id)
        scope["state"][COMPANY_ID] = principal.company_id
        if negotiate(accept := headers.get("accept")) is None and not takes_events(accept):
            raise HttpError(
                406, FailureCode.NOT_ACCEPTABLE, "Accept `application/graphql-response+json` or `application/json`."
            )
        with self._runner.deadline(receive) as deadline:
            body = await self._body(scope, receive, headers, deadline)
            if len(body) < HUGE_BYTES:
                return await self._answer_body(scope, headers, body, principal, deadline, media_type, record)
            # From before the body is decoded until its values are freed.
            async with self._runner.turns.huge(principal.company_id):
                return await self._answer_body(scope, headers, body, principal, deadline, media_type, record)

    async def _answer_body(
        self,
        scope: Scope,
        headers: Mapping[str, str],
        body: bytes | bytearray,
        principal: Principal,
        deadline: Deadline,
        media_type: str,
        record: OperationRecord,
    ) -> Answer | EventStream:
        size = len(body)
        is_get = scope["method"] == "GET"
        read = partial(from_url, bytes(body), self._max_body_bytes) if is_get else partial(from_body, body)
        request = read() if size < HUGE_BYTES else await run_in_turn(object(), read)
        operation = await self._runner.prepare(request, record)
        if is_get and operation.type is OperationType.MUTATION:
            msg = "GET runs no mutations. Send them by POST."
            raise _not_allowed(msg, "POST")
        if operation.type is OperationType.SUBSCRIPTION and self._streams is not None:
            deadline.begin_query()
            return await self._streams.open(request.variables, record, headers, ending_of(scope))
        return await self._runner.answer(
            operation, request, principal, record, deadline, ending_of(scope), size=size, media_type=media_type
        )

    async def _body(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], deadline: Deadline
    ) -> bytes | bytearray:
        """Return the body of a POST, or the query string of a GET."""
        if scope["method"] == "GET":
            # An operation with a long document in its URL may also wait for its turn.
            body = scope["query_string"]
        else:
            body = await read_body(receive, headers, self._max_body_bytes)
        deadline.end_body()
        if len(body) >= LARGE_BYTES:
            await self._runner.turns.begin(working_for.get())
        return body


def _as_accepted(answer: Answer, accept: str | None, record: OperationRecord) -> Answer:
    """Return the result of an operation in the form that the client prefers."""
    is_subscription = record.operation is not None and record.operation.type is OperationType.SUBSCRIPTION
    events = prefers_events(accept) or (is_subscription and takes_events(accept))
    return in_events(answer) if events else answer


def _not_allowed(message: str, allow: str) -> HttpError:
    return HttpError(405, FailureCode.METHOD_NOT_ALLOWED, message, (("allow", allow),))
