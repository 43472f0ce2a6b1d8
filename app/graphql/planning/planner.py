"""Plan a query: build a tree of declared entities, fields and edges, with readers of their arguments.

A query with a field that app/graphql/planning/declared.py doesn't list falls back to graphql-core. The file is over 250
lines because one method for each kind of field calls the others, down the whole selection.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import strawberry
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
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

from app.db import graph
from app.db.declarations import Entity, Field, ToMany, ToOne
from app.db.plans.tree import (
    Connection,
    Constant,
    Cursor,
    Edges,
    Found,
    Given,
    Inline,
    Listing,
    Lookup,
    Members,
    Node,
    Nodes,
    PageInfo,
    Plain,
    Single,
    TotalCount,
    reads_rows,
)
from app.graphql.access import AccessRules
from app.graphql.context import MAX_REPRESENTATIONS
from app.graphql.graphql_core_seam import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from app.graphql.planning.compiled_arguments import CompiledArguments, Inputs
from app.graphql.planning.declared import (
    OWN_COMPANY,
    ROOTS,
    VIEWER,
    Declared,
    count_reader,
    declarations,
    list_reader,
    own_company,
    page_reader,
    references,
)
from app.graphql.planning.query_plan import QueryPlan, Slot, Statements
from app.graphql.planning.reading import ArgumentReader
from app.graphql.strawberry_seam import attribute_of, convert_arguments, executable

ValueT = TypeVar("ValueT")


class _NotDeclared(Exception):
    """A selected field has no declaration, so the query has no plan."""


class Planner:
    """Plans the operations of one schema."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        statements: int,
        max_representations: int = MAX_REPRESENTATIONS,
    ) -> None:
        self.schema = executable(schema)
        self.inputs = Inputs()
        self.convert_arguments = partial(convert_arguments, schema)
        self.references = references(max_representations)
        self.statements = Statements(statements)
        self._declared = declarations(self.schema)
        self._rules = AccessRules(self.schema)

    def plan(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> QueryPlan | None:
        """Return the plan of a query for what these variables of @skip and @include select; None if it has none."""
        planning = _Planning(self, document, operation, variables)
        try:
            shown = planning.root()
        except _NotDeclared:
            return None
        if not reads_rows(shown):
            return None
        scopes = self._rules.access(document, operation, variables).scopes
        guarded = tuple(entity for entity in planning.guarded if entity.scope not in scopes)
        return QueryPlan(shown, tuple(planning.slots), scopes, self.statements, guarded)

    def declared(self, kind: GraphQLObjectType, name: str) -> Declared:
        """Return the declaration of a field; raise _NotDeclared if there is none."""
        try:
            return self._declared[kind.name, name]
        except KeyError:
            raise _NotDeclared from None


class _Planning:
    """Plans one operation."""

    def __init__(
        self, planner: Planner, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> None:
        self.slots: list[Slot] = []
        self.guarded: dict[Entity[Any], None] = {}
        """The entities that an id or a reference may refer to."""
        self._planner, self._operation, self._variables = planner, operation, variables
        self._fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def root(self) -> Members:
        """Return what the operation selects."""
        schema = self._planner.schema
        query = schema.query_type
        assert query is not None  # noqa: S101 - a schema without queries is invalid
        collected = collect_fields(schema, self._fragments, self._variables, query, self._operation)
        return tuple((key, self._of_root(query, fields)) for key, fields in collected.grouped_field_set.items())

    def _of_root(self, query: GraphQLObjectType, fields: list[FieldDetails]) -> Node:
        if _name(fields) == "__typename":
            return _typename(query)
        if _name(fields) == VIEWER:
            kind = _object(_field(query, fields))
            return Inline(self._below(kind, fields, partial(self._of_viewer, kind)))
        read, root = self._planner.references.get(_name(fields)), ROOTS.get(_name(fields))
        if read is not None:
            return self._found(_field(query, fields), fields, read)
        if root is None:
            raise _NotDeclared
        field = _field(query, fields)
        slot, kind = self._slot(field, fields, root.read), _object(field)
        if root.node is Connection:
            return Connection(root.entity, self._parts(kind, fields), slot)
        shown = self._row(kind, fields)
        return (
            Lookup(root.entity, shown, slot) if root.node is Lookup else Listing(root.entity, root.order, shown, slot)
        )

    def _of_viewer(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> Node:
        field = _field(kind, fields)
        if _name(fields) == OWN_COMPANY:
            return Lookup(graph.company, self._row(_object(field), fields), self._slot(field, fields, own_company))
        return Given(attribute_of(field))

    def _found(self, field: GraphQLField, fields: list[FieldDetails], read: ArgumentReader) -> Found:
        """Return what is selected of each entity that a reference can refer to."""
        kinds = self._planner.schema.get_possible_types(cast("GraphQLAbstractType", _named_type(field)))
        shown = {kind.name: self._row(kind, fields) for kind in kinds}
        choices = tuple((entity, shown[entity.name]) for entity in graph.NODES if entity.name in shown)
        self.guarded.update((entity, None) for entity, _ in choices)
        return Found(choices, self._slot(field, fields, read), _is_list(field))

    def _row(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> Members:
        """Return what is selected of a row."""
        return self._below(kind, fields, partial(self._of_row, kind))

    def _of_row(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> Node:
        declared, field = self._planner.declared(kind, _name(fields)), _field(kind, fields)
        match declared:
            case Field():
                named = _named_type(field)
                return Plain(declared, tuple(named.values) if isinstance(named, GraphQLEnumType) else None)
            case ToOne():
                required = _is_required(field)
                return Single(declared.target, self._row(_object(field), fields), declared.key, required)
            case ToMany() if _is_list(field):
                slot = self._slot(field, fields, list_reader)
                return Listing(declared.target, declared.order, self._row(_object(field), fields), slot, declared.key)
            case ToMany():
                slot = self._slot(field, fields, page_reader(declared))
                return Connection(declared.target, self._parts(_object(field), fields), slot, declared.key)

    def _parts(
        self, kind: GraphQLObjectType, fields: list[FieldDetails]
    ) -> tuple[tuple[str, Nodes | Edges | PageInfo | TotalCount | Constant], ...]:
        return self._below(kind, fields, partial(self._part, kind))

    def _part(
        self, connection: GraphQLObjectType, fields: list[FieldDetails]
    ) -> Nodes | Edges | PageInfo | TotalCount | Constant:
        field = _field(connection, fields)
        match _name(fields):
            case "nodes":
                return Nodes(self._row(_object(field), fields))
            case "edges":
                return Edges(self._below(_object(field), fields, partial(self._of_edge, _object(field))))
            case "pageInfo":
                return PageInfo(self._below(_object(field), fields, partial(self._of_page_info, _object(field))))
            case "totalCount":
                return TotalCount(self._slot(field, fields, count_reader))
            case _:
                raise _NotDeclared

    def _of_edge(self, edge: GraphQLObjectType, fields: list[FieldDetails]) -> Nodes | Cursor | Constant:
        field = _field(edge, fields)
        return Cursor() if _name(fields) == "cursor" else Nodes(self._row(_object(field), fields))

    def _of_page_info(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> str | Constant:
        return attribute_of(_field(kind, fields))

    def _below(
        self, kind: GraphQLObjectType, fields: list[FieldDetails], show: Callable[[list[FieldDetails]], ValueT]
    ) -> tuple[tuple[str, ValueT | Constant], ...]:
        """Return what is selected below a field, by response key, in the order of the response."""
        planner = self._planner
        collected = collect_subfields(planner.schema, self._fragments, self._variables, self._operation, kind, fields)
        return tuple(
            (key, _typename(kind) if _name(below) == "__typename" else show(below))
            for key, below in collected.grouped_field_set.items()
        )

    def _slot(self, field: GraphQLField, fields: list[FieldDetails], read: ArgumentReader) -> int:
        planner = self._planner
        given = CompiledArguments(field, fields[0].node, planner.inputs, planner.convert_arguments)
        self.slots.append(Slot(given, read))
        return len(self.slots) - 1


def _name(fields: list[FieldDetails]) -> str:
    return fields[0].node.name.value


def _field(kind: GraphQLObjectType, fields: list[FieldDetails]) -> GraphQLField:
    return kind.fields[_name(fields)]


def _typename(kind: GraphQLObjectType) -> Constant:
    return Constant(f'"{kind.name}"')


def _named_type(field: GraphQLField) -> object:
    return cast("object", get_named_type(cast("Any", field.type)))


def _is_required(field: GraphQLField) -> bool:
    return isinstance(cast("Any", field.type), GraphQLNonNull)


def _is_list(field: GraphQLField) -> bool:
    return bool(is_list_type(get_nullable_type(cast("Any", field.type))))  # pyright: ignore[reportUnknownArgumentType] - open wrappers


def _object(field: GraphQLField) -> GraphQLObjectType:
    return cast("GraphQLObjectType", _named_type(field))
