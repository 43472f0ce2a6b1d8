"""Write responses that no plan has written in the spelling of their operation.

Only the values that the spelling changes are written again. All other bytes stay as they are, so that the numbers in
metadata keep their digits.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from json import JSONDecoder
from typing import Any, TypeAlias, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLNamedType,
    GraphQLScalarType,
    GraphQLSchema,
    SelectionSetNode,
)

from app.domain.spelling import Spelling
from app.engine.bounds import named_type
from app.engine.limits import fragments_of
from app.engine.operations import Operation

_DECIMAL = "Decimal"
"""The scalar whose values are exact decimal numbers."""
_NUMBER = re.compile(r'"(-?(?:0|[1-9]\d*)(?:\.\d+)?)"', re.ASCII)

Write: TypeAlias = Callable[[str], str]
"""From the JSON of a string to the JSON that is written instead."""
Shape: TypeAlias = Mapping[str, Any] | Write
"""What is written again of a value: of an object, the shapes of its members by key; of a list, that of its items."""


def respelled(operation: Operation, schema: GraphQLSchema, body: bytes) -> bytes:
    """Return the JSON of a response in the spelling of its operation.

    `body` is what the same operation without a spelling is answered with: `data`, and maybe `errors`, without spaces
    between the parts of the response. A plan of an operation with a spelling writes it already.
    """
    if operation.spelling is None:
        return body
    shape = operation.shapes.get(schema)
    if shape is None:
        shape = operation.shapes[schema] = _Shapes(schema, operation.syntax, operation.spelling).of(operation)
    return _Response(body.decode()).written(shape).encode()


class _Shapes:
    """Finds what is written again in the responses of a document's operations.

    The selections alone tell it, without the types of the objects in a response: fields with the same response key have
    the same type even where their objects differ, or validation rejects the document. It is the same for all values of
    @skip and @include, because a field that is left out has no value.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, spelling: Spelling) -> None:
        self._schema, self._spelling = schema, spelling
        self._fragments = fragments_of(document)

    def of(self, operation: Operation) -> Mapping[str, Shape]:
        """Return what is written again in a response."""
        root = cast("GraphQLNamedType", self._schema.get_root_type(operation.type))
        return {"data": self._of_objects([(root, operation.node.selection_set)])}

    def _of_objects(self, selected: Iterable[tuple[GraphQLNamedType, SelectionSetNode]]) -> Mapping[str, Shape]:
        """Return what is written again of objects that all of these selections are made of."""
        fields: dict[str, list[tuple[GraphQLNamedType, FieldNode]]] = defaultdict(list)
        spread: set[str] = set()
        for kind, selection_set in selected:
            for named, node in self._fields(kind, selection_set, spread):
                fields[(node.alias or node.name).value].append((named, node))
        shapes = {key: self._of_field(found) for key, found in fields.items()}
        return {key: shape for key, shape in shapes.items() if shape}

    def _fields(
        self, kind: GraphQLNamedType, selection_set: SelectionSetNode, spread: set[str]
    ) -> Iterator[tuple[GraphQLNamedType, FieldNode]]:
        """Yield the selected fields with their types, those of each fragment once."""
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                # What the schema says of itself keeps its spelling.
                if not node.name.value.startswith("__"):
                    yield named_type(cast("Any", kind).fields[node.name.value]), node
                continue
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in spread:
                    continue
                spread.add(node.name.value)
            below: Any = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            condition = below.type_condition
            on = kind if condition is None else self._schema.type_map[condition.name.value]
            yield from self._fields(on, below.selection_set, spread)

    def _of_field(self, selected: list[tuple[GraphQLNamedType, FieldNode]]) -> Shape | None:
        named, _ = selected[0]
        if isinstance(named, GraphQLEnumType):
            texts = self._spelling.enumerations.get(named.name)
            return None if texts is None else _enumeration(texts)
        if isinstance(named, GraphQLScalarType):
            is_number = named.name == _DECIMAL and self._spelling.decimals_as_numbers
            return _number if is_number else None
        return self._of_objects((kind, node.selection_set) for kind, node in selected if node.selection_set)


def _enumeration(texts: Mapping[str, str]) -> Write:
    written = {f'"{name}"': f'"{text}"' for name, text in texts.items()}
    return lambda value: written.get(value, value)


def _number(value: str) -> str:
    # NaN and the infinities of the database have no number in JSON.
    found = _NUMBER.fullmatch(value)
    return value if found is None else found[1]


class _Response:
    """JSON that is read from its start to its end, with values replaced."""

    # Numbers are skipped only, and Python would reject those with thousands of digits.
    _skip = JSONDecoder(parse_int=str, parse_float=str).raw_decode

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[str] = []
        self._copied = 0
        """The position up to which the text is in the parts."""

    def written(self, shape: Shape) -> str:
        """Return the JSON with the values of a shape replaced."""
        self._value(0, shape)
        return "".join([*self._parts, self._text[self._copied :]])

    def _value(self, start: int, shape: Shape) -> int:
        """Read the value that starts at a position, and return the position after it."""
        first = self._text[start]
        if first == "[":
            return self._items(start + 1, shape)
        if first == "{" and not callable(shape):
            return self._members(start + 1, shape)
        _, end = self._skip(self._text, start)
        if first == '"' and callable(shape):
            self._parts += [self._text[self._copied : start], shape(self._text[start:end])]
            self._copied = end
        return end

    def _items(self, at: int, shape: Shape) -> int:
        while self._text[at] != "]":
            at = self._value(at, shape)
            at += self._text[at] == ","
        return at + 1

    def _members(self, at: int, shapes: Mapping[str, Shape]) -> int:
        while self._text[at] != "}":
            key, colon = self._skip(self._text, at)
            shape = shapes.get(key)
            at = self._skip(self._text, colon + 1)[1] if shape is None else self._value(colon + 1, shape)
            at += self._text[at] == ","
        return at + 1
