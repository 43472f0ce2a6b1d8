"""The plan of a query: it returns the bytes of the whole response for variables and a principal."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from cachetools import LRUCache
from graphql import GraphQLError
from graphql.execution import VariableValues

from app.db.arguments import Arguments, References
from app.db.declarations import Entity
from app.db.plans.slots import values_of
from app.db.plans.statement import statement
from app.db.plans.tree import JsonMembers
from app.domain.identity import Scope
from app.graphql.context import Context
from app.graphql.planning.compiled_arguments import CompiledArguments
from app.graphql.planning.principal import principal_json
from app.graphql.planning.reading import ArgumentReader
from app.graphql.planning.statements import PlanStatements, Statements
from app.scheduling.pauses import run_in_turn

_COMPANIES = 256
"""Number of companies for which a plan caches constant arguments: cursors in them are specific to a company."""


class Slot(NamedTuple):
    """The arguments of a list or lookup in a plan, and their reader."""

    given: CompiledArguments
    read: ArgumentReader

    def arguments(self, company_id: UUID, variables: VariableValues) -> Arguments:
        """Return the arguments of the statement; raise the GraphQLError that the resolver would raise."""
        return self.read(company_id, self.given.read(variables))


def _names(arguments: Arguments, hidden: Collection[Entity[Any]]) -> bool:
    """Return whether references name a hidden entity as their type."""
    kinds = arguments.kinds if isinstance(arguments, References) else ()
    return any(kind is not None and kind[0] in hidden for kind in kinds)


class QueryPlan:
    """The plan of an operation: its selected fields, the slots of its arguments, and the scopes that it needs."""

    def __init__(
        self,
        shown: JsonMembers,
        slots: tuple[Slot, ...],
        scopes: frozenset[Scope],
        statements: Statements,
        guarded: Collection[Entity[Any]] = (),
    ) -> None:
        self._guarded = guarded
        """The entities that an id or a reference may refer to and that need a scope besides `scopes`."""
        self._shown, self._slots, self._scopes = shown, slots, scopes
        self._statements = PlanStatements(statements, shown)
        self._fixed = [place for place, slot in enumerate(slots) if slot.given.are_fixed]
        self._fixed_limits = frozenset(place for place, slot in enumerate(slots) if slot.given.limit_is_fixed)
        self._remembered: LRUCache[UUID, dict[int, Arguments]] = LRUCache(_COMPANIES)

    async def answer(self, variables: VariableValues, context: Context, *, is_long: bool = False) -> bytes | None:
        """Return the response; None if graphql-core has to run the operation to find its errors."""
        company_id = context.principal.company_id
        if not self._scopes <= context.principal.scopes:
            return None
        try:
            if is_long:
                # The cache must not be used by two threads.
                fixed = self._remembered.get(company_id)
                arguments = await run_in_turn(object(), self._read, company_id, variables, fixed)
            else:
                arguments = self._arguments(company_id, variables)
        except GraphQLError as error:
            # Its frames refer to the arguments and to the error, which the garbage collector would have to free.
            error.__traceback__ = None
            return None
        scopes = context.principal.scopes
        hidden = tuple(entity for entity in self._guarded if entity.scope not in scopes)
        if any(_names(argument, hidden) for argument in arguments):
            return None
        json_scalar = context.json_scalar
        shapes = [json_scalar, hidden, *(argument.shape for argument in arguments)]
        asked = self._statements.latest(shapes)
        if asked is None:
            make = partial(statement, self._shown, arguments, self._fixed_limits, hidden, json_scalar=json_scalar)
            asked = await self._statements.get(shapes, arguments, make)
        if is_long:
            parameters = await run_in_turn(object(), asked.parameters, company_id, values_of(arguments))
        else:
            parameters = asked.parameters(company_id, values_of(arguments))
        row = await context.row(asked, parameters)
        return None if row is None else asked.answer(row, partial(principal_json, context.principal))

    def _arguments(self, company_id: UUID, variables: VariableValues) -> tuple[Arguments, ...]:
        if not self._fixed:
            return tuple([slot.arguments(company_id, variables) for slot in self._slots])
        fixed = self._remembered.get(company_id)
        arguments = self._read(company_id, variables, fixed)
        if fixed is None:
            self._remembered[company_id] = {place: arguments[place] for place in self._fixed}
        return arguments

    def _read(
        self, company_id: UUID, variables: VariableValues, fixed: Mapping[int, Arguments] | None
    ) -> tuple[Arguments, ...]:
        return tuple(
            [
                fixed[place] if fixed is not None and place in fixed else slot.arguments(company_id, variables)
                for place, slot in enumerate(self._slots)
            ]
        )
