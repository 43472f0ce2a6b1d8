"""Prepare and run operations, however they arrive: by HTTP requests, or as messages of a WebSocket."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Protocol

from graphql import ExecutionResult, OperationType
from graphql.error import GraphQLFormattedError
from starlette.types import Receive

from app.domain.identity import Principal
from app.engine.execution import Engine, Execution, Operation, Outcome
from app.engine.mutation_deadline import MutationDeadline
from app.web.answers import JSON_TYPE, Answer, to_json
from app.web.deadline import Deadline, Patience
from app.web.ending import Ending
from app.web.failures import codes_of, field_errors, forget_tracebacks, mutation_errors
from app.web.graphql_request import GraphQLRequest
from app.web.large_bodies import HUGE_BYTES, LARGE_BYTES, LARGE_MUTATION_BYTES, BodyTurns
from app.web.request_log import OperationRecord


class OperationContext(Protocol):
    """The context that is passed to resolvers. This layer only reads its number of SQL statements."""

    @property
    def statements(self) -> int:
        """Number of SQL statements so far."""
        ...


OpenContext = Callable[..., AbstractAsyncContextManager[OperationContext]]
"""Opens a context for a principal."""


class Runner:
    """Runs the operations of one application."""

    def __init__(
        self, engine: Engine, open_context: OpenContext, *, timeout_seconds: float, show_execution: bool = False
    ) -> None:
        self._engine = engine
        self._open_context = open_context
        self._timeout_seconds = timeout_seconds
        self._show_execution = show_execution
        self._patience = Patience()
        self.turns = BodyTurns(timeout_seconds)

    def deadline(self, receive: Receive | None) -> Deadline:
        """Return the deadline of an operation. `receive`: tells when its client leaves."""
        return Deadline(self._timeout_seconds, receive, self._patience)

    async def prepare(self, request: GraphQLRequest, record: OperationRecord) -> Operation:
        """Return the operation of a request; raise RequestError if there is none."""
        document = self._engine.known(request.document) or await self._engine.prepare_aside(request.document)
        record.operation = operation = document.select(request.operation_name)
        return operation

    async def answer(
        self,
        operation: Operation,
        request: GraphQLRequest,
        principal: Principal,
        record: OperationRecord,
        deadline: Deadline,
        ending: Ending,
        *,
        size: int,
        media_type: str = JSON_TYPE,
    ) -> Answer:
        """Run a query or a mutation within a deadline, and return its response. `size`: of the request, in bytes."""
        outcome = await self.run(operation, request.variables, principal, record, deadline, ending, size=size)
        answered, codes = _written(outcome, record.request_id, is_mutation=operation.type is OperationType.MUTATION)
        if self._show_execution:
            answered = _with_extensions(answered, {"execution": record.execution_shown()})
        return Answer(200, answered, media_type, codes=codes)

    async def run(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        principal: Principal,
        record: OperationRecord,
        deadline: Deadline,
        ending: Ending,
        *,
        size: int,
        accepted_versions: tuple[int, ...] = (),
    ) -> Outcome:
        """Run a query or a mutation within a deadline.

        `size`: that of the request, in bytes. `accepted_versions`: see `Context`.
        """
        has_long_lists = operation.lists.is_long(variables)
        if size < LARGE_BYTES and has_long_lists:
            # 1 kB of malformed ids for 50 aliases takes 20 ms; many of these would run in one turn of the event loop.
            await self.turns.begin(principal.company_id)
        is_query = operation.type is OperationType.QUERY
        # A query is canceled if its client disconnects; a mutation that has begun is completed.
        limit = deadline.begin_query() if is_query else ending.deadline(deadline.begin_mutation())
        conditions = {"accepted_versions": accepted_versions} if accepted_versions else {}
        opening = self._open_context(principal, **conditions)
        running = partial(self._run, operation, variables, opening, record, limit, is_large=size >= HUGE_BYTES)
        if is_query or not (size >= LARGE_MUTATION_BYTES or has_long_lists):
            return await running()
        # Waiting for the turn has a separate time limit; the rest of the operation's time is for its fields.
        async with self.turns.large_mutation(principal.company_id):
            return await running()

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


def result_json(result: ExecutionResult, request_id: str) -> bytes:
    """Return the JSON of a result as callers see it. Raise DatabaseUnavailable or StatementTimeout if it is none."""
    return _written(Outcome(result, Execution.FIELDS), request_id, is_mutation=False)[0]


def _written(outcome: Outcome, request_id: str, *, is_mutation: bool) -> tuple[bytes, tuple[str, ...]]:
    """Return the response's JSON, and the codes of its errors."""
    if isinstance(outcome.answer, bytes):
        return outcome.answer, ()
    data = outcome.answer.data
    if not outcome.answer.errors:
        return to_json({"data": data}), ()
    errors = shown_errors(outcome.answer, request_id, is_mutation=is_mutation)
    return to_json({"errors": errors, "data": data}), codes_of(errors)


def shown_errors(result: ExecutionResult, request_id: str, *, is_mutation: bool) -> list[GraphQLFormattedError]:
    """Return the errors of a result as callers see them. Raise an error that invalidates the whole response."""
    errors = (mutation_errors if is_mutation else field_errors)(result, request_id)
    forget_tracebacks(result.errors or ())
    return errors


def _with_extensions(body: bytes, extensions: Mapping[str, object]) -> bytes:
    """Return the JSON of a response with `extensions` as its last member."""
    return b'%b,"extensions":%b}' % (body.removesuffix(b"}"), to_json(extensions))
