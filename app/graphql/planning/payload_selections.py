"""What a mutation selects of its payload: the stored objects in it, each with its plain fields and its edges."""

from functools import partial

from graphql import GraphQLObjectType

from app.db import graph
from app.db.plans.tree import Plain, PlanNode, Single
from app.domain.identity import Scope
from app.graphql.graphql_core_seam import FieldDetails
from app.graphql.planning.declared import PAYLOAD_KEYS
from app.graphql.planning.payload_plan import NamedObject, Object, PayloadPlan
from app.graphql.planning.selections import NotDeclared, Selections, field_of, is_list, named_type, object_type_of
from app.graphql.planning.shown import ShowField, shown_by
from app.graphql.planning.statements import Statements
from app.graphql.strawberry_seam import attribute_of, has_resolver

_ENTITIES = {entity.name: entity for entity in graph.NODES}


class PayloadSelections(Selections):
    """What is selected of one payload."""

    def plan(
        self, mutation: GraphQLObjectType, fields: list[FieldDetails], scopes: frozenset[Scope], statements: Statements
    ) -> PayloadPlan | None:
        """Return the plan of a root field's payload; None if it shows no stored object or can't be planned."""
        kind = object_type_of(field_of(mutation, fields))
        objects: list[Object | NamedObject] = []
        try:
            self.below(kind, fields, partial(self._find, objects, kind, None))
        except NotDeclared:
            return None
        return PayloadPlan(objects, tuple(self.slots), scopes, statements) if objects else None

    def _find(
        self,
        objects: list[Object | NamedObject],
        kind: GraphQLObjectType,
        above: tuple[str, str] | None,
        fields: list[FieldDetails],
    ) -> None:
        """Add the objects that a field of the payload leads to.

        `above` is the response key and the attribute of the payload's list of results, if the field is one of these.
        """
        field, named = field_of(kind, fields), named_type(field_of(kind, fields))
        if not isinstance(named, GraphQLObjectType):
            return
        key, attribute = _response_key(fields), attribute_of(field)
        path = (key,) if above is None else (above[0], key)
        if named.name in _ENTITIES and not has_resolver(field):
            members = self.below(named, fields, partial(self._member, named))
            objects.append(Object.of(path, above and above[1], attribute, members))
        elif named.name in _ENTITIES and above is None and attribute in PAYLOAD_KEYS:
            single = Single(_ENTITIES[named.name], self.row(named, fields), PAYLOAD_KEYS[attribute], required=False)
            objects.append(NamedObject(path, single))
        elif is_list(field) and above is None and not has_resolver(field):
            self.below(named, fields, partial(self._find, objects, named, (key, attribute)))
        else:
            raise NotDeclared

    def _member(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> ShowField | PlanNode:
        """Return a function that shows a plain field of a row, or the edge."""
        node = self.of_row(kind, fields)
        return shown_by(field_of(kind, fields), node.field.name) if isinstance(node, Plain) else node


def _response_key(fields: list[FieldDetails]) -> str:
    node = fields[0].node
    return node.alias.value if node.alias else node.name.value
