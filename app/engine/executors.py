"""Executors whose operations give a bounded number of errors."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from graphql import GraphQLError, GraphQLNonNull
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import Path

from app.engine.refusals import ExecutionCode

MOST_ERRORS = 100
"""Maximum number of field errors that an answer holds; one more says how many there are beyond."""

_MOST_KINDS = 10
"""Maximum number of kinds of failures that are kept beyond MOST_ERRORS."""

if TYPE_CHECKING:
    _Base = Executor[Any]
else:
    _Base = object


class BoundedErrors(CollectedErrors):
    """The first errors of an operation, and the number of those that were left out.

    A failure of a kind that the first ones don't have is kept as well: it may decide what becomes of the whole answer.
    """

    __slots__ = ("_kinds", "_omitted")

    def __init__(self) -> None:
        super().__init__()
        self._omitted = 0
        self._kinds: set[type[Exception]] = set()

    @property
    def errors(self) -> list[GraphQLError]:
        """The errors as they are answered."""
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
        """Count an error, unless what is above it is null already."""
        if not self.has_nulled_position(path):
            self._omitted += 1


class _Omitted(GraphQLError):
    """An error that is not listed, on its way to the nearest field that may be null."""

    def __init__(self) -> None:
        # An error with a path is not given another one.
        super().__init__("This error is not listed.", path=["omitted"])


class _Bounded(_Base):
    """Executes an operation without locating errors that are not listed: locating one takes longer than many a field."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)  # pyright: ignore[reportUnknownMemberType] - the library leaves it partly open
        self.collected_errors = BoundedErrors()

    def handle_field_error(
        self,
        raw_error: Exception,
        return_type: Any,
        field_details_list: FieldDetailsList,
        path: Path,
    ) -> None:
        errors = cast("BoundedErrors", self.collected_errors)
        if errors.takes(raw_error):
            super().handle_field_error(raw_error, return_type, field_details_list, path)  # pyright: ignore[reportUnknownMemberType] - the same
        elif self.error_propagation and isinstance(return_type, GraphQLNonNull):
            raise _Omitted from None
        else:
            errors.omit(path)


@lru_cache
def bounded(executor_class: type[Executor[Any]]) -> type[Executor[Any]]:
    """Return an executor class whose operations list at most MOST_ERRORS errors."""
    return cast("Callable[..., type[Executor[Any]]]", type)("BoundedExecutor", (_Bounded, executor_class), {})


def _kind(error: Exception) -> type[Exception] | None:
    """Return the class of a failure; None for what a resolver refuses."""
    cause: Exception | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return None if cause is None else type(cause)
