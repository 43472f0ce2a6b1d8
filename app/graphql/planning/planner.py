"""Plan operations: a query whole, what the payloads of a mutation show of stored objects, and a subscription's events.

A query with a field that app/graphql/planning/declared.py doesn't list falls back to graphql-core, and so do a payload
and a subscription.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

import strawberry
from graphql import DocumentNode, GraphQLAbstractType, GraphQLField, GraphQLObjectType, OperationDefinitionNode
from graphql.execution import VariableValues

from app.db import graph
from app.db.declarations import Entity
from app.db.plans.tree import (
    Connection,
    FeedCursor,
    Given,
    Inline,
    JsonMembers,
    Listing,
    Lookup,
    PlanNode,
    Referenced,
    reads_rows,
)
from app.domain.spelling import Spelling
from app.graphql.access import AccessRules
from app.graphql.context import MAX_REPRESENTATIONS
from app.graphql.graphql_core_seam import FieldDetails, collect_fields
from app.graphql.planning.declared import FEED_CURSOR, OWN_COMPANY, ROOTS, VIEWER, own_company, own_feed
from app.graphql.planning.event_plan import EventPlan
from app.graphql.planning.event_selections import EventSelections
from app.graphql.planning.payload_plan import PayloadPlan
from app.graphql.planning.payload_selections import PayloadSelections
from app.graphql.planning.query_plan import QueryPlan
from app.graphql.planning.reading import ArgumentReader
from app.graphql.planning.selections import (
    Declarations,
    NotDeclared,
    Selections,
    field_of,
    is_list,
    name_of,
    named_type,
    object_type_of,
    typename,
)
from app.graphql.planning.statements import Statements
from app.graphql.strawberry_seam import attribute_of


class Planner:
    """Plans the operations of one schema."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        statements: int,
        max_representations: int = MAX_REPRESENTATIONS,
    ) -> None:
        self.statements = Statements(statements)
        self._known = Declarations(schema, max_representations)
        self._rules = AccessRules(self._known.schema)

    def plan(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        *,
        spelling: Spelling | None = None,
    ) -> QueryPlan | None:
        """Return the plan of a query for what these variables of @skip and @include select; None if it has none.

        Its responses are in the spelling, if there is one.
        """
        selections = _QuerySelections(self._known, document, operation, variables, spelling)
        try:
            shown = selections.root()
        except NotDeclared:
            return None
        if not reads_rows(shown):
            return None
        scopes = self._rules.access(document, operation, variables).scopes
        guarded = tuple(entity for entity in selections.guarded if entity.scope not in scopes)
        return QueryPlan(shown, tuple(selections.slots), scopes, self.statements, guarded)

    def payloads(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> Mapping[str, PayloadPlan]:
        """Return the plans of a mutation's payloads, by the response keys of its root fields."""
        kind = self._known.schema.mutation_type
        if kind is None:
            return {}
        selections = Selections(self._known, document, operation, variables)
        collected = collect_fields(self._known.schema, selections.fragments, variables, kind, operation)
        scopes = self._rules.access(document, operation, variables).scopes
        plans: dict[str, PayloadPlan] = {}
        for key, fields in collected.grouped_field_set.items():
            payload = PayloadSelections(self._known, document, operation, variables)
            plan = None if name_of(fields) == "__typename" else payload.plan(kind, fields, scopes, self.statements)
            if plan is not None:
                plans[key] = plan
        return plans

    def events(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> EventPlan | None:
        """Return the plan of a subscription for these variables of @skip and @include; None if it has none."""
        selections = EventSelections(self._known, document, operation, variables)
        return selections.plan(self._rules.access(document, operation, variables).scopes, self.statements)


class _QuerySelections(Selections):
    """What a query selects."""

    def __init__(
        self,
        known: Declarations,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        spelling: Spelling | None,
    ) -> None:
        super().__init__(known, document, operation, variables, spelling)
        self.guarded: dict[Entity[Any], None] = {}
        """The entities that an id or a reference may refer to."""

    def root(self) -> JsonMembers:
        """Return what the operation selects."""
        schema = self.known.schema
        query = schema.query_type
        assert query is not None  # noqa: S101 - a schema without queries is invalid
        collected = collect_fields(schema, self.fragments, self.variables, query, self.operation)
        return tuple((key, self._of_root(query, fields)) for key, fields in collected.grouped_field_set.items())

    def _of_root(self, query: GraphQLObjectType, fields: list[FieldDetails]) -> PlanNode:
        if name_of(fields) == "__typename":
            return typename(query)
        if name_of(fields) == VIEWER:
            kind = object_type_of(field_of(query, fields))
            return Inline(self.below(kind, fields, partial(self._of_viewer, kind)))
        if name_of(fields) == FEED_CURSOR:
            return FeedCursor(self.slot(field_of(query, fields), fields, own_feed))
        read, root = self.known.references.get(name_of(fields)), ROOTS.get(name_of(fields))
        if read is not None:
            return self._found(field_of(query, fields), fields, read)
        if root is None:
            raise NotDeclared
        field = field_of(query, fields)
        slot, kind = self.slot(field, fields, root.read), object_type_of(field)
        if root.node is Connection:
            return Connection(root.entity, self.parts(kind, fields), slot)
        shown = self.row(kind, fields)
        return (
            Lookup(root.entity, shown, slot) if root.node is Lookup else Listing(root.entity, root.order, shown, slot)
        )

    def _of_viewer(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> PlanNode:
        field = field_of(kind, fields)
        if name_of(fields) == OWN_COMPANY:
            return Lookup(graph.company, self.row(object_type_of(field), fields), self.slot(field, fields, own_company))
        if self.texts(named_type(field)) is not None:
            # The credential's JSON is in GraphQL's spelling.
            raise NotDeclared
        return Given(attribute_of(field))

    def _found(self, field: GraphQLField, fields: list[FieldDetails], read: ArgumentReader) -> Referenced:
        """Return what is selected of each entity that a reference can refer to."""
        kinds = self.known.schema.get_possible_types(cast("GraphQLAbstractType", named_type(field)))
        shown = {kind.name: self.row(kind, fields) for kind in kinds}
        choices = tuple((entity, shown[entity.name]) for entity in graph.NODES if entity.name in shown)
        self.guarded.update((entity, None) for entity, _ in choices)
        return Referenced(choices, self.slot(field, fields, read), is_list(field))
