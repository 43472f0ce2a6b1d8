"""Read literals as far as they fit their types, and find all problems with them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from graphql import (
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
    Undefined,
    ValueNode,
    VariableNode,
    coerce_input_literal,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_required_input_field,
)
from graphql.execution import VariableValues
from graphql.utilities import (
    validate_input_literal,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)

from app.domain.errors import Path
from app.domain.labels import shown_value
from app.engine.graphql_core_seam import coerce_default_value
from app.engine.value_problems import (
    UNREAD,
    ReadVariable,
    ValueProblem,
    in_list,
    missing,
    more_problems,
    not_an_object,
    not_one_of,
    null,
    unknown,
    wrong_leaf,
)

Note = Callable[[ValueProblem, Node], None]
"""Takes a problem, and the part of the document that it is about."""


class LiteralReader:
    """Reads one literal, and notes all problems. Problems of the variables in it are known already.

    Without `variables`, their values are unknown. A variable that was left out isn't among them.
    """

    def __init__(self, note: Note, variables: Mapping[str, ReadVariable] | None = None) -> None:
        self._note, self._variables = note, variables
        values = {} if variables is None else {name: found.value for name, found in variables.items()}
        self._values = VariableValues({}, values)
        self._wrong: list[Path] = []

    def read(self, kind: Any, node: ValueNode, path: Path) -> Any:
        """Return the coerced value, with UNREAD where it doesn't fit; Undefined for a variable that was left out."""
        if isinstance(node, VariableNode):
            return self._variable(node, path)
        if isinstance(node, NullValueNode):
            return self._add(null(path), node) if isinstance(kind, GraphQLNonNull) else None
        inner = cast("Any", kind).of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList):
            return self._list(cast("Any", inner).of_type, node, path)
        if isinstance(inner, GraphQLInputObjectType):
            return self._object(inner, node, path)
        return self._leaf(inner, node, path)

    def _variable(self, node: VariableNode, path: Path) -> Any:
        if self._variables is None:
            return self._unknown(path)
        found = self._variables.get(node.name.value)
        if found is None:
            return Undefined
        self._wrong += ((*path, *below) for below in found.wrong)
        return found.value

    def _unknown(self, path: Path) -> object:
        self._wrong.append(path)
        return UNREAD

    def _add(self, problem: ValueProblem, node: Node) -> object:
        self._wrong.append(problem.path)
        self._note(problem, node)
        return UNREAD

    def _leaf(self, kind: Any, node: ValueNode, path: Path) -> Any:
        if not fits(kind, node):
            is_number = isinstance(node, IntValueNode) and kind is GraphQLInt
            is_text = isinstance(node, StringValueNode)
            return self._add(wrong_leaf(kind, path, _shown(node), is_number=is_number, is_text=is_text), node)
        is_known = self._variables is not None or not any(variables_in(node))
        found = coerce_input_literal(node, kind, self._values) if is_known else Undefined
        return self._unknown(path) if found is Undefined else found

    def _list(self, of_type: Any, node: ValueNode, path: Path) -> list[Any]:
        if not isinstance(node, ListValueNode):
            # One item may be given for a list of one.
            before, item = len(self._wrong), self.read(of_type, node, path)
            self._wrong += in_list(self._wrong[before:], path)
            return [item]
        items = [self.read(of_type, item, (*path, place)) for place, item in enumerate(node.values)]
        return [None if item is Undefined else item for item in items]

    def _object(self, kind: GraphQLInputObjectType, node: ValueNode, path: Path) -> Any:
        if not isinstance(node, ObjectValueNode):
            return self._add(not_an_object(path, _shown(node)), node)
        given, before = {field.name.value: field for field in node.fields}, len(self._wrong)
        found: dict[str, Any] = {}
        for name, field in kind.fields.items():
            value = self.read(field.type, given[name].value, (*path, name)) if name in given else Undefined
            if value is Undefined:
                value = coerce_default_value(field)
            if value is not Undefined:
                found[name] = value
            elif name not in given and is_required_input_field(field):
                self._add(missing((*path, name)), node)
        for name, field_node in given.items():
            if name not in kind.fields:
                self._add(unknown(path, name, kind), field_node)
        if kind.is_one_of:
            self._check_one_of(kind, node, path)
        for problem in more_problems(kind, found, path, self._wrong[before:]):
            self._add(problem, _node_at(node, problem.path[len(path) :]))
        return found

    def _check_one_of(self, kind: GraphQLInputObjectType, node: ObjectValueNode, path: Path) -> None:
        known = [field for field in node.fields if field.name.value in kind.fields]
        if len(known) != 1:
            self._add(not_one_of(path, kind, len(known)), node)
        elif isinstance(known[0].value, NullValueNode):
            self._add(null((*path, known[0].name.value)), node)


class _Wrong(Exception):
    """A literal doesn't fit."""


def _stop(_error: GraphQLError, _path: list[str | int]) -> None:
    raise _Wrong


def fits(kind: Any, node: ValueNode) -> bool:
    """Return whether a literal fits its type, with any values of its variables."""
    try:
        validate_input_literal(node, kind, _stop)
    except _Wrong:
        return False
    return True


def variables_in(value: ValueNode, path: Path = ()) -> Iterator[tuple[str, Path]]:
    """Yield the variables in a literal, each with the path that leads to it."""
    match value:
        case VariableNode():
            yield value.name.value, path
        case ListValueNode():
            for place, item in enumerate(value.values):
                yield from variables_in(item, (*path, place))
        case ObjectValueNode():
            for field in value.fields:
                yield from variables_in(field.value, (*path, field.name.value))
        case _:
            pass


def _node_at(node: ValueNode, path: Path) -> ValueNode:
    """Return the literal at a path, or the last one on the way to it."""
    for part in path:
        found: ValueNode | None = None
        if isinstance(node, ObjectValueNode):
            found = next((field.value for field in node.fields if field.name.value == part), None)
        elif isinstance(node, ListValueNode) and isinstance(part, int):
            found = node.values[part]
        if found is None:
            return node
        node = found
    return node


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
