"""Limit what an operation's introspection returns, because aliases at any level repeat parts of the schema.

The sizes are those of the schema itself: the resolvers of graphql-core's introspection types are called for each
different element of a selection, and an element that occurs several times is multiplied. Counting ends at the limit,
so that it takes a small part of the time that execution would take.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    StringValueNode,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    get_introspection_query,
    parse,
)

from app.engine.bounds import is_list, named_type
from app.engine.request_errors import RequestError, RequestErrorCode

FULL_QUERIES = 3
"""Maximum size of an operation's introspection, as a multiple of the full introspection query, which tools send once.
Not a setting, because tools send the same to every server."""
SHOWS_SCHEMA = "shows_schema"
"""The extension of a type whose fields return the whole schema as text. Each counts as one full query."""

_CHARACTERS_PER_VALUE = 16
_VALUES_PER_OBJECT = 3
"""Chosen so that the values of an operation are proportional to the time or the bytes of its answer."""
_ROOTS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}
_FULL_QUERY = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
)
_MESSAGE = (
    f"The operation returns more than {FULL_QUERIES} times as much of the schema as the full introspection query, with"
    " fragments spread out, which is the limit. Ask for each part of the schema once, or send several requests."
)

_Fragments = Mapping[str, FragmentDefinitionNode]


class _Shown(NamedTuple):
    """A selection set, and the elements of the schema that it shows, such as types or fields."""

    selection_set: SelectionSetNode
    kind: GraphQLCompositeType
    elements: list[tuple[Any, int]]
    """Each different element, with the number of times that it occurs."""


class IntrospectionLimit:
    """Limits the values of one schema that each operation returns about the schema itself."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        # Resolvers of introspection read only this attribute.
        self._info = SimpleNamespace(schema=schema)

    @cached_property
    def _full(self) -> int:
        """Number of values that the full introspection query returns."""
        (operation,), fragments = _parts(parse(_FULL_QUERY))
        return self._count(operation, fragments, None)

    def values(self, operation: OperationDefinitionNode, document: DocumentNode) -> int:
        """Return the number of values that an operation of a valid document returns; raise RequestError if too many."""
        _, fragments = _parts(document)
        root = self._schema.get_root_type(operation.operation)
        if root is None or not any(
            self._shows_schema(node, root) for node in _fields(operation.selection_set, fragments)
        ):
            return 0
        most = FULL_QUERIES * self._full
        values = self._count(operation, fragments, most)
        if values > most:
            raise RequestError([GraphQLError(_MESSAGE, operation)], RequestErrorCode.TOO_COMPLEX)
        return values

    def _shows_schema(self, node: FieldNode, root: GraphQLObjectType) -> bool:
        if node.name.value in _ROOTS:
            return True
        field = root.fields.get(node.name.value)
        return field is not None and SHOWS_SCHEMA in named_type(field).extensions

    def _count(self, operation: OperationDefinitionNode, fragments: _Fragments, most: int | None) -> int:
        """Return the number of values, or a number above `most`. Only root fields introspect the schema."""
        waiting, count = list[_Shown](), 0
        for node in _fields(operation.selection_set, fragments):
            if node.name.value in _ROOTS:
                found = {id(element): (element, 1) for element in self._elements(node)}
                waiting.append(_below(node, _ROOTS[node.name.value], found))
            elif self._shows_schema(node, cast("GraphQLObjectType", self._schema.query_type)):
                texts = _fields(cast("SelectionSetNode", node.selection_set), fragments)
                count += self._full * sum(text.name.value != "__typename" for text in texts)
        while waiting:
            shown = waiting.pop()
            for node in _fields(shown.selection_set, fragments):
                if most is not None and count > most:
                    return count
                count += self._values(node, shown, waiting)
        return count

    def _elements(self, root: FieldNode) -> Iterable[Any]:
        """Return the elements that a root field shows, which are all types if the name of one is in a variable."""
        if root.name.value == "__schema":
            return (self._schema,)
        # Validation guarantees the argument.
        name = next(iter(root.arguments or ())).value
        if not isinstance(name, StringValueNode):
            return self._schema.type_map.values()
        found = self._schema.get_type(name.value)
        return () if found is None else (found,)

    def _values(self, node: FieldNode, shown: _Shown, waiting: list[_Shown]) -> int:
        """Return the number of values of one field of all elements. The fields of its objects wait for their turn."""
        field = cast("Any", self._schema.get_field(shown.kind, node.name.value))
        if node.selection_set is None:
            return sum(times * self._size(field, element) for element, times in shown.elements)
        # Whether deprecated elements are included may depend on a variable.
        given = {"includeDeprecated": True} if "includeDeprecated" in field.args else {}
        objects, below = 0, dict[int, tuple[Any, int]]()
        for element, times in shown.elements:
            value = field.resolve(element, self._info, **given)
            for item in () if value is None else value if is_list(field) else (value,):
                # Fields and arguments are pairs of name and field, made anew by each call.
                key = id(cast("Any", item)[1] if isinstance(item, tuple) else item)
                objects += times
                below[key] = item, times + (below[key][1] if key in below else 0)
        waiting.append(_below(node, field, below))
        return sum(times for _, times in shown.elements) + objects * _VALUES_PER_OBJECT

    def _size(self, field: Any, element: Any) -> int:
        """Return the number of values that a leaf counts as."""
        value = None if field is TypeNameMetaFieldDef else field.resolve(element, self._info)
        return 1 + (len(value) // _CHARACTERS_PER_VALUE if isinstance(value, str) else 0)


def _below(node: FieldNode, field: GraphQLField, elements: Mapping[int, tuple[Any, int]]) -> _Shown:
    kind = cast("GraphQLCompositeType", named_type(field))
    return _Shown(cast("SelectionSetNode", node.selection_set), kind, [*elements.values()])


def _parts(document: DocumentNode) -> tuple[list[OperationDefinitionNode], _Fragments]:
    """Return the operations of a document, and its fragments by name."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    return operations, {node.name.value: node for node in fragments}


def _fields(selection_set: SelectionSetNode, fragments: _Fragments) -> Iterator[FieldNode]:
    """Yield the fields of a selection set, with fragments spread out."""
    stack = [selection_set]
    while stack:
        for selection in stack.pop().selections:
            if isinstance(selection, FieldNode):
                yield selection
            elif isinstance(selection, FragmentSpreadNode):
                stack.append(fragments[selection.name.value].selection_set)
            else:
                stack.append(cast("Any", selection).selection_set)
