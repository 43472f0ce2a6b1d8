"""Coercing variables: what is the same for every request is worked out once per operation.

The rules are graphql-core's. Whatever it would refuse, or says in words of its own, is left to it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    coerce_input_value,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    get_variable_values,
)
from graphql.execution import VariableValues
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValueSource

_MOST_INT, _LEAST_INT = 2**31 - 1, -(2**31)

_IS_COERCED: dict[Any, Callable[[Any], bool]] = {
    GraphQLString: lambda value: type(value) is str,
    GraphQLID: lambda value: type(value) is str,
    GraphQLBoolean: lambda value: type(value) is bool,
    GraphQLInt: lambda value: type(value) is int and _LEAST_INT <= value <= _MOST_INT,
}
"""For the scalars that most variables are: whether a value is taken as it is."""

TAKES_ANYTHING = "takes_anything"
"""The extension of a scalar type that takes every value but null as it is."""


class _Variable(NamedTuple):
    """What is known of a variable before it has a value."""

    name: str
    signature: GraphQLVariableSignature
    type: Any
    is_required: bool
    is_coerced: Callable[[Any], bool] | None

    def coerced(self, value: Any) -> Any:
        """The coerced value; Undefined where it can't be."""
        if self.is_coerced is not None and self.is_coerced(value):
            return value
        return None if value is None and not self.is_required else _by_rules(value, self.type)


class OperationVariables:
    """The variables of one operation."""

    __slots__ = ("_defaults", "_variables")

    def __init__(self, schema: GraphQLSchema, node: OperationDefinitionNode) -> None:
        signatures = [get_variable_signature(schema, each) for each in node.variable_definitions or ()]
        self._variables = [_variable(each) for each in signatures if not isinstance(each, GraphQLError)]
        defaults = [each for each in node.variable_definitions or () if each.default_value is not None]
        # graphql-core answers for the defaults by themselves; wrong ones don't pass validation.
        coerced = get_variable_values(schema, defaults, {})
        self._defaults: Mapping[str, Any] = coerced.coerced if isinstance(coerced, VariableValues) else {}

    def coerce(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The coerced values; None where graphql-core has to say what is wrong with them."""
        sources: dict[str, VariableValueSource] = {}
        values: dict[str, Any] = {}
        for variable in self._variables:
            name = variable.name
            if name in given:
                sources[name] = VariableValueSource(variable.signature, given[name])
                value = variable.coerced(given[name])
                if value is Undefined:
                    return None
                values[name] = value
                continue
            sources[name] = VariableValueSource(variable.signature)
            if name in self._defaults:
                values[name] = self._defaults[name]
            elif variable.is_required:
                return None
        return VariableValues(sources, values)


def _variable(signature: GraphQLVariableSignature) -> _Variable:
    declared = cast("Any", signature).type
    is_required = isinstance(declared, GraphQLNonNull)
    is_coerced = _test_of(cast("Any", declared).of_type if is_required else declared)
    return _Variable(signature.name, signature, declared, is_required, is_coerced)


def _test_of(kind: Any) -> Callable[[Any], bool] | None:
    """Return whether values of a nullable type are taken as they are, where that can be told without coercing them."""
    if isinstance(kind, GraphQLList) and isinstance(cast("Any", kind).of_type, GraphQLNonNull):
        item = _test_of(cast("Any", kind).of_type.of_type)
        return None if item is None else lambda value: type(value) is list and all(map(item, cast("list[Any]", value)))
    if isinstance(kind, GraphQLScalarType) and kind.extensions.get(TAKES_ANYTHING):
        return lambda value: value is not None
    return _IS_COERCED.get(kind)


def _by_rules(value: Any, kind: Any) -> Any:
    try:
        return coerce_input_value(value, kind)
    except Exception:  # noqa: BLE001 - what it is, graphql-core tells
        return Undefined
