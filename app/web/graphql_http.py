"""The GraphQL endpoint: parse HTTP requests, run their operations, and write the responses."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Protocol

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from app.domain.identity import Principal
from app.engine.execution import Engine, Operation, Outcome
from app.engine.mutation_deadline import MutationDeadline
from app.engine.request_errors import RequestError
from app.scheduling.pauses import run_in_turn, working_for
from app.web.answers import JSON_TYPE, Answer, to_json
from app.web.connections import COMPANY_ID, GIVEN_UP
from app.web.deadline import Deadline, Patience
from app.web.ending import ending_of, stopped
from app.web.envelope import request_id_of
from app.web.failures import codes_of, document_answer, field_errors, forget_tracebacks, mutation_errors
from app.web.graphql_request import ClientGone, from_body, from_url, has_left, headers_of, read_body
from app.web.http_errors import FailureCode, HttpError, http_error_of
from app.web.large_bodies import HUGE_BYTES, LARGE_BYTES, LARGE_MUTATION_BYTES, BodyTurns
from app.web.media_types import negotiate, wants_page
from app.web.request_log import OperationLog, OperationRecord

_NOT_SENT = (499, ("CLIENT_CLOSED_REQUEST",))
"""Status and codes that are logged for operations whose client has disconnected; 499 is nginx's status for it."""
_GAVE_UP = (408, (FailureCode.TIMEOUT.value,))
"""Status and codes that are logged for requests whose body did not arrive, which the server has answered."""


class OperationContext(Protocol):
    """The context that is passed to resolvers. This layer only reads its number of SQL statements."""

    @property
    def statements(self) -> int:
        """Number of SQL statements so far."""
        ...


Authenticate = Callable[[Mapping[str, str]], Awaitable[Principal]]
OpenContext = Callable[[Principal], AbstractAsyncContextManager[OperationContext]]


class GraphQLEndpoint:
    """The ASGI application at /graphql."""

    def __init__(
        self,
        engine: Engine,
        authenticate: Authenticate,
        open_context: OpenContext,
        *,
        log: OperationLog,
        max_body_bytes: int,
        timeout_seconds: float,
        page: Answer | None = None,
        show_execution: bool = False,
    ) -> None:
        self._engine = engine
        self._authenticate = authenticate
        self._open_context = open_context
        self._log = log
        self._max_body_bytes = max_body_bytes
        self._timeout_seconds = timeout_seconds
        self._page = page
        self._show_execution = show_execution
        self._turns = BodyTurns(timeout_seconds)
        self._patience = Patience()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = headers_of(scope)
        accept = headers.get("accept")
        if self._page is not None and scope["method"] == "GET" and wants_page(accept):
            await self._page.send(send)
            return
        record = OperationRecord(request_id_of(scope))
        media_type = negotiate(accept)
        ending = ending_of(scope)
        try:
            answer = await self._answer(scope, receive, headers, media_type, record)
        except ClientGone:
            self._log.write(record, *(_GAVE_UP if scope.get("state", {}).get(GIVEN_UP) else _NOT_SENT))
            return
        except RequestError as error:
            answer = document_answer(error, media_type or JSON_TYPE)
        except asyncio.CancelledError:
            if not ending.has_canceled:
                raise
            http_error = stopped(record.request_id, may_be_stored=record.may_be_stored)
            answer = http_error.answer(media_type or JSON_TYPE)
        except Exception as error:  # noqa: BLE001 - every exception becomes a response
            is_stopped = ending.has_stopped(error)
            http_error = stopped(record.request_id) if is_stopped else http_error_of(error, record.request_id)
            answer = http_error.answer(media_type or JSON_TYPE)
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
        media_type: str | None,
        record: OperationRecord,
    ) -> Answer:
        if scope["method"] not in {"GET", "POST"}:
            msg = "GraphQL accepts GET and POST only."
            raise _not_allowed(msg, "GET, POST")
        record.principal = principal = await self._authenticate(headers)
        working_for.set(principal.company_id)
        scope["state"][COMPANY_ID] = principal.company_id
        if media_type is None:
            raise HttpError(
                406, FailureCode.NOT_ACCEPTABLE, "Accept `application/graphql-response+json` or `application/json`."
            )
        with Deadline(self._timeout_seconds, receive, self._patience) as deadline:
            body = await self._body(scope, receive, headers, deadline)
            if len(body) < HUGE_BYTES:
                return await self._answer_body(scope, body, principal, deadline, media_type, record)
            # From before the body is decoded until its values are freed.
            async with self._turns.huge(principal.company_id):
                return await self._answer_body(scope, body, principal, deadline, media_type, record)

    async def _answer_body(
        self,
        scope: Scope,
        body: bytes | bytearray,
        principal: Principal,
        deadline: Deadline,
        media_type: str,
        record: OperationRecord,
    ) -> Answer:
        size = len(body)
        is_get = scope["method"] == "GET"
        read = partial(from_url, bytes(body), self._max_body_bytes) if is_get else partial(from_body, body)
        request = read() if size < HUGE_BYTES else await run_in_turn(object(), read)
        document = self._engine.known(request.document) or await self._engine.prepare_aside(request.document)
        operation = document.select(request.operation_name)
        record.operation = operation
        has_long_lists = operation.lists.is_long(request.variables)
        if size < LARGE_BYTES and has_long_lists:
            # 1 kB of malformed ids for 50 aliases takes 20 ms; many of these would run in one turn of the event loop.
            await self._turns.begin(principal.company_id)
        is_query = operation.type is OperationType.QUERY
        if is_get and not is_query:
            msg = "GET runs queries only: send a mutation by POST."
            raise _not_allowed(msg, "POST")
        # A query is canceled if its client disconnects; a mutation that has begun is completed.
        limit = deadline.begin_query() if is_query else ending_of(scope).deadline(deadline.begin_mutation())
        opening = self._open_context(principal)
        running = partial(self._run, operation, request.variables, opening, record, limit, is_large=size >= HUGE_BYTES)
        if is_query or not (size >= LARGE_MUTATION_BYTES or has_long_lists):
            outcome = await running()
        else:
            # Waiting for the turn has a separate time limit; the rest of the operation's time is for its fields.
            async with self._turns.large_mutation(principal.company_id):
                outcome = await running()
        answered, codes = _written(outcome, record.request_id, is_mutation=not is_query)
        if self._show_execution:
            answered = _with_extensions(answered, {"execution": record.execution_shown()})
        return Answer(200, answered, media_type, codes=codes)

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
            await self._turns.begin(working_for.get())
        return body

    async def _run(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        opening: AbstractAsyncContextManager[OperationContext],
        record: OperationRecord,
        limit: MutationDeadline | None,
        *,
        is_large: bool,
    ) -> Outcome:
        outcome: Outcome | None = None
        try:
            async with opening as context:
                record.may_be_stored = operation.type is OperationType.MUTATION
                try:
                    outcome = await self._engine.run(operation, variables, context, limit, is_large=is_large)
                    record.execution = outcome.execution
                finally:
                    record.statements = context.statements
        except asyncio.CancelledError:
            # The server stops while the connection is given back. What the mutation has written is known: answer it.
            if outcome is None or limit is None:
                raise
        assert outcome is not None  # noqa: S101 - the context suppresses no exception
        return outcome


def _written(outcome: Outcome, request_id: str, *, is_mutation: bool) -> tuple[bytes, tuple[str, ...]]:
    """Return the response's JSON, and the codes of its errors."""
    if isinstance(outcome.answer, bytes):
        return outcome.answer, ()
    data = outcome.answer.data
    if not outcome.answer.errors:
        return to_json({"data": data}), ()
    shown = mutation_errors if is_mutation else field_errors
    errors = shown(outcome.answer, request_id)
    forget_tracebacks(outcome.answer.errors)
    return to_json({"errors": errors, "data": data}), codes_of(errors)


def _with_extensions(body: bytes, extensions: Mapping[str, object]) -> bytes:
    """Return the JSON of a response with `extensions` as its last member."""
    return b'%b,"extensions":%b}' % (body.removesuffix(b"}"), to_json(extensions))


def _not_allowed(message: str, allow: str) -> HttpError:
    return HttpError(405, FailureCode.METHOD_NOT_ALLOWED, message, (("allow", allow),))
