"""The plan of a subscription: it shows events, and reads the objects that they are about in one statement for all."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from graphql import GraphQLError
from graphql.execution import VariableValues

from app.db.arguments import Arguments, HeldRows
from app.db.declarations import Entity
from app.db.plans.held import page_statement
from app.db.plans.slots import values_of
from app.db.plans.tree import Held, JsonMembers, Single
from app.db.rows import EventRow
from app.domain.events import EventType
from app.domain.identity import Scope
from app.graphql.context import Context
from app.graphql.feed import entity_of
from app.graphql.planning.query_plan import Slot
from app.graphql.planning.statements import PlanStatements, Statements

ShowEvent = Callable[[UUID, EventRow], object]
"""Returns a field of a company's event as it is shown. Raises an exception for a value that isn't allowed."""
_SUBJECT = "subject_id"
Objects = Mapping[tuple[Entity[Any], UUID], Sequence[orjson.Fragment]]
"""The JSON of the objects that were read, by entity and id: one for each of the plan's subjects."""


class Subject(NamedTuple):
    """What is selected of the object that an event is about."""

    shown: Mapping[Entity[Any], JsonMembers]


class EventPlan:
    """The plan of one subscription."""

    def __init__(
        self,
        key: str,
        members: Sequence[tuple[str, ShowEvent | Subject]],
        slots: tuple[Slot, ...],
        scopes: frozenset[Scope],
        statements: Statements,
    ) -> None:
        """`key`: the response key of the root field. `members`: what is selected of an event, by response key."""
        self._key, self._slots, self._scopes = key, slots, scopes
        self._subjects = [member for _, member in members if isinstance(member, Subject)]
        numbers = iter(range(len(self._subjects)))
        self._members = [(name, next(numbers) if isinstance(member, Subject) else member) for name, member in members]
        self._edges = {
            entity: tuple(Single(entity, subject.shown[entity], _SUBJECT, required=False) for subject in self._subjects)
            for entity in (self._subjects[0].shown if self._subjects else ())
        }
        self._fixed_limits = frozenset(place for place, slot in enumerate(slots) if slot.given.limit_is_fixed)
        edges = tuple(("", edge) for edges in self._edges.values() for edge in edges)
        self._statements = PlanStatements(statements, edges)

    async def responses(
        self, events: Sequence[EventRow], variables: VariableValues, context: Context
    ) -> list[dict[str, Any]] | None:
        """Return the data of the responses to the first events; None if graphql-core has to find the errors.

        Events whose objects are too large to be read together are left out, but never the first one.
        """
        scopes, company_id = context.principal.scopes, context.principal.company_id
        entities = [entity_of(EventType(event.type)) for event in events]
        if not self._scopes <= scopes or any(entity.scope not in scopes for entity in entities):
            return None
        found: Objects | None = {}
        if self._subjects:
            found = await self._read(entities, events, variables, context)
        if found is None:
            return None
        responses = list[dict[str, Any]]()
        for entity, event in zip(entities, events, strict=True):
            shown = found.get((entity, event.subject_id), ())
            if self._subjects and not shown:
                break
            members = {
                name: shown[member] if isinstance(member, int) else member(company_id, event)
                for name, member in self._members
            }
            responses.append({self._key: members})
        return responses

    async def _read(
        self, entities: Sequence[Entity[Any]], events: Sequence[EventRow], variables: VariableValues, context: Context
    ) -> Objects | None:
        company_id = context.principal.company_id
        try:
            given = [slot.arguments(company_id, variables) for slot in self._slots]
        except GraphQLError:
            return None
        ids: dict[Entity[Any], dict[UUID, None]] = {entity: {} for entity in self._edges if entity in entities}
        for entity, event in zip(entities, events, strict=True):
            ids[entity][event.subject_id] = None
        held = tuple(Held(self._edges[entity], len(self._slots) + place) for place, entity in enumerate(ids))
        arguments: tuple[Arguments, ...] = (
            *given,
            *(HeldRows((_SUBJECT,), ([*subjects],)) for subjects in ids.values()),
        )
        shapes = [context.json_scalar, tuple(ids), *(argument.shape for argument in arguments)]
        asked = self._statements.latest(shapes)
        if asked is None:
            make = partial(page_statement, held, arguments, self._fixed_limits, json_scalar=context.json_scalar)
            asked = await self._statements.get(shapes, arguments, make)
        row = await context.row(asked, asked.parameters(company_id, values_of(arguments)))
        if row is None:
            return None
        columns = iter(row)
        return {
            (entity, subject_id): shown
            for entity, subjects in ids.items()
            for subject_id, shown in zip(subjects, _by_row([next(columns) for _ in self._subjects]), strict=False)
        }


def _by_row(columns: Sequence[Sequence[bytes]]) -> list[tuple[orjson.Fragment, ...]]:
    return [tuple(map(orjson.Fragment, shown)) for shown in zip(*columns, strict=True)]
