"""Find the lists among the arguments of a document, once per document; input_lists.py counts them for each request."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    type_from_ast,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)

from app.engine.bounds import named_type
from app.engine.input_lists import CountedUse, InputArgument, InputLists
from app.engine.input_sizes import (
    MAX_ITEMS,
    InputSizes,
    MaxItems,
    Measure,
    Measured,
    Use,
    measure_literal,
    raw_value,
)
from app.engine.limits import fragments_of


class InputListReader:
    """Finds the lists among the arguments of one valid document's operations."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, sizes: InputSizes) -> None:
        self._schema, self._sizes = schema, sizes
        self._fragments: dict[str, Counter[InputArgument]] = {}
        for name, fragment in fragments_of(document).items():
            self._fragments[name] = self._of(fragment)

    def read(self, operation: OperationDefinitionNode) -> InputLists:
        """Return the lists of an operation."""
        variables: dict[str, tuple[Measure, ValueNode | None, Any]] = {}
        for variable_definition in operation.variable_definitions or ():
            kind: Any = type_from_ast(self._schema, variable_definition.type)
            measure = self._sizes.measure(kind)
            if measure is not None:
                variables[variable_definition.variable.name.value] = measure, variable_definition.default_value, kind
        defaults = {
            variable.variable.name.value: raw_value(variable.default_value)
            for variable in operation.variable_definitions or ()
        }
        arguments: Counter[InputArgument] = Counter()
        counted: Counter[CountedUse] = Counter()
        for argument, times in self._of(operation).items():
            for use in argument.uses:
                if use.conditions is not None:
                    counted[CountedUse(use.name, use.conditions, use.conditions(defaults[use.name]))] += times
            uses = tuple(use for use in argument.uses if use.name in variables)
            literal = argument.literal
            if uses or literal.items or literal.conditions or literal.excesses:
                arguments[InputArgument(argument.node, argument.literal, uses)] = times
        return InputLists(arguments, variables, counted)

    def _of(self, definition: OperationDefinitionNode | FragmentDefinitionNode) -> Counter[InputArgument]:
        """Return the number of occurrences of each argument with lists or variables below a definition."""
        found: Counter[InputArgument] = Counter()
        if isinstance(definition, OperationDefinitionNode):
            parent = self._schema.get_root_type(definition.operation)
        else:
            parent = self._schema.get_type(definition.type_condition.name.value)
        stack: list[tuple[SelectionSetNode, Any]] = [(definition.selection_set, parent)]
        while stack:
            selection_set, kind = stack.pop()
            for selection in selection_set.selections:
                if isinstance(selection, FragmentSpreadNode):
                    found.update(self._fragments[selection.name.value])
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    inner = self._schema.get_type(condition.name.value) if condition else kind
                    stack.append((selection.selection_set, inner))
                else:
                    node = cast("FieldNode", selection)
                    shown = cast(
                        "GraphQLField", self._schema.get_field(cast("GraphQLCompositeType", kind), node.name.value)
                    )
                    found.update(self._arguments(shown, node))
                    if node.selection_set is not None:
                        stack.append((node.selection_set, named_type(shown)))
        return found

    def _arguments(self, shown: GraphQLField, node: FieldNode) -> Iterator[InputArgument]:
        for given in node.arguments or ():
            argument = shown.args[given.name.value]
            maximum: MaxItems | None = argument.extensions.get(MAX_ITEMS)
            kind = cast("Any", argument).type
            if self._sizes.measure(kind, maximum) is None:
                continue
            literal, uses = Measured(), list[Use]()
            measure_literal(kind, given.value, (given.name.value,), maximum, literal, uses)
            if uses or literal.items or literal.conditions:
                yield InputArgument(node, literal, tuple(uses))
