"""Find the scopes of all fields that an operation selects, at any depth, through fragments and abstract types.

Plans of queries use this, and the check before mutations.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,  # pyright: ignore[reportUnknownVariableType] - open wrappers
    is_abstract_type,
    is_object_type,
)
from graphql.execution import VariableValues

from app.db import graph
from app.domain.identity import Scope
from app.graphql.context import Context
from app.graphql.graphql_core_seam import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from app.graphql.permissions import forbidden, scopes_of

_SCOPES = {entity.name: entity.scope for entity in graph.NODES}
"""The scopes that the objects of a type need, by the type's name."""

Selected = Mapping[str, list[FieldDetails]]
"""The selected fields of one type, by their keys in the response."""


class Need(NamedTuple):
    """A selected field that needs a scope."""

    scope: Scope
    path: tuple[str, ...]
    """The keys in the response that lead to it, without indexes in lists: nothing has been read yet."""
    nodes: tuple[FieldNode, ...]
    """Where the document selects it."""


class Access:
    """The scopes that an operation's fields need."""

    __slots__ = ("_needs", "scopes")

    def __init__(self, needs: Iterator[Need]) -> None:
        # Several types of an interface may lead to the same field.
        by_place = {(need.path, need.scope): need for need in needs}
        self._needs = tuple(by_place.values())
        self.scopes = frozenset(need.scope for need in self._needs)

    def scope_errors(self, context: Context) -> list[GraphQLError]:
        """Return an error for each outermost field whose scope the credential lacks."""
        missing = self.scopes - context.principal.scopes
        if not missing:
            return []
        rejected: dict[tuple[str, ...], None] = {}
        errors: list[GraphQLError] = []
        for need in self._needs:
            is_rejected = any(need.path[:size] in rejected for size in range(1, len(need.path) + 1))
            if need.scope in missing and not is_rejected:
                rejected[need.path] = None
                errors.append(forbidden(need.scope, [*need.nodes], [*need.path]))
        return errors


class AccessRules:
    """Find the scopes that the operations of one schema need."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def access(self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues) -> Access:
        """Return the scopes of the parts that @skip and @include leave; raise GraphQLError if one of these is null."""
        return Access(_Selected(self._schema, document, operation, variables).needs())


class _Selected:
    """The fields that one operation selects."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
    ) -> None:
        self._schema, self._operation, self._variables = schema, operation, variables
        self._fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def needs(self) -> Iterator[Need]:
        """Yield the fields that need a scope, each before those below it."""
        root = cast("GraphQLObjectType", self._schema.get_root_type(self._operation.operation))
        collected = collect_fields(self._schema, self._fragments, self._variables, root, self._operation)
        return self._of(root, collected.grouped_field_set, ())

    def _of(self, kind: GraphQLObjectType, selected: Selected, above: tuple[str, ...]) -> Iterator[Need]:
        for key, fields in selected.items():
            field = self._schema.get_field(kind, fields[0].node.name.value)
            if field is None:
                continue
            path = (*above, key)
            nodes = tuple(details.node for details in fields)
            yield from (Need(scope, path, nodes) for scope in scopes_of(field))
            possible = self._possible(get_named_type(cast("Any", field.type)))
            below = {type_: self._below(type_, fields) for type_ in possible}
            if self._operation.operation is OperationType.SUBSCRIPTION and len(below) > 1:
                yield from _of_types_alone(below, path)
            for type_, found in below.items():
                yield from self._of(type_, found, path)

    def _below(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> Selected:
        return collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, kind, fields
        ).grouped_field_set

    def _possible(self, named: Any) -> tuple[GraphQLObjectType, ...]:
        """Return the object types that a field of a type can return."""
        if is_abstract_type(named):
            return tuple(self._schema.get_possible_types(named))
        # Introspection needs no scope.
        return (named,) if is_object_type(named) and not named.name.startswith("__") else ()


def _of_types_alone(selected: Mapping[GraphQLObjectType, Selected], above: tuple[str, ...]) -> Iterator[Need]:
    """Yield the fields that are selected only of types whose objects need a scope, such as `... on LedgerAccount`.

    Without the scope, events of these objects are left out, so a subscription would wait for them in vain. A query may
    select such fields: whether it finds such an object is known only then.
    """
    scopes: dict[tuple[str, int], set[Scope | None]] = defaultdict(set)
    nodes: dict[tuple[str, int], FieldNode] = {}
    for kind, found in selected.items():
        for key, fields in found.items():
            for details in fields:
                place = key, id(details.node)
                nodes[place] = details.node
                scopes[place].add(_SCOPES.get(kind.name))
    for place, node in nodes.items():
        scope, *others = scopes[place]
        if scope is not None and not others:
            yield Need(scope, (*above, place[0]), (node,))
