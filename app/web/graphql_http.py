"""The GraphQL endpoint: parse HTTP requests, run their operations, and write the responses."""

import asyncio
from collections.abc import Mapping
from functools import partial

from graphql import OperationType
from starlette.types import Receive, Scope, Send

from app.domain.identity import Principal
from app.engine.request_errors import RequestError
from app.scheduling.pauses import run_in_turn
from app.web.answers import JSON_TYPE, Answer
from app.web.deadline import Deadline
from app.web.ending import ending_of
from app.web.envelope import request_id_of
from app.web.failures import document_answer
from app.web.graphql_request import ClientGone, from_body, from_url, headers_of
from app.web.http_errors import FailureCode, HttpError
from app.web.large_bodies import HUGE_BYTES
from app.web.media_types import negotiate, prefers_events, takes_events, wants_page
from app.web.operation_endpoint import Authenticate, OperationEndpoint, not_allowed
from app.web.request_log import OperationLog, OperationRecord
from app.web.running import Runner
from app.web.sse import EventStream, EventStreams, in_events


class GraphQLEndpoint(OperationEndpoint):
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
        super().__init__(runner, authenticate, log=log, max_body_bytes=max_body_bytes)
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
        try:
            answer = await self._answer(scope, receive, headers, media_type, record)
            if isinstance(answer, EventStream):
                self._log.write(record, 200, ())
                await answer.send(scope, receive, send)
                return
            answer = _as_accepted(answer, accept, record)
        except ClientGone:
            self._write_left(scope, record)
            return
        except RequestError as error:
            answer = _as_accepted(document_answer(error, media_type), accept, record)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - every exception becomes a response
            answer = self._http_error(error, scope, record).answer(media_type)
        await self._send(answer, scope, receive, send, record)

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
            raise not_allowed(msg, "GET, POST")
        record.principal = principal = await self._authenticate(headers)
        self._work_for(principal, scope)
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
            raise not_allowed(msg, "POST")
        if operation.type is OperationType.SUBSCRIPTION and self._streams is not None:
            deadline.begin_query()
            return await self._streams.open(request.variables, record, headers, ending_of(scope))
        return await self._runner.answer(
            operation, request, principal, record, deadline, ending_of(scope), size=size, media_type=media_type
        )


def _as_accepted(answer: Answer, accept: str | None, record: OperationRecord) -> Answer:
    """Return the result of an operation in the form that the client prefers."""
    is_subscription = record.operation is not None and record.operation.type is OperationType.SUBSCRIPTION
    events = prefers_events(accept) or (is_subscription and takes_events(accept))
    return in_events(answer) if events else answer
