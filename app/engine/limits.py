"""Measure the depth, fields and aliases of a document from its syntax, in time linear to its size.

This runs before validation, which compares fields pairwise and so must only see documents of a bounded expanded size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter

from graphql import (
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from app.engine.document_limits import Limits

SATURATED = 1_000_000_000
"""Maximum of all counts: repeated fragments would otherwise lead to numbers of thousands of digits."""

MAX_VALUE_DEPTH = 32
"""Maximum nesting of lists and objects in an input value. Not a setting, because input is read recursively."""

MAX_NUMBER_DIGITS = 1_000
"""Maximum number of digits of a number in a document. Python rejects much longer ones with messages about Python."""


@dataclass(slots=True)
class _Cost:
    """The cost of one definition, including the fragments that it spreads."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    roots: int = 0
    """Number of root fields, without introspection."""
    value_depth: int = 0
    number_digits: int = 0

    def add(self, spread: "_Cost", depth: int) -> None:
        """Count a fragment that is spread at this depth."""
        self.aliases = min(self.aliases + spread.aliases, SATURATED)
        self.fields = min(self.fields + spread.fields, SATURATED)
        if depth == 1:
            self.roots = min(self.roots + spread.roots, SATURATED)
        if depth and spread.depth:
            self.depth = max(self.depth, depth - 1 + spread.depth)

    def add_value(self, value: ValueNode) -> None:
        """Measure an input value of any depth, without recursion."""
        stack: list[tuple[ValueNode, int]] = [(value, 1)]
        while stack:
            node, depth = stack.pop()
            if isinstance(node, ListValueNode):
                stack.extend((item, depth + 1) for item in node.values)
            elif isinstance(node, ObjectValueNode):
                stack.extend((field.value, depth + 1) for field in node.fields)
            else:
                depth -= 1
                if isinstance(node, IntValueNode | FloatValueNode):
                    self.number_digits = max(self.number_digits, len(node.value))
            self.value_depth = max(self.value_depth, depth)


def shown_count(count: int) -> str:
    """Return a count as messages show it."""
    return f"{count:,}" if count < SATURATED else f"more than {SATURATED:,}"


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments by name, each after those that it spreads; raise graphlib.CycleError for a cycle."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    order = TopologicalSorter({name: set(_spreads(node.selection_set)) for name, node in fragments.items()})
    return {name: fragments[name] for name in order.static_order() if name in fragments}


def excesses(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """Return an error for each limit that the first costly definition exceeds; raise CycleError for a cycle."""
    costs: dict[str, _Cost] = {}
    for name, fragment in fragments_of(document).items():
        costs[name] = _cost(fragment, costs)
    for node in document.definitions:
        # Unused fragments are measured too, because validation reads them.
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            cost = _cost(node, costs)
            messages = [*_excesses(cost, limits), *_excess_of_mutations(node, cost, limits)]
            errors = [GraphQLError(message, node) for message in messages]
            if errors:
                return errors
    return []


def switches_of(document: DocumentNode) -> tuple[str, ...]:
    """Return the variables that @skip and @include of a document use."""
    names: dict[str, None] = {}
    stack: list[Node] = [*document.definitions]
    while stack:
        node = stack.pop()
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value in {"skip", "include"}:
                names.update(
                    (argument.value.name.value, None)
                    for argument in directive.arguments
                    if isinstance(argument.value, VariableNode)
                )
        selection_set = getattr(node, "selection_set", None)
        if selection_set:
            stack.extend(selection_set.selections)
    return tuple(sorted(names))


def _excesses(cost: _Cost, limits: Limits) -> Iterator[str]:
    if cost.depth > limits.max_depth:
        yield f"The operation nests fields {shown_count(cost.depth)} deep; the limit is {limits.max_depth:,}."
    if cost.aliases > limits.max_aliases:
        yield (
            f"The operation uses {shown_count(cost.aliases)} aliases, with fragments spread out;"
            f" the limit is {limits.max_aliases:,}."
        )
    if cost.fields > limits.max_fields:
        yield (
            f"The operation selects {shown_count(cost.fields)} fields, with fragments spread out;"
            f" the limit is {limits.max_fields:,}."
        )
    if cost.value_depth > MAX_VALUE_DEPTH:
        yield f"An input value nests lists and objects {cost.value_depth:,} deep; the limit is {MAX_VALUE_DEPTH}."
    if cost.number_digits > MAX_NUMBER_DIGITS:
        yield f"A number has {cost.number_digits:,} digits; the limit is {MAX_NUMBER_DIGITS:,}."


def _excess_of_mutations(
    definition: OperationDefinitionNode | FragmentDefinitionNode, cost: _Cost, limits: Limits
) -> Iterator[str]:
    is_mutation = isinstance(definition, OperationDefinitionNode) and definition.operation is OperationType.MUTATION
    if is_mutation and cost.roots > limits.max_mutations:
        yield (
            f"The operation runs {shown_count(cost.roots)} mutations, with fragments spread out;"
            f" the limit is {limits.max_mutations:,}. Send several requests."
        )


def _cost(definition: OperationDefinitionNode | FragmentDefinitionNode, fragments: dict[str, _Cost]) -> _Cost:
    cost = _Cost()
    if isinstance(definition, OperationDefinitionNode):
        for variable in definition.variable_definitions or ():
            if variable.default_value:
                cost.add_value(variable.default_value)
    # Introspection doesn't count towards the depth: a separate validation rule limits its nesting.
    introspects = isinstance(definition, FragmentDefinitionNode) and definition.type_condition.name.value.startswith(
        "__"
    )
    stack = [(definition.selection_set, 0 if introspects else 1)]
    while stack:
        selection_set, depth = stack.pop()
        for selection in selection_set.selections:
            if isinstance(selection, FragmentSpreadNode):
                cost.add(fragments.get(selection.name.value, _Cost()), depth)
                continue
            below = depth
            if isinstance(selection, FieldNode):
                below = _count_field(selection, depth, cost)
            # A field's selection set may be missing; the base class doesn't declare it.
            nested: SelectionSetNode | None = getattr(selection, "selection_set", None)
            if nested:
                stack.append((nested, below))
    return cost


def _count_field(field: FieldNode, depth: int, cost: _Cost) -> int:
    """Count a field without its selection, and return the depth of the selection."""
    here = 0 if field.name.value in {"__schema", "__type"} else depth
    cost.fields += 1
    cost.roots += depth == 1 and not field.name.value.startswith("__")
    cost.aliases += field.alias is not None
    cost.depth = max(cost.depth, here)
    for argument in field.arguments or ():
        cost.add_value(argument.value)
    return here + 1 if here else 0


def _spreads(selection_set: SelectionSetNode) -> Iterator[str]:
    stack = [selection_set]
    while stack:
        for selection in stack.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                yield selection.name.value
            elif nested := getattr(selection, "selection_set", None):
                stack.append(nested)
