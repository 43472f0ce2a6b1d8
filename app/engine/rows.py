"""How many rows an operation may ask for: the bounds of its nested lists, multiplied.

A field multiplies when it takes `first` or `last` as an Int: the schema says it, no name of a type or field is known here.
What doesn't depend on variables is summed once per document; the rest stays as a short list of steps, run per request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInt,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_list_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from graphql.utilities.coerce_input_value import coerce_default_value

from app.engine.limits import SATURATED, fragments_of

DEFAULT_PAGE_SIZE = 50
"""The rows of a list whose arguments leave the bound to the server."""

_BOUNDS = ("first", "last")
_INTROSPECTED_ROWS = 3
"""What a list within a type counts for in introspection, on average: it takes no bound, yet nested it grows like any other."""


class _Bound(NamedTuple):
    """The rows per parent: the largest of what the arguments say, or the page size if they say nothing."""

    values: tuple[int, ...]
    variables: tuple[tuple[str, int | None], ...]
    """Variables, each with what holds where it is left out or null."""

    def rows(self, variables: Mapping[str, Any]) -> int:
        asked = [*self.values]
        for name, fallback in self.variables:
            value = variables.get(name)
            value = fallback if value is None else value
            if isinstance(value, int):
                asked.append(value)
        return max(1, max(asked, default=DEFAULT_PAGE_SIZE))


class _Step(NamedTuple):
    """A part of the operation whose rows depend on variables."""

    constant: int
    children: tuple[int, ...]
    """Earlier steps whose rows this part sums up."""
    bound: _Bound | None
    """Multiplies the sum, and counts its own rows; None where the part is only conditional, or shared."""
    conditions: tuple[tuple[str, bool], ...]
    """Variables of @skip and @include, each with the value under which the part is selected."""

    def rows(self, variables: Mapping[str, Any], earlier: list[int]) -> int:
        if self.conditions and any(variables.get(name, wanted) is not wanted for name, wanted in self.conditions):
            return 0
        total = self.constant + sum(earlier[child] for child in self.children)
        return min(total if self.bound is None else self.bound.rows(variables) * (1 + total), SATURATED)


@dataclass(frozen=True, slots=True)
class RequestedRows:
    """The rows of one operation, up to its variables."""

    constant: int
    children: tuple[int, ...]
    steps: tuple[_Step, ...]

    def count(self, variables: Mapping[str, Any]) -> int:
        """The most rows that the operation asks for under these coerced variables."""
        if not self.steps:
            return self.constant
        results: list[int] = []
        for step in self.steps:
            results.append(step.rows(variables, results))
        return min(self.constant + sum(results[child] for child in self.children), SATURATED)


class RowCounter:
    """Compiles the operations of one valid document; fragments are counted once and shared.

    With `values`, every leaf of every row counts as well: a few wide rows cost as much as many narrow ones.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, *, values: bool = False) -> None:
        self._schema = schema
        self._leaf = int(values)
        self._steps: list[_Step] = []
        self._fragments: dict[str, tuple[int, list[int]]] = {}
        for name, fragment in fragments_of(document).items():
            parent = cast("GraphQLCompositeType", schema.get_type(fragment.type_condition.name.value))
            constant, children = self._selections(fragment.selection_set, parent)
            # One step per fragment, or spreading one twice in the next would double the list of children each time.
            self._fragments[name] = self._step(constant, children, None, ()) if children else (constant, [])
        self._shared = len(self._steps)

    def compile(self, operation: OperationDefinitionNode) -> RequestedRows:
        """The rows of an operation of the document."""
        root = self._schema.get_root_type(operation.operation)
        constant, children = self._selections(operation.selection_set, cast("GraphQLCompositeType", root))
        steps = tuple(self._steps) if children else ()
        del self._steps[self._shared :]
        return RequestedRows(constant, tuple(children), steps)

    def _selections(self, selection_set: SelectionSetNode, parent: GraphQLCompositeType) -> tuple[int, list[int]]:
        # Recursion is safe here: the parser bounds how deep a definition nests, and fragments are never entered.
        constant, children = 0, list[int]()
        for selection in selection_set.selections:
            rows, steps = self._selection(selection, parent)
            constant = min(constant + rows, SATURATED)
            children += steps
        return constant, children

    def _selection(self, selection: SelectionNode, parent: GraphQLCompositeType) -> tuple[int, list[int]]:
        conditions = _conditions(selection)
        if conditions is None:
            return 0, []
        bound = None
        if isinstance(selection, FragmentSpreadNode):
            constant, children = self._fragments[selection.name.value]
        elif isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            inner = self._schema.get_type(condition.name.value) if condition else parent
            constant, children = self._selections(selection.selection_set, cast("GraphQLCompositeType", inner))
        else:
            constant, children, bound = self._field(cast("FieldNode", selection), parent)
        if not conditions and not children and (bound is None or not bound.variables):
            return (constant if bound is None else min(bound.rows({}) * (1 + constant), SATURATED)), []
        if not conditions and bound is None:
            return constant, children
        return self._step(constant, children, bound, conditions)

    def _field(self, node: FieldNode, parent: GraphQLCompositeType) -> tuple[int, list[int], _Bound | None]:
        field = cast("GraphQLField", self._schema.get_field(parent, node.name.value))
        bound = self._introspected(field, parent) or _bound(field, node)
        if node.selection_set is None:
            return self._leaf, [], bound
        return *self._selections(node.selection_set, cast("GraphQLCompositeType", _named_type(field))), bound

    def _introspected(self, field: GraphQLField, parent: GraphQLCompositeType) -> _Bound | None:
        if not parent.name.startswith("__") or not is_list_type(get_nullable_type(field.type)):  # pyright: ignore[reportUnknownMemberType] - open wrappers
            return None
        return _Bound((len(self._schema.type_map) if parent.name == "__Schema" else _INTROSPECTED_ROWS,), ())

    def _step(
        self, constant: int, children: list[int], bound: _Bound | None, conditions: tuple[tuple[str, bool], ...]
    ) -> tuple[int, list[int]]:
        self._steps.append(_Step(constant, tuple(children), bound, conditions))
        return 0, [len(self._steps) - 1]


def _named_type(of: GraphQLField | GraphQLArgument) -> GraphQLNamedType:
    return get_named_type(of.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - open wrappers


def _bound(field: GraphQLField, node: FieldNode) -> _Bound | None:
    arguments = {name: field.args[name] for name in _BOUNDS if name in field.args}
    arguments = {name: argument for name, argument in arguments.items() if _named_type(argument) is GraphQLInt}
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
    return _Bound(tuple(values), tuple(variables))


def _conditions(selection: SelectionNode) -> tuple[tuple[str, bool], ...] | None:
    """The variables that decide whether the part is selected; None if it never is."""
    conditions = list[tuple[str, bool]]()
    for directive in selection.directives or ():
        if directive.name.value not in {"skip", "include"}:
            continue
        wanted = directive.name.value == "include"
        # Validation has seen to it that the one argument is there.
        value = next(iter(directive.arguments or ())).value
        if isinstance(value, VariableNode):
            conditions.append((value.name.value, wanted))
        elif isinstance(value, BooleanValueNode) and value.value is not wanted:
            return None
    return tuple(conditions)
