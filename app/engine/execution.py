"""The engine: from a document's text to an operation, and from an operation to its result."""

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import Executor

from app.engine.documents import Document, Documents, Operation
from app.engine.limits import SATURATED, Limits, shown
from app.engine.refusals import DocumentError, RefusalCode, refuse

__all__ = ["Engine", "Operation", "OperationType"]

_Build = Callable[..., Executor[Any] | list[GraphQLError]]


class Engine:
    """Runs the operations of one schema, field by field."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        cache_size: int,
        executor_class: type[Executor[Any]] = Executor,
        is_awaitable: Callable[[Any], bool] | None = None,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._build: _Build = executor_class.build  # pyright: ignore[reportUnknownMemberType] - the library leaves it partly open
        self._is_awaitable = is_awaitable
        self._documents = Documents(schema, limits, cache_size)

    def prepare(self, text: str) -> Document:
        """The document of a text, or DocumentError."""
        return self._documents.prepare(text)

    async def run(self, operation: Operation, variables: Mapping[str, Any], context: object) -> ExecutionResult:
        """The operation's result, errors of single fields included; DocumentError if nothing of it may run."""
        # Built here and not by graphql-core's execute, which answers a bad variable and a failed root field alike.
        executor = self._build(
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
        result: Any = executor.execute_operation()
        if isawaitable(result):
            result = await result
        # The schema has no @defer and no @stream, so there is one payload.
        return cast("ExecutionResult", result)

    def _check_size(self, operation: Operation, variables: Mapping[str, Any]) -> None:
        sizes = (
            (operation.rows, self._limits.max_requested_rows, "rows"),
            (operation.values, self._limits.max_requested_values, "values"),
        )
        for requested, limit, what in sizes:
            count = requested.count(variables)
            if count > limit:
                asked = shown(count) if count >= SATURATED else f"up to {count:,}"
                raise refuse(
                    RefusalCode.TOO_COMPLEX,
                    f"The operation asks for {asked} {what}; the limit is {limit:,}. Ask for fewer with `first`.",
                )
