"""What a subscription selects of events: their own fields, what they changed, and the objects that they are about."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast
from uuid import UUID

import orjson
from graphql import GraphQLAbstractType, GraphQLObjectType

from app.db.plans.tree import Constant
from app.db.rows import EventRow, FieldChangeRow
from app.db.stored_json import JsonText
from app.domain.events import EventType
from app.domain.identity import Scope
from app.graphql import feed_cursors
from app.graphql.feed import entity_of
from app.graphql.graphql_core_seam import FieldDetails, collect_fields
from app.graphql.planning.event_plan import EventPlan, ShowEvent, Subject
from app.graphql.planning.selections import NotDeclared, Selections, field_of, name_of, named_type, object_type_of
from app.graphql.planning.shown import ShowField, completion_of, shown_by
from app.graphql.planning.statements import Statements
from app.graphql.strawberry_seam import attribute_of, has_resolver

_EVENTS = "changes"
"""The root field of subscriptions that plans support."""
_SUBJECT, _CHANGES = "subject", "changed_fields"
_COMPUTED: Mapping[str, Callable[[UUID, EventRow], object]] = {
    "cursor": lambda company_id, event: feed_cursors.encode(company_id, event.position),
    "type": lambda _, event: EventType(event.type),
}
"""The fields of events with a resolver, by attribute."""
_ENTITIES = tuple(dict.fromkeys(map(entity_of, EventType)))
"""The entities that events are about."""


class EventSelections(Selections):
    """What is selected of events."""

    def plan(self, scopes: frozenset[Scope], statements: Statements) -> EventPlan | None:
        """Return the plan of a subscription; None if a field isn't declared."""
        schema = self.known.schema
        root = cast("GraphQLObjectType", schema.subscription_type)
        collected = collect_fields(schema, self.fragments, self.variables, root, self.operation)
        # Validation guarantees one field.
        ((key, fields),) = collected.grouped_field_set.items()
        if name_of(fields) != _EVENTS:
            return None
        kind = object_type_of(field_of(root, fields))
        try:
            selected = self.below(kind, fields, partial(self._of_event, kind))
        except NotDeclared:
            return None
        members = [(name, _same(member) if isinstance(member, Constant) else member) for name, member in selected]
        return EventPlan(key, members, tuple(self.slots), scopes, statements)

    def _of_event(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> ShowEvent | Subject:
        field = field_of(kind, fields)
        attribute = attribute_of(field)
        if attribute == _SUBJECT:
            possible = self.known.schema.get_possible_types(cast("GraphQLAbstractType", named_type(field)))
            kinds = {possible_kind.name: possible_kind for possible_kind in possible}
            return Subject({entity: self.row(kinds[entity.name], fields) for entity in _ENTITIES})
        if attribute == _CHANGES:
            return self._changes(object_type_of(field), fields)
        if attribute in _COMPUTED:
            compute, complete = _COMPUTED[attribute], completion_of(field)
            return lambda company_id, event: complete(compute(company_id, event))
        if has_resolver(field):
            raise NotDeclared
        show = shown_by(field, attribute)
        return lambda _, event: show(event)

    def _changes(self, kind: GraphQLObjectType, fields: list[FieldDetails]) -> ShowEvent:
        members: Sequence[tuple[str, ShowField]] = [
            (name, _same(member) if isinstance(member, Constant) else member)
            for name, member in self.below(kind, fields, partial(_of_change, kind))
        ]

        def show(_company_id: UUID, event: EventRow) -> object:
            changes = [FieldChangeRow(name, JsonText(before), JsonText(after)) for name, before, after in event.changes]
            return [{name: member(change) for name, member in members} for change in changes]

        return show


def _of_change(kind: GraphQLObjectType, fields: list[FieldDetails]) -> ShowField:
    field = field_of(kind, fields)
    if has_resolver(field):
        raise NotDeclared
    return shown_by(field, attribute_of(field))


def _same(constant: Constant) -> Callable[..., object]:
    """Return a function that shows the same for every row."""
    value = orjson.loads(constant.json)
    return lambda *_: value
