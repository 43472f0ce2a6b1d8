"""Compute the number of rows that a field requests for each parent, from its arguments."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInt,
    GraphQLNamedType,
    IntValueNode,
    ListValueNode,
    ValueNode,
    VariableNode,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_list_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_required_argument,
    print_ast,
)

from app.engine.graphql_core_seam import coerce_default_value

DEFAULT_PAGE_SIZE = 50
"""Rows of a list whose arguments set no bound."""

_BOUNDS = ("first", "last")


class Bound(NamedTuple):
    """The rows for each parent: the largest argument, or the page size if no argument is given."""

    values: tuple[int, ...]
    variables: tuple[tuple[str, int | None], ...]
    """Variables, each with the value that applies if it is left out or null."""

    def rows(self, variables: Mapping[str, Any], _different: dict[str, int]) -> int:
        """Return the maximum number of rows under these coerced variables."""
        requested = [*self.values]
        for name, fallback in self.variables:
            value = variables.get(name)
            value = fallback if value is None else value
            if isinstance(value, int):
                requested.append(value)
        return max(1, max(requested, default=DEFAULT_PAGE_SIZE))


class Items(NamedTuple):
    """The rows of a list that is requested item by item; repeated items count as one row."""

    literal: int
    variables: tuple[str, ...]
    """The variable that holds the whole list, if one does."""

    def rows(self, variables: Mapping[str, Any], different: dict[str, int]) -> int:
        """Return the rows under these coerced variables; `different` caches them for repeated variables."""
        rows = self.literal
        for name in self.variables:
            if name not in different:
                different[name] = _different(variables.get(name))
            rows += different[name]
        return rows


MOST_ROWS = "most_rows"
"""Extension of a list without arguments: its maximum number of rows."""


def bound_of(field: GraphQLField, node: FieldNode) -> Bound | Items | None:
    """Return the bound on the rows of a field; None if it returns at most one row."""
    if MOST_ROWS in field.extensions:
        return Bound((field.extensions[MOST_ROWS],), ())
    return _bound(field, node) or _items(field, node)


def named_type(of: GraphQLField | GraphQLArgument | GraphQLInputField) -> GraphQLNamedType:
    """Return the type without list and non-null wrappers."""
    return get_named_type(of.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - open wrappers


def is_list(of: Any) -> bool:
    """Return whether the type of a field or argument is a list."""
    return bool(is_list_type(get_nullable_type(of.type)))  # pyright: ignore[reportUnknownArgumentType] - open wrappers


def _bound(field: GraphQLField, node: FieldNode) -> Bound | None:
    arguments = {name: field.args[name] for name in _BOUNDS if name in field.args}
    arguments = {name: argument for name, argument in arguments.items() if named_type(argument) is GraphQLInt}
    if not arguments:
        return None
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    values, variables = list[int](), list[tuple[str, int | None]]()
    for name, argument in arguments.items():
        value: ValueNode | None = given.get(name)
        default = coerce_default_value(argument)
        default = default if isinstance(default, int) else None
        if isinstance(value, VariableNode):
            variables.append((value.name.value, default))
        elif isinstance(value, IntValueNode):
            values.append(int(value.value))
        elif default is not None:
            values.append(default)
    return Bound(tuple(values), tuple(variables))


def _items(field: GraphQLField, node: FieldNode) -> Items | None:
    if not is_list(field):
        return None
    required = {name for name, argument in field.args.items() if is_required_argument(argument) and is_list(argument)}
    given = [argument.value for argument in node.arguments or () if argument.name.value in required]
    if not given:
        return None
    literals = [value for value in given if not isinstance(value, VariableNode)]
    # Variables in a literal count as different items, although their values may be equal.
    different = sum(len({print_ast(item) for item in _members(value)}) for value in literals)
    return Items(different, tuple(value.name.value for value in given if isinstance(value, VariableNode)))


def _members(value: ValueNode) -> tuple[ValueNode, ...]:
    return tuple(value.values) if isinstance(value, ListValueNode) else (value,)


def _different(items: object) -> int:
    return len({repr(item) for item in cast("list[object]", items)}) if isinstance(items, list) else 0
