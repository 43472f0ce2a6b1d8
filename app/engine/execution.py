"""The engine: parse a document's text to operations, and run an operation to its result."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from inspect import isawaitable
from typing import Any, NamedTuple, TypeVar, cast

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import Executor, VariableValues

from app.engine.beginning import Begin, at_once
from app.engine.checks import Checks
from app.engine.document_limits import Limits
from app.engine.documents import Document, Documents
from app.engine.executors import BoundedExecutor, with_bounded_errors
from app.engine.guard import Access, Guard
from app.engine.mutation_deadline import MutationDeadline
from app.engine.operations import Operation
from app.engine.persisted import NamedDocument, PersistedDocuments, Persistence
from app.engine.plans import Execution, Plans
from app.engine.request_errors import RequestError, RequestErrorCode, request_error
from app.engine.subscriptions import NEEDS_STREAM, Subscribed, source_of
from app.engine.timed_executor import with_deadline
from app.scheduling.pauses import run_in_turn
from app.scheduling.portions import PortionedAnswer, Portions, current_answer

__all__ = ["Engine", "Execution", "Operation", "OperationType", "Outcome", "Subscribed"]

ExecutorT = TypeVar("ExecutorT", bound=BoundedExecutor)

_NO_VARIABLES = VariableValues({}, {})


class Outcome(NamedTuple):
    """An operation's response, as JSON or as an ExecutionResult, and how the operation was executed."""

    answer: bytes | ExecutionResult
    execution: Execution


class Engine:
    """Runs the operations of one schema: queries with a plan by the plan, other operations field by field."""

    def __init__(  # noqa: PLR0913 - one per part
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        cache_size: int,
        executor_class: type[Executor[Any]] = Executor,
        is_awaitable: Callable[[Any], bool] | None = None,
        plans: Plans | None = None,
        persistence: Persistence | None = None,
        guard: Guard | None = None,
        begin: Begin = at_once,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._executors = with_bounded_errors(executor_class)
        self._timed_executors = with_deadline(executor_class)
        self._is_awaitable = is_awaitable
        self._documents = Documents(schema, limits, cache_size)
        persistence = persistence or Persistence()
        self._trusted = persistence.trusted
        self._persisted = PersistedDocuments(self._documents, persistence)
        self._plans = plans
        self._guard = guard
        self._begin = begin
        self.checks = Checks(schema, limits)
        """What operations are checked by before they run, for callers that don't run them."""
        self._portions = Portions()

    @property
    def caches(self) -> Mapping[str, Documents | PersistedDocuments]:
        """The caches of documents, by name."""
        return {"documents": self._documents, "persisted_queries": self._persisted}

    def prepare(self, document: str | NamedDocument) -> Document:
        """Return the document of a text or a name; raise RequestError if it is unknown, invalid or not allowed."""
        return self._persisted.prepare(document) if isinstance(document, str) else self._persisted.find(document)

    def known(self, document: str | NamedDocument) -> Document | None:
        """Return the document of a cached text that may run; None for all others."""
        return self._persisted.known(document) if isinstance(document, str) else None

    async def prepare_aside(self, document: str | NamedDocument) -> Document:
        """Do the same as `prepare`, with uncached documents processed outside the event loop."""
        persisted = self._persisted
        return await (
            persisted.prepare_aside(document) if isinstance(document, str) else persisted.find_aside(document)
        )

    def check(self, text: str) -> None:
        """Raise RequestError if an operation of a text can't run with any variables, even as a trusted document."""
        document = self._documents.prepare(text)
        for name in document.names:
            self.check_operation(document.select(name))

    def check_operation(self, operation: Operation) -> None:
        """Raise RequestError if an operation without variables asks for too much. Others are checked when they run."""
        if not operation.node.variable_definitions:
            self.checks.check_without_variables(operation)

    def scopes_of(self, operation: Operation, **switches: bool) -> AbstractSet[str]:
        """Return the scopes that an operation needs under these values of its variables in @skip and @include."""
        if self._guard is None:
            return frozenset()
        return self._guard.access(operation.syntax, operation.node, VariableValues({}, switches)).scopes

    def check_trusted(self) -> Iterator[tuple[str, RequestError | None]]:
        """Yield the id of each trusted document, with its error or None; cache the valid ones."""
        for document_id, text in self._trusted:
            try:
                self.check(text)
            except RequestError as error:
                yield document_id, error
            else:
                yield document_id, None

    async def run(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        context: object,
        deadline: MutationDeadline | None = None,
        *,
        is_large: bool = False,
    ) -> Outcome:
        """Run an operation and return its outcome, with the errors of fields. Raise RequestError if it can't run.

        The fields of a mutation fail with OutOfTime after its deadline; the caller ends a query.
        `is_large`: the variables are so large that they are checked in a thread.
        """
        if operation.type is OperationType.SUBSCRIPTION:
            raise request_error(RequestErrorCode.UNSUPPORTED, NEEDS_STREAM)
        checked = await self.checks.check(operation, variables, is_large=is_large)
        is_query = operation.type is OperationType.QUERY
        if (turn := self._begin(context, checked.values, checked.items, is_query=is_query)) is not None:
            await turn
        if is_query:
            return await self._query(operation, checked.variables, context, is_long=checked.is_long)
        return await self._mutate(operation, checked.variables, context, deadline)

    async def subscribe(self, operation: Operation, variables: Mapping[str, Any], context: object) -> Subscribed:
        """Check a subscription once for all of its events; raise RequestError if it can't run.

        Missing scopes reject it, too, because otherwise each event would have the same errors.
        """
        checked = await self.checks.check(operation, variables)
        executor = self._begun(self._executors, operation, checked.variables, context)
        try:
            if errors := self._scope_errors(operation, checked.variables, context):
                raise RequestError(errors, RequestErrorCode.VARIABLES)
            source = source_of(executor)
        except GraphQLError as error:
            # Its arguments are invalid. As with scopes, the error has a code of its own.
            raise RequestError([error], RequestErrorCode.VARIABLES) from error
        return Subscribed(operation, checked, source)

    async def respond(
        self, subscribed: Subscribed, events: Sequence[object], context: object, *, by_plan: bool = True
    ) -> list[ExecutionResult]:
        """Return the responses to the events, in one snapshot; a plan leaves out events beyond a page."""
        operation, (variables, values, items) = subscribed.operation, subscribed.checked
        if (turn := self._begin(context, values * len(events), items, is_query=True)) is not None:
            await turn
        plans = self._plans if by_plan else None
        if plans and (planned := await plans.responses(operation, variables, events, context)) is not None:
            return planned
        begun = [self._begun(self._executors, operation, variables, context, event) for event in events]
        return await asyncio.gather(*map(self._finished, begun))

    async def _query(
        self, operation: Operation, variables: VariableValues, context: object, *, is_long: bool
    ) -> Outcome:
        execution = Execution.FIELDS
        if self._plans is not None:
            body, execution = await self._plans.attempt(operation, variables, context, is_long=is_long)
            if body is not None:
                return Outcome(body, execution)
        if is_long:
            await run_in_turn(object(), self._check_items, operation, variables)
        else:
            self._check_items(operation, variables)
        return Outcome(await self._finished(self._begun(self._executors, operation, variables, context)), execution)

    async def _mutate(
        self, operation: Operation, variables: VariableValues, context: object, deadline: MutationDeadline | None
    ) -> Outcome:
        self._check_written_rows(operation, variables)
        if errors := self._scope_errors(operation, variables, context):
            return Outcome(ExecutionResult(None, errors), Execution.FIELDS)
        executor = self._begun(self._timed_executors, operation, variables, context)
        executor.deadline = deadline or MutationDeadline()
        if self._plans is not None:
            executor.payload_plans = await self._plans.payloads(operation, variables)
        return Outcome(await self._finished(executor), executor.execution)

    def _begun(
        self,
        executors: type[ExecutorT],
        operation: Operation,
        variables: VariableValues,
        context: object,
        root: object = None,
    ) -> ExecutorT:
        # graphql-core's execute isn't used: its result doesn't tell an invalid variable from a failed root field.
        document, node = operation.syntax, operation.node
        return executors.begin(self._schema, document, node, variables, context, self._is_awaitable, root)

    async def _finished(self, executor: BoundedExecutor) -> ExecutionResult:
        executor.answer = PortionedAnswer(self._portions)
        token = current_answer.set(executor.answer)
        try:
            result: Any = executor.execute_operation()
            if isawaitable(result):
                result = await result
        finally:
            current_answer.reset(token)
        # An executor refers to itself, so the garbage collector has to free it. Free the largest part right away.
        executor.variable_values = _NO_VARIABLES
        return cast("ExecutionResult", result)

    def _scope_errors(self, operation: Operation, variables: VariableValues, context: object) -> list[GraphQLError]:
        """Return the missing scopes that prevent a mutation. A query runs: fields without their scope are null."""
        if (guard := self._guard) is None:
            return []
        try:
            access: Access = operation.remember(
                variables.coerced, lambda: guard.access(operation.syntax, operation.node, variables)
            )
        except GraphQLError as error:
            # @skip or @include of null. Below the root, execution would report it after the write.
            return [error]
        return [*access.scope_errors(context)]

    def _check_items(self, operation: Operation, variables: VariableValues) -> None:
        """Reject a query with too many malformed ids and representations. A planned query has none at this point."""
        if self._guard and (error := self._guard.malformed(operation.syntax, operation.node, variables)) is not None:
            raise RequestError([error], RequestErrorCode.VARIABLES)

    def _check_written_rows(self, operation: Operation, variables: VariableValues) -> None:
        guard, limit = self._guard, self._limits.max_mutation_rows
        rows = 0 if guard is None else guard.rows(operation.syntax, operation.node, variables)
        if rows > limit:
            raise request_error(
                RequestErrorCode.TOO_COMPLEX,
                f"The operation writes up to {rows:,} rows; the limit is {limit:,}. Send several requests.",
            )
