"""Count the items of the lists in an operation's arguments, before the arguments are coerced or converted.

A list of thousands takes milliseconds to convert, and 50 aliases may convert one variable 50 times. Literals are
measured once per document (input_list_reader.py); of variables only the lists are looked at, by what is known of their
types.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from graphql import (
    FieldNode,
    GraphQLError,
    ValueNode,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)

from app.domain.labels import path_texts, subject_of_argument
from app.engine.input_sizes import (
    Excess,
    Measure,
    Measured,
    Use,
    exceeds_maximum,
    measure_literal,
)
from app.engine.request_errors import RequestError, RequestErrorCode, request_error

MOST_CONDITIONS = 250
"""Maximum number of conditions in the filters of an operation. Each adds half a millisecond to building a statement."""
_MANY = 50
"""Number of items from which an operation waits for its turn to begin."""
_MOST_ERRORS = 10
"""Maximum number of errors about lists that are too long."""


@dataclass(frozen=True, slots=True, eq=False)
class InputArgument:
    """The lists of one argument in a document."""

    node: FieldNode
    literal: Measured
    uses: tuple[Use, ...]

    def errors(self, variables: Mapping[str, Measured], given: Mapping[str, Any]) -> Iterator[GraphQLError]:
        """Return the errors of lists that are too long."""
        for excess in self.literal.excesses:
            yield _error(excess, self.node)
        for name, path, maximum, _ in self.uses:
            value = given.get(name)
            top = Measured()
            if isinstance(value, list) and exceeds_maximum(cast("list[Any]", value), maximum, path, top):
                yield from (_error(excess, self.node) for excess in top.excesses)
            else:
                yield from (_error(excess.below(path), self.node) for excess in variables[name].excesses)


class CountedUse(NamedTuple):
    """A variable whose value is more than one condition of a filter, such as the words of a search."""

    name: str
    conditions: Callable[[Any], int]
    fallback: int
    """The number of conditions if the variable is left out."""


class InputLists:
    """The lists in the arguments of an operation and its fragments, regardless of @skip and @include."""

    __slots__ = (
        "_arguments",
        "_counted",
        "_has_excess",
        "_literal_conditions",
        "_literal_items",
        "_times",
        "_tops",
        "_uses",
        "_variables",
        "has_any",
    )

    def __init__(
        self,
        arguments: Counter[InputArgument],
        variables: Mapping[str, tuple[Measure, ValueNode | None, Any]],
        counted: Counter[CountedUse],
    ) -> None:
        self._arguments = arguments
        self._literal_items = sum(argument.literal.items * times for argument, times in arguments.items())
        self._literal_conditions = sum(argument.literal.conditions * times for argument, times in arguments.items())
        self._uses: Counter[str] = Counter()
        for argument, times in arguments.items():
            for use in argument.uses:
                self._uses[use.name] += times
        self._times = tuple(self._uses.items())
        self._counted = tuple(counted.items())
        self._has_excess = any(argument.literal.excesses for argument in arguments)
        # Variables that are lists, each with the lowest maximum of the arguments that use it.
        tops: dict[str, int] = {}
        for use in (use for argument in arguments for use in argument.uses):
            if use.maximum is not None:
                tops[use.name] = min(tops.get(use.name, use.maximum.most), use.maximum.most)
        self._tops = tuple(tops.items())
        self._variables = {name: variables[name] for name in self._uses}
        self.has_any = bool(
            self._uses or self._literal_items or self._counted or self._literal_conditions > MOST_CONDITIONS
        )

    def is_long(self, given: Mapping[str, Any]) -> bool:
        """Return whether the lists are so long that operations like this one have to take turns."""
        if not self.has_any:
            return False
        return self._items(self._measured(given)) >= _MANY

    def check(self, given: Mapping[str, Any], limit: int) -> int:
        """Return the total number of items; the items of a variable count for each use.

        Raise RequestError if a list is too long, or the total is too high.
        """
        measured = self._measured(given)
        if self._has_excess or self._may_exceed(measured, given):
            errors = [error for argument in self._arguments for error in argument.errors(measured, given)]
            if errors:
                raise RequestError(_distinct(errors)[:_MOST_ERRORS], RequestErrorCode.VARIABLES)
        conditions = self._literal_conditions
        for name, times in self._times:
            conditions += measured[name].conditions * times
        for use, times in self._counted:
            count = use.conditions(given[use.name]) if use.name in given else use.fallback
            conditions += (count - 1) * times
        if conditions > MOST_CONDITIONS:
            message = (
                f"The filters of the operation have {conditions:,} conditions, a variable counted wherever it is used;"
                f" the limit is {MOST_CONDITIONS:,}. Send several requests."
            )
            raise request_error(RequestErrorCode.TOO_COMPLEX, message)
        total = self._items(measured)
        if total > limit:
            raise request_error(RequestErrorCode.TOO_COMPLEX, self._too_many(total, limit, measured))
        return total

    def _items(self, measured: Mapping[str, Measured]) -> int:
        items = self._literal_items
        for name, times in self._times:
            items += measured[name].items * times
        return items

    def _may_exceed(self, measured: Mapping[str, Measured], given: Mapping[str, Any]) -> bool:
        """Return whether a list may be too long: a fast check that most requests pass."""
        if any(value.excesses for value in measured.values()):
            return True
        for name, most in self._tops:
            value = given.get(name)
            if isinstance(value, list) and len(cast("list[Any]", value)) > most:
                return True
        return False

    def _measured(self, given: Mapping[str, Any]) -> dict[str, Measured]:
        measured: dict[str, Measured] = {}
        for name, (measure, default, kind) in self._variables.items():
            in_variable = measured[name] = Measured()
            if name in given:
                try:
                    measure(given[name], (), in_variable)
                except RecursionError:
                    # Coercion rejects the value, with graphql-core's message.
                    continue
            elif default is not None:
                measure_literal(kind, default, (), None, in_variable, [])
        return measured

    def _too_many(self, total: int, limit: int, measured: Mapping[str, Measured]) -> str:
        name, times = max(self._uses.items(), key=lambda use: measured[use[0]].items * use[1], default=("", 0))
        longest = f" ${name} has {measured[name].items:,} items and is used {times:,} times." if times > 1 else ""
        return (
            f"The lists among the operation's arguments have {total:,} items, a variable counted wherever it is used;"
            f" the limit is {limit:,}.{longest} Send several requests."
        )


def _error(excess: Excess, node: FieldNode) -> GraphQLError:
    problem = {
        "code": excess.code,
        "path": path_texts(excess.path),
        "message": f"{subject_of_argument(excess.path)} {excess.message}",
    }
    message = f"{'.'.join(map(str, excess.path))}: {excess.message}"
    return GraphQLError(message, node, extensions={"code": excess.code, "problems": [problem]})


def _distinct(errors: list[GraphQLError]) -> list[GraphQLError]:
    """Return the errors without those that aliases repeat."""
    by_message: dict[str, GraphQLError] = {}
    for error in errors:
        by_message.setdefault(error.message, error)
    return [*by_message.values()]
