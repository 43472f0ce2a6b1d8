"""The REST endpoints: requests become variables of declared documents, and answers of the engine become bodies."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from app.domain.identity import Principal
from app.domain.identity import Scope as CredentialScope
from app.engine.execution import Engine, Operation, Outcome
from app.engine.request_errors import RequestError, RequestErrorCode
from app.rest.answers import Pages
from app.rest.documents import TEXTS
from app.rest.endpoints import ENDPOINTS, Endpoint
from app.rest.routing import Routes
from app.rest.spelling import REST
from app.scheduling.pauses import run_in_turn
from app.web.answers import Answer
from app.web.deadline import Deadline
from app.web.ending import Ending, ending_of
from app.web.envelope import request_id_of
from app.web.graphql_request import ClientGone, headers_of
from app.web.http_errors import FailureCode, HttpError, OperationTimeout
from app.web.http_framing import AnswerCut
from app.web.large_bodies import HUGE_BYTES
from app.web.malformed import bad
from app.web.media_types import takes_json
from app.web.operation_endpoint import TOO_SLOW_CODES, Authenticate, OperationEndpoint, not_allowed
from app.web.request_log import OperationLog, OperationRecord
from app.web.rest_answers import Ran, answer_of
from app.web.rest_errors import as_rest, missing_scopes, of_http_error, of_problems, of_request_error
from app.web.rest_requests import Given, RestRequest, given_in, requested_path
from app.web.rest_stream import FIRST, WholeList, WholeLists
from app.web.running import Runner

_READS = "reads"
"""The variable of a document that says whether the credential may read what the request didn't write."""
_BEYOND_LIMITS = "This endpoint is beyond the limits that the service is run with: tell its operator to raise them."


@dataclass(slots=True, eq=False)
class _Served:
    """An endpoint, and what its first request prepares."""

    endpoint: Endpoint
    operation: Operation | None = None
    scopes: frozenset[str] = frozenset()
    """The scopes without which the endpoint answers 403."""

    @property
    def method(self) -> str:
        return self.endpoint.method

    @property
    def path(self) -> str:
        return self.endpoint.path


class _Running(NamedTuple):
    """What running an operation takes, besides its variables."""

    operation: Operation
    principal: Principal
    record: OperationRecord
    deadline: Deadline
    ending: Ending


class RestEndpoints(OperationEndpoint):
    """The ASGI application of /v1 and all paths below it."""

    def __init__(
        self,
        engine: Engine,
        runner: Runner,
        authenticate: Authenticate,
        lists: WholeLists,
        *,
        log: OperationLog,
        max_body_bytes: int,
    ) -> None:
        super().__init__(runner, authenticate, log=log, max_body_bytes=max_body_bytes)
        self._engine = engine
        self._lists = lists
        self._routes = Routes([_Served(endpoint) for endpoint in ENDPOINTS])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        record = OperationRecord(request_id_of(scope), api="rest")
        answer: Answer | WholeList | None = None
        try:
            answer = await self._answer(scope, receive, record)
            if isinstance(answer, WholeList):
                await answer.send(scope, receive, send)
                self._log.write(record, 200, ())
                return
        except (Exception, asyncio.CancelledError) as error:  # every exception becomes a response
            if isinstance(answer, WholeList) and answer.has_begun:
                self._log_cut(answer, error, scope, record)
                raise AnswerCut from error
            if isinstance(error, ClientGone):
                self._write_left(scope, record)
                return
            answer = self._error(error, scope, record)
        await self._send(answer, scope, receive, send, record)

    def _log_cut(
        self, cut: WholeList, error: Exception | asyncio.CancelledError, scope: Scope, record: OperationRecord
    ) -> None:
        """Log a list that can't be completed: with the code of its error, or why its connection was closed."""
        if isinstance(error, ClientGone):
            self._write_left(scope, record, has_begun=True)
            return
        codes = self._error(error, scope, record).codes
        # Such a list is no failure of the service.
        is_slow = isinstance(error, OperationTimeout) and cut.has_slow_client()
        self._log.write(record, 200, TOO_SLOW_CODES if is_slow else codes)

    def _error(self, error: Exception | asyncio.CancelledError, scope: Scope, record: OperationRecord) -> Answer:
        rest_error = as_rest(error) or of_http_error(self._http_error(error, scope, record))
        return rest_error.answer(scope["path"])

    async def _answer(self, scope: Scope, receive: Receive, record: OperationRecord) -> Answer | WholeList:
        served, values = self._find(scope)
        headers = headers_of(scope)
        record.principal = principal = await self._authenticate(headers)
        self._work_for(principal, scope)
        if not takes_json(headers.get("accept")):
            raise HttpError(406, FailureCode.NOT_ACCEPTABLE, "Accept `application/json`.")
        record.operation = served.operation or await self._prepare(served)
        if not served.scopes <= principal.scopes:
            raise missing_scopes(served.scopes, principal.scopes)
        with self._runner.deadline(receive) as deadline:
            body = await self._body(scope, receive, headers, deadline)
            request = RestRequest(served.endpoint, values, scope["query_string"], headers, body)
            running = _Running(record.operation, principal, record, deadline, ending_of(scope))
            if len(body) < HUGE_BYTES:
                return await self._answer_request(request, running)
            # From before the body is decoded until its values are freed.
            async with self._runner.turns.huge(principal.company_id):
                return await self._answer_request(request, running)

    def _find(self, scope: Scope) -> tuple[_Served, Mapping[str, str]]:
        """Return the endpoint of a request, and the values in its path."""
        method: str = scope["method"]
        path = requested_path(scope)
        if path is None:
            msg = "The path has malformed percent-encoding: write a percent sign as %25."
            raise bad(msg)
        found = self._routes.find(path)
        if found is None:
            raise HttpError(404, FailureCode.NOT_FOUND, "Nothing is served at this path.")
        served = found.by_method.get("GET" if method == "HEAD" else method)
        if served is None:
            msg = f"This path accepts {found.allow} only."
            raise not_allowed(msg, found.allow)
        return served, found.values

    async def _prepare(self, served: _Served) -> Operation:
        """Prepare the operation of an endpoint, and keep it."""
        try:
            document = await self._engine.prepare_aside(TEXTS[served.endpoint.document])
        except RequestError:
            # The log has told it at the start, with the limit.
            raise HttpError(500, FailureCode.INTERNAL_SERVER_ERROR, _BEYOND_LIMITS) from None
        operation = document.select(None).spelled(REST)
        # Fields that need a scope beyond these are left out of the answer.
        served.scopes = frozenset(self._engine.scopes_of(operation, **dict.fromkeys(operation.switches, False)))
        served.operation = operation
        return operation

    async def _answer_request(self, request: RestRequest, running: _Running) -> Answer | WholeList:
        size, operation = len(request.body), running.operation
        read = partial(given_in, request, self._max_body_bytes)
        given = read() if size < HUGE_BYTES else await run_in_turn(object(), read)
        if _READS in operation.switches:
            given.variables[_READS] = CredentialScope.CUSTOMERS_READ in running.principal.scopes
        shown = request.endpoint.shown
        if isinstance(shown, Pages) and FIRST not in given.variables:
            return await self._lists.answer(shown, given, operation, running.record, partial(self._run, running))
        outcome = await self._run(running, given)
        return answer_of(Ran(operation, outcome, given, running.record.request_id))

    async def _run(self, running: _Running, given: Given) -> Outcome:
        size = len(given.request.body)
        try:
            if given.problems:
                raise of_problems(given.told(await self._engine.checks.problems(running.operation, given.variables)))
            return await self._runner.run(
                running.operation, given.variables, *running[1:], size=size, accepted_versions=given.versions
            )
        except RequestError as error:
            if error.kind is RequestErrorCode.TOO_COMPLEX:
                raise of_problems([given.too_much()]) from None
            raise of_request_error(error, given.told) from None
