"""Report literals that don't fit their types like values of variables: with a code, a path and a message for people."""

from collections.abc import Iterator
from typing import Any, cast

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    IntValueNode,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    VariableNode,
    VisitorAction,
    is_required_input_field,
    specified_rules,
)
from graphql.language import SKIP
from graphql.utilities import (
    validate_input_literal,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)

from app.domain.errors import Path
from app.domain.labels import shown_value
from app.engine.value_problems import (
    ValueProblem,
    missing,
    not_an_object,
    not_one_of,
    null,
    shown_problem,
    unknown,
    wrong_leaf,
)

Located = tuple[ValueProblem, Node]
"""A problem and the part of the document that it is about."""


class LiteralsRule(ValuesOfCorrectTypeRule):
    """Accept the literals that graphql-core accepts. Report all problems as one error, with locations."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._path: Path = ()

    def enter_argument(self, node: ArgumentNode, *_arguments: Any) -> None:
        """Note where the path of the argument's value begins."""
        self._path = (node.name.value,)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_arguments: Any) -> None:
        """Note where the path of the variable's default begins."""
        self._path = (node.variable.name.value,)

    def is_valid_value_node(self, node: ValueNode, input_type: Any) -> VisitorAction:
        """Check a whole literal."""
        if input_type is not None and not _fits(input_type, node):
            for problem, place in _problems(input_type, node, self._path):
                # Stops the validation after the most errors that it may report.
                self.report_error(
                    GraphQLError(problem.message, place, extensions={"problems": [shown_problem(problem)]})
                )
        return SKIP


VALIDATION_RULES = tuple(LiteralsRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules)
"""The rules of graphql-core, with its messages about literals replaced."""


class _Wrong(Exception):
    """A literal doesn't fit."""


def _stop(_error: GraphQLError, _path: list[str | int]) -> None:
    raise _Wrong


def _fits(kind: Any, node: ValueNode) -> bool:
    try:
        validate_input_literal(node, kind, _stop)
    except _Wrong:
        return False
    return True


def _problems(kind: Any, node: ValueNode, path: Path) -> Iterator[Located]:
    if isinstance(node, VariableNode):
        # Whether a variable may be used here, another rule checks.
        return
    if isinstance(kind, GraphQLNonNull):
        if isinstance(node, NullValueNode):
            yield null(path), node
        else:
            yield from _problems(cast("Any", kind).of_type, node, path)
    elif isinstance(node, NullValueNode):
        return
    elif isinstance(kind, GraphQLList):
        of_type = cast("Any", kind).of_type
        if not isinstance(node, ListValueNode):
            # One item may be given for a list of one.
            yield from _problems(of_type, node, path)
            return
        for place, item in enumerate(node.values):
            yield from _problems(of_type, item, (*path, place))
    elif isinstance(kind, GraphQLInputObjectType):
        yield from _problems_of_object(kind, node, path)
    elif not _fits(kind, node):
        is_number = isinstance(node, IntValueNode) and kind is GraphQLInt
        is_text = isinstance(node, StringValueNode)
        yield wrong_leaf(kind, path, _shown(node), is_number=is_number, is_text=is_text), node


def _problems_of_object(kind: GraphQLInputObjectType, node: ValueNode, path: Path) -> Iterator[Located]:
    if not isinstance(node, ObjectValueNode):
        yield not_an_object(path, _shown(node)), node
        return
    given = {field.name.value: field for field in node.fields}
    for name, field in kind.fields.items():
        if name in given:
            yield from _problems(field.type, given[name].value, (*path, name))
        elif is_required_input_field(field):
            yield missing((*path, name)), node
    for name, field_node in given.items():
        if name not in kind.fields:
            yield unknown(path, name, kind), field_node
    if kind.is_one_of:
        known = [name for name in given if name in kind.fields]
        if len(known) != 1:
            yield not_one_of(path, kind, len(known)), node
        elif isinstance(given[known[0]].value, NullValueNode):
            yield null((*path, known[0])), node


def _shown(node: ValueNode) -> str:
    match node:
        case StringValueNode() | BooleanValueNode():
            return shown_value(node.value)
        case IntValueNode() | FloatValueNode() | EnumValueNode():
            return shown_value(node.value).strip('"')
        case ObjectValueNode():
            return "an object"
        case NullValueNode():
            return "null"
        case _:
            return "a list"
