"""An executor that limits the number of errors of an operation, and tells failures from rejections."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Self, cast

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLLeafType,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    default_field_resolver,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    default_type_resolver,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from graphql.execution import Executor, VariableValues
from graphql.pyutils import Path

from app.engine.graphql_core_seam import CollectedErrors, FieldDetailsList, FragmentDetails
from app.engine.portioned import PortionedExecutor
from app.engine.request_errors import ExecutionCode

MOST_ERRORS = 100
"""Maximum number of field errors in a response. One more error then states how many were left out."""

_MOST_KINDS = 10
"""Maximum number of failures beyond MOST_ERRORS: one for each class of exception."""


class NotInSchema(Exception):
    """A resolved value is not one that its type can show: a failure of the service, not of the caller's input."""


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
        root: object = None,
    ) -> Self:
        """Return an executor as graphql-core's `build` does, without coercing the variables again.

        `root`: the event that a subscription responds to.
        """
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
            root,
            context,
            operation,
            variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=is_awaitable,
        )

    @staticmethod
    def complete_leaf_value(return_type: GraphQLLeafType, result: Any) -> Any:
        """Return the JSON value of a scalar or an enumeration.

        This replaces graphql-core's method, which raises GraphQLError, as if the input were wrong, with the value in
        its message. Calling that method from here would take time for each value.
        """
        try:
            shown = return_type.coerce_output_value(result)
        except GraphQLError:
            shown = None
        if shown is None or shown is Undefined:
            msg = f"{return_type.name} can't show a value of type {type(result).__name__} that was resolved."
            # Not in the handler above: the error with the value would be logged as its context.
            raise NotInSchema(msg)
        return shown

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


@lru_cache
def with_bounded_errors(executor_class: type[Executor[Any]]) -> type[BoundedExecutor]:
    """Return an executor class whose operations list at most MOST_ERRORS errors."""
    return cast("Callable[..., type[BoundedExecutor]]", type)("Bounded", (BoundedExecutor, executor_class), {})


def _kind(error: Exception) -> type[Exception] | None:
    """Return the class of a failure; None for an error that a resolver raised on purpose."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return None if cause is None else type(cause)
