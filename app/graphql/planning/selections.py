"""What an operation selects of rows: a tree of declared fields and edges, with readers of their arguments."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar, cast

import strawberry
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    get_nullable_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_list_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
)
from graphql.execution import VariableValues

from app.db.declarations import Embedded, PlainField, Render, ToMany, ToOne
from app.db.plans.tree import (
    Connection,
    Constant,
    Cursor,
    Edges,
    EmbeddedList,
    JsonMembers,
    Listing,
    Nodes,
    PageInfo,
    Plain,
    PlanNode,
    Single,
    TotalCount,
)
from app.domain.spelling import Spelling
from app.graphql.graphql_core_seam import FieldDetails, FragmentDetails, collect_subfields
from app.graphql.planning.compiled_arguments import CompiledArguments, Inputs
from app.graphql.planning.declared import (
    Declared,
    count_reader,
    declarations,
    list_reader,
    page_reader,
    references,
)
from app.graphql.planning.query_plan import Slot
from app.graphql.planning.reading import ArgumentReader
from app.graphql.strawberry_seam import attribute_of, convert_arguments, executable

ValueT = TypeVar("ValueT")

_OF_GRAPHQL = Spelling({}, decimals_as_numbers=False)


class NotDeclared(Exception):
    """A selected field has no declaration, so the query has no plan."""


class Declarations:
    """What plans need to know of the schema, the same for all operations."""

    def __init__(self, schema: strawberry.Schema, max_representations: int) -> None:
        self.schema = executable(schema)
        self.inputs = Inputs()
        self.convert_arguments = partial(convert_arguments, schema)
        self.references = references(max_representations)
        self._declared = declarations(self.schema)

    def find(self, kind: GraphQLObjectType, name: str) -> Declared:
        """Return the declaration of a field; raise NotDeclared if there is none."""
        try:
            return self._declared[kind.name, name]
        except KeyError:
            raise NotDeclared from None


class Selections:
    """The rows that one operation selects, and the slots of their arguments."""

    def __init__(
        self,
        known: Declarations,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        spelling: Spelling | None = None,
    ) -> None:
        self.slots: list[Slot] = []
        self.known, self.operation, self.variables = known, operation, variables
        self._spelling = spelling or _OF_GRAPHQL
        self.fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def row(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> JsonMembers:
        """Return what is selected of a row."""
        return self.below(kind, fields, partial(self.of_row, kind))

    def of_row(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> PlanNode:
        """Return one field or edge of a row."""
        declared, field = self.known.find(kind, name_of(fields)), field_of(kind, fields)
        match declared:
            case PlainField():
                return self._plain(declared, named_type(field))
            case ToOne():
                required = _is_required(field)
                return Single(declared.target, self.row(object_type_of(field), fields), declared.key, required)
            case Embedded():
                return EmbeddedList(declared, self.row(object_type_of(field), fields))
            case ToMany() if is_list(field):
                slot = self.slot(field, fields, list_reader)
                return Listing(
                    declared.target, declared.order, self.row(object_type_of(field), fields), slot, declared.key
                )
            case ToMany():
                slot = self.slot(field, fields, page_reader(declared))
                return Connection(declared.target, self.parts(object_type_of(field), fields), slot, declared.key)

    def _plain(self, declared: PlainField, named: object) -> Plain:
        if not isinstance(named, GraphQLEnumType):
            is_decimal = declared.render is Render.DECIMAL
            return Plain(declared, None, is_number=is_decimal and self._spelling.decimals_as_numbers)
        names, texts = tuple(named.values), self.texts(named)
        return Plain(declared, names, None if texts is None else tuple(texts.get(name, name) for name in names))

    def texts(self, named: object) -> Mapping[str, str] | None:
        """Return the texts of a type's values; None unless it is an enumeration that the spelling changes."""
        return self._spelling.enumerations.get(named.name) if isinstance(named, GraphQLEnumType) else None

    def parts(
        self, kind: GraphQLObjectType, fields: list[FieldDetails]
    ) -> tuple[tuple[str, Nodes | Edges | PageInfo | TotalCount | Constant], ...]:
        """Return what is selected of a connection."""
        return self.below(kind, fields, partial(self._part, kind))

    def _part(
        self, connection: GraphQLObjectType, fields: list[FieldDetails]
    ) -> Nodes | Edges | PageInfo | TotalCount | Constant:
        field = field_of(connection, fields)
        match name_of(fields):
            case "nodes":
                return Nodes(self.row(object_type_of(field), fields))
            case "edges":
                return Edges(self.below(object_type_of(field), fields, partial(self._of_edge, object_type_of(field))))
            case "pageInfo":
                return PageInfo(
                    self.below(object_type_of(field), fields, partial(self._of_page_info, object_type_of(field)))
                )
            case "totalCount":
                return TotalCount(self.slot(field, fields, count_reader))
            case _:
                raise NotDeclared

    def _of_edge(self, edge: GraphQLObjectType, fields: list[FieldDetails]) -> Nodes | Cursor | Constant:
        field = field_of(edge, fields)
        return Cursor() if name_of(fields) == "cursor" else Nodes(self.row(object_type_of(field), fields))

    def _of_page_info(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> str | Constant:
        return attribute_of(field_of(kind, fields))

    def below(
        self, kind: GraphQLObjectType, fields: list[FieldDetails], show: Callable[[list[FieldDetails]], ValueT]
    ) -> tuple[tuple[str, ValueT | Constant], ...]:
        """Return what is selected below a field, by response key, in the order of the response."""
        known = self.known
        collected = collect_subfields(known.schema, self.fragments, self.variables, self.operation, kind, fields)
        return tuple(
            (key, typename(kind) if name_of(below) == "__typename" else show(below))
            for key, below in collected.grouped_field_set.items()
        )

    def slot(self, field: GraphQLField, fields: list[FieldDetails], read: ArgumentReader) -> int:
        """Add a slot for a field's arguments, and return its number."""
        known = self.known
        given = CompiledArguments(field, fields[0].node, known.inputs, known.convert_arguments)
        self.slots.append(Slot(given, read))
        return len(self.slots) - 1


def name_of(fields: list[FieldDetails]) -> str:
    """Return the name of the field that is selected under one response key."""
    return fields[0].node.name.value


def field_of(kind: GraphQLObjectType, fields: list[FieldDetails]) -> GraphQLField:
    """Return the field that is selected under one response key."""
    return kind.fields[name_of(fields)]


def typename(kind: GraphQLObjectType) -> Constant:
    """Return the name of a type."""
    return Constant(f'"{kind.name}"')


def named_type(field: GraphQLField) -> object:
    """Return the type of a field without lists and non-null."""
    return cast("object", get_named_type(cast("Any", field.type)))


def _is_required(field: GraphQLField) -> bool:
    return isinstance(cast("Any", field.type), GraphQLNonNull)


def is_list(field: GraphQLField) -> bool:
    """Return whether a field is a list."""
    return bool(is_list_type(get_nullable_type(cast("Any", field.type))))  # pyright: ignore[reportUnknownArgumentType] - open wrappers


def object_type_of(field: GraphQLField) -> GraphQLObjectType:
    """Return the object type that a field leads to."""
    return cast("GraphQLObjectType", named_type(field))
