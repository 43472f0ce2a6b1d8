"""Executors that limit the number of errors and the time of mutations, and report what a mutation wrote."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, cast

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    default_field_resolver,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    default_type_resolver,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    located_error,
)
from graphql.execution import Executor, VariableValues
from graphql.pyutils import Path

from app.engine.graphql_core_seam import CollectedErrors, FieldDetailsList, FragmentDetails
from app.engine.mutation_deadline import MutationDeadline, OutOfTime
from app.engine.portioned import PortionedExecutor
from app.engine.request_errors import ExecutionCode

MOST_ERRORS = 100
"""Maximum number of field errors in a response. One more error then states how many were left out."""

_MOST_KINDS = 10
"""Maximum number of failures beyond MOST_ERRORS: one for each class of exception."""


class BoundedErrors(CollectedErrors):
    """The first errors of an operation, and the number of those that were left out.

    The first failure of each class of exception is kept as well: it may determine the response's status.
    """

    __slots__ = ("_kinds", "_omitted")

    def __init__(self) -> None:
        super().__init__()
        self._omitted = 0
        self._kinds: set[type[Exception]] = set()

    @property
    def errors(self) -> list[GraphQLError]:
        """The errors of the response."""
        if not self._omitted:
            return self._errors
        message = f"There are {self._omitted:,} more errors; only the first {MOST_ERRORS} are listed."
        extensions = {"code": ExecutionCode.MORE_ERRORS, "omittedErrors": self._omitted}
        return [*self._errors, GraphQLError(message, extensions=extensions)]

    def takes(self, error: Exception) -> bool:
        """Return whether an error would be listed."""
        if len(self._errors) < MOST_ERRORS:
            return True
        kind = _kind(error)
        return kind is not None and kind not in self._kinds and len(self._kinds) < _MOST_KINDS

    def add(self, error: GraphQLError, path: Path | None) -> None:
        """List an error, or count it."""
        if not self.takes(error):
            self.omit(path)
            return
        kind = _kind(error)
        if kind is not None:
            self._kinds.add(kind)
        super().add(error, path)

    def omit(self, path: Path | None) -> None:
        """Count an error, unless a field above it is null already."""
        if not self.has_nulled_position(path):
            self._omitted += 1


class _Omitted(GraphQLError):
    """An error that is left out, while it propagates to the nearest nullable field."""

    def __init__(self) -> None:
        # graphql-core doesn't locate an error that has a path.
        super().__init__("This error is not listed.", path=["omitted"])


class BoundedExecutor(PortionedExecutor):
    """Executes an operation without locating errors that are left out: locating takes longer than many fields."""

    deadline: MutationDeadline
    """When a mutation's time is over; not set for a query."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)  # pyright: ignore[reportUnknownMemberType] - the library leaves it partly open
        self.collected_errors = BoundedErrors()

    @classmethod
    def begin(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        context: object,
        is_awaitable: Callable[[Any], bool] | None,
    ) -> "BoundedExecutor":
        """Return an executor as graphql-core's `build` does, without coercing the variables again."""
        fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        details = {name: FragmentDetails(fragment) for name, fragment in fragments.items()}
        return cls(
            schema,
            fragments,
            details,
            None,
            context,
            operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=is_awaitable,
        )

    def handle_field_error(
        self,
        raw_error: Exception,
        return_type: Any,
        field_details_list: FieldDetailsList,
        path: Path,
    ) -> None:
        """Note the error of a nullable field, or raise it to the next field above."""
        errors = cast("BoundedErrors", self.collected_errors)
        if errors.takes(raw_error):
            super().handle_field_error(raw_error, return_type, field_details_list, path)  # pyright: ignore[reportUnknownMemberType] - the same
        elif self.error_propagation and isinstance(return_type, GraphQLNonNull):
            raise _Omitted from None
        else:
            errors.omit(path)


class Payload(Protocol):
    """The value of a mutation's root field, if it knows what was written without reading it."""

    def written_at(self, path: Sequence[str | int], /) -> Mapping[str, object] | None:
        """Return the identity of the written object at a path below the payload, or None."""
        ...


class _Timed(BoundedExecutor):
    """Runs a mutation whose fields fail when its time is over, instead of the operation: earlier fields are committed.

    A running root field is canceled. In a payload, fields fail one by one, so that the response has the others.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._payloads: dict[str | int, object] = {}

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        if path.prev is None and self.deadline.is_over():
            field = self.schema.get_field(parent_type, field_details_list[0].node.name.value)
            if field is not None:
                self.handle_field_error(OutOfTime(has_begun=False), cast("Any", field).type, field_details_list, path)
                return None
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def complete_value(
        self,
        return_type: Any,
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        if path.prev is None:
            self._payloads[path.key] = result
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)  # pyright: ignore[reportUnknownMemberType] - the same

    async def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
        """Await a resolver's result until the time is over."""
        return await self.deadline.wait_for(awaitable)

    def handle_field_error(
        self, raw_error: Exception, return_type: Any, field_details_list: FieldDetailsList, path: Path
    ) -> None:
        if path.prev is not None and not isinstance(raw_error, GraphQLError):
            raw_error = self._after_write(raw_error, field_details_list, path.as_list())
        super().handle_field_error(raw_error, return_type, field_details_list, path)

    def _after_write(self, failure: Exception, fields: FieldDetailsList, path: list[str | int]) -> GraphQLError:
        """Return a failure below a payload as an error with the written object, which may be null in the response."""
        error = located_error(failure, [field.node for field in fields], path)
        written = getattr(self._payloads.get(path[0]), "written_at", None)
        found = None if written is None else cast("Callable[[list[str | int]], object]", written)(path[1:])
        if found is not None:
            error.extensions = {**(error.extensions or {}), "written": found}
        return error


@lru_cache
def bounded(executor_class: type[Executor[Any]]) -> type[BoundedExecutor]:
    """Return an executor class whose operations list at most MOST_ERRORS errors."""
    return cast("Callable[..., type[BoundedExecutor]]", type)("Bounded", (BoundedExecutor, executor_class), {})


@lru_cache
def timed(executor_class: type[Executor[Any]]) -> type[BoundedExecutor]:
    """Return an executor class for mutations, whose fields fail with OutOfTime after their `deadline`."""
    return cast("Callable[..., type[BoundedExecutor]]", type)("Timed", (_Timed, executor_class), {})


def _kind(error: Exception) -> type[Exception] | None:
    """Return the class of a failure; None for an error that a resolver raised on purpose."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return None if cause is None else type(cause)
