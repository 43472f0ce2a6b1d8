"""Count the rows that an operation may request: the product of the bounds of its nested lists.

A field multiplies if it has an argument `first` or `last` of type Int, or if it returns a list and requires a list as
an argument: then each different item is one row. A list without arguments has its number of rows as an extension. Only
the schema determines this, not the names of types or fields.
Parts that don't depend on variables are summed once per document. The rest is a short list of steps, which run per
request. Introspection has a limit of its own (introspection.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from app.engine.bounds import Bound, Items, bound_of, named_type
from app.engine.limits import SATURATED, fragments_of


class _Step(NamedTuple):
    """A part of the operation whose rows depend on variables."""

    constant: int
    children: tuple[int, ...]
    """Earlier steps whose rows are added."""
    bound: Bound | Items | None
    """The rows of the field, which multiply the sum. None if the part is only conditional, or shared."""
    conditions: tuple[tuple[str, bool], ...]
    """Variables of @skip and @include, each with the value under which the part is selected."""

    def rows(self, variables: Mapping[str, Any], earlier: list[int], different: dict[str, int]) -> int:
        if self.conditions and any(variables.get(name, wanted) is not wanted for name, wanted in self.conditions):
            return 0
        total = self.constant + sum(earlier[child] for child in self.children)
        return min(total if self.bound is None else self.bound.rows(variables, different) * (1 + total), SATURATED)


@dataclass(frozen=True, slots=True)
class RequestedRows:
    """The rows of one operation, as a function of its variables."""

    constant: int
    children: tuple[int, ...]
    steps: tuple[_Step, ...]

    def count(self, variables: Mapping[str, Any], different: dict[str, int] | None = None) -> int:
        """Return the maximum number of rows that the operation requests with these coerced variables.

        `different` caches the numbers of different items by variable, for another count with the same variables.
        """
        if not self.steps:
            return self.constant
        different = {} if different is None else different
        results: list[int] = []
        for step in self.steps:
            results.append(step.rows(variables, results, different))
        return min(self.constant + sum(results[child] for child in self.children), SATURATED)


class RowCounter:
    """Compiles the operations of one valid document. Fragments are counted once and shared.

    With `values`, the leaves of all rows count as well, because a few wide rows cost as much as many narrow ones.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, *, values: bool = False) -> None:
        self._schema = schema
        self._leaf = int(values)
        self._steps: list[_Step] = []
        self._fragments: dict[str, tuple[int, list[int]]] = {}
        for name, fragment in fragments_of(document).items():
            parent = cast("GraphQLCompositeType", schema.get_type(fragment.type_condition.name.value))
            constant, children = self._selections(fragment.selection_set, parent)
            # One step per fragment: otherwise fragments that spread the next one twice would double the list each time.
            self._fragments[name] = self._step(constant, children, None, ()) if children else (constant, [])
        self._shared = len(self._steps)

    def compile(self, operation: OperationDefinitionNode) -> RequestedRows:
        """Return the rows of an operation of the document."""
        root = self._schema.get_root_type(operation.operation)
        constant, children = self._selections(operation.selection_set, cast("GraphQLCompositeType", root))
        steps = tuple(self._steps) if children else ()
        del self._steps[self._shared :]
        return RequestedRows(constant, tuple(children), steps)

    def _selections(self, selection_set: SelectionSetNode, parent: GraphQLCompositeType) -> tuple[int, list[int]]:
        # Recursion is safe: the parser limits the nesting of a definition, and fragments aren't entered.
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
            return (constant if bound is None else min(bound.rows({}, {}) * (1 + constant), SATURATED)), []
        if not conditions and bound is None:
            return constant, children
        return self._step(constant, children, bound, conditions)

    def _field(self, node: FieldNode, parent: GraphQLCompositeType) -> tuple[int, list[int], Bound | Items | None]:
        field = cast("GraphQLField", self._schema.get_field(parent, node.name.value))
        bound = bound_of(field, node)
        if node.selection_set is None:
            return self._leaf, [], bound
        return *self._selections(node.selection_set, cast("GraphQLCompositeType", named_type(field))), bound

    def _step(
        self,
        constant: int,
        children: list[int],
        bound: Bound | Items | None,
        conditions: tuple[tuple[str, bool], ...],
    ) -> tuple[int, list[int]]:
        self._steps.append(_Step(constant, tuple(children), bound, conditions))
        return 0, [len(self._steps) - 1]


def _conditions(selection: SelectionNode) -> tuple[tuple[str, bool], ...] | None:
    """Return the variables that decide whether the part is selected; None if it is never selected."""
    conditions = list[tuple[str, bool]]()
    for directive in selection.directives or ():
        if directive.name.value not in {"skip", "include"}:
            continue
        wanted = directive.name.value == "include"
        # Validation guarantees that the argument is there.
        value = next(iter(directive.arguments or ())).value
        if isinstance(value, VariableNode):
            conditions.append((value.name.value, wanted))
        elif isinstance(value, BooleanValueNode) and value.value is not wanted:
            return None
    return tuple(conditions)
