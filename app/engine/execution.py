"""The engine: from a document's text to an operation, and from an operation to its answer."""

from collections.abc import Callable, Iterator, Mapping
from inspect import isawaitable
from typing import Any, NamedTuple, cast

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import Executor, VariableValues

from app.engine.documents import Document, Documents, Operation
from app.engine.executors import TimedExecutor, bounded, timed
from app.engine.guard import Access, Guard
from app.engine.limits import SATURATED, Limits, shown
from app.engine.persisted import NamedDocument, PersistedDocuments, Persistence
from app.engine.plans import Execution, Plans
from app.engine.refusals import DocumentError, RefusalCode, refuse

__all__ = ["Engine", "Execution", "Operation", "OperationType", "Outcome"]

_Build = Callable[..., Executor[Any] | list[GraphQLError]]


class Outcome(NamedTuple):
    """An operation's answer, as the JSON of the whole or as a result, and how it came about."""

    answer: bytes | ExecutionResult
    execution: Execution


class Engine:
    """Runs the operations of one schema: by their plans, where there are plans, or field by field."""

    def __init__(
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
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._build: _Build = bounded(executor_class).build  # pyright: ignore[reportUnknownMemberType] - the library leaves it partly open
        self._build_timed: _Build = timed(executor_class).build  # pyright: ignore[reportUnknownMemberType] - the same
        self._is_awaitable = is_awaitable
        self._documents = Documents(schema, limits, cache_size)
        persistence = persistence or Persistence()
        self._trusted = persistence.trusted
        self._persisted = PersistedDocuments(self._documents, persistence)
        self._prepare = self._persisted.prepare
        self._plans = plans
        self._guard = guard

    @property
    def caches(self) -> Mapping[str, Documents | PersistedDocuments]:
        """What remembers documents, by name."""
        return {"documents": self._documents, "persisted_queries": self._persisted}

    def prepare(self, document: str | NamedDocument) -> Document:
        """The document of a text, or of a name; DocumentError if there is none that may run."""
        return self._prepare(document) if isinstance(document, str) else self._persisted.find(document)

    def check(self, text: str) -> None:
        """DocumentError if an operation of a text can't run, whatever its variables are and whoever trusts it."""
        document = self._documents.prepare(text)
        for name in document.names:
            operation = document.select(name)
            if not operation.node.variable_definitions:
                self._check_size(operation, {})

    def check_trusted(self) -> Iterator[tuple[str, DocumentError | None]]:
        """The trusted documents by id, each with what keeps it from running; those that can are remembered."""
        for document_id, text in self._trusted:
            try:
                self.check(text)
            except DocumentError as error:
                yield document_id, error
            else:
                yield document_id, None

    async def run(
        self, operation: Operation, variables: Mapping[str, Any], context: object, ends_at: float | None = None
    ) -> Outcome:
        """Return the operation's answer, errors of single fields included; DocumentError if nothing of it may run.

        A mutation's fields end at `ends_at` by the event loop's clock, with OutOfTime. A query is ended by the caller.
        """
        execution = Execution.FIELDS
        coerced = operation.variables.coerce(variables) if operation.type is OperationType.QUERY else None
        # What is wrong with variables is said below.
        if coerced is not None:
            self._check_size(operation, coerced.coerced)
            if self._plans is not None:
                body, execution = await self._plans.attempt(operation, coerced, context)
                if body is not None:
                    return Outcome(body, execution)
            self._check_items(operation, coerced)
        return Outcome(await self._execute(operation, variables, context, ends_at), execution)

    async def _execute(
        self, operation: Operation, variables: Mapping[str, Any], context: object, ends_at: float | None
    ) -> ExecutionResult:
        # Built here and not by graphql-core's execute, which answers a bad variable and a failed root field alike.
        is_mutation = operation.type is OperationType.MUTATION
        executor = (self._build_timed if is_mutation else self._build)(
            self._schema,
            operation.syntax,
            context_value=context,
            raw_variable_values=dict(variables),
            operation_name=operation.name,
            is_awaitable=self._is_awaitable,
        )
        if isinstance(executor, list):
            raise DocumentError(executor, RefusalCode.VARIABLES)
        self._check_size(operation, executor.variable_values.coerced)
        self._check_written_rows(operation, executor.variable_values)
        if errors := self._refusals(operation, executor.variable_values, context):
            return ExecutionResult(None, errors)
        if is_mutation:
            cast("TimedExecutor", executor).ends_at = ends_at
        result: Any = executor.execute_operation()
        if isawaitable(result):
            result = await result
        # The schema has no @defer and no @stream, so there is one payload.
        return cast("ExecutionResult", result)

    def _refusals(self, operation: Operation, variables: VariableValues, context: object) -> list[GraphQLError]:
        """Why a mutation may not run for this caller. A query may: its forbidden fields are null, the others answered."""
        guard = self._guard
        if guard is None or operation.type is not OperationType.MUTATION:
            return []
        try:
            access: Access = operation.remember(
                variables.coerced, lambda: guard.access(operation.syntax, operation.node, variables)
            )
        except GraphQLError as error:
            # @skip or @include of null: below the root, it would only show after the write.
            return [error]
        return [*access.refusals(context)]

    def _check_items(self, operation: Operation, variables: VariableValues) -> None:
        """Refuse a query with many malformed items. A plan has stopped at the first one, so only others pay for the count."""
        if self._guard is not None:
            error = self._guard.malformed(operation.syntax, operation.node, variables)
            if error is not None:
                raise DocumentError([error], RefusalCode.VARIABLES)

    def _check_written_rows(self, operation: Operation, variables: VariableValues) -> None:
        if self._guard is None or operation.type is not OperationType.MUTATION:
            return
        rows, limit = self._guard.rows(operation.syntax, operation.node, variables), self._limits.max_mutation_rows
        if rows > limit:
            raise refuse(
                RefusalCode.TOO_COMPLEX,
                f"The operation writes up to {rows:,} rows; the limit is {limit:,}. Send several requests.",
            )

    def _check_size(self, operation: Operation, variables: Mapping[str, Any]) -> None:
        different: dict[str, int] = {}
        sizes = (
            (operation.rows, self._limits.max_requested_rows, "rows"),
            (operation.values, self._limits.max_requested_values, "values"),
        )
        for requested, limit, what in sizes:
            count = requested.count(variables, different)
            if count > limit:
                asked = shown(count) if count >= SATURATED else f"up to {count:,}"
                raise refuse(
                    RefusalCode.TOO_COMPLEX,
                    f"The operation asks for {asked} {what}; the limit is {limit:,}. Ask for fewer with `first`.",
                )
