"""A plan of a query: run with variables, for a principal, it answers with the bytes of the whole answer."""

from collections.abc import Callable, Collection, Hashable, Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple
from uuid import UUID

from cachetools import LRUCache
from graphql import GraphQLError
from graphql.execution import VariableValues

from app.db.arguments import Arguments, References
from app.db.declarations import Entity
from app.db.pauses import in_turn
from app.db.plans.slots import values_of
from app.db.plans.statement import Statement, statement
from app.db.plans.tree import Members, number_of_nodes
from app.domain.identity import Scope
from app.graphql.context import Context
from app.graphql.planning.compiled_arguments import CompiledArguments
from app.graphql.planning.reading import ArgumentReader

BYTES_PER_REMEMBERED_STATEMENT = 8_192
"""The room that a remembered statement takes at least; one with longer SQL takes that."""
_FEW_PARTS = 20
"""Statements of at most so many fields, edges and values are built in the event loop, in up to 10 ms."""
_COMPANIES = 256
"""The companies whose unchanging arguments a plan remembers: they hold cursors, which belong to one company."""


class Slot(NamedTuple):
    """A list or look-up of a plan, and how its arguments are read."""

    given: CompiledArguments
    read: ArgumentReader

    def arguments(self, company_id: UUID, variables: VariableValues) -> Arguments:
        """What the arguments ask for, or the GraphQLError that the resolver would raise."""
        return self.read(company_id, self.given.read(variables))


def _names(arguments: Arguments, hidden: Collection[Entity[Any]]) -> bool:
    """Return whether references name a hidden entity as their type."""
    kinds = arguments.kinds if isinstance(arguments, References) else ()
    return any(kind is not None and kind[0] in hidden for kind in kinds)


class Statements:
    """The statements of all plans that were used last, as many as `size` stands for."""

    def __init__(self, size: int) -> None:
        self._remembered: LRUCache[Hashable, Statement] = LRUCache(size * BYTES_PER_REMEMBERED_STATEMENT, _length)
        self.hits = self.misses = 0
        """Look-ups that found a statement, and those that made one."""

    @property
    def entries(self) -> int:
        """Statements that are remembered."""
        return len(self._remembered)

    def get(self, key: Hashable, make: Callable[[], Statement]) -> Statement:
        """The remembered statement, or a new one."""
        found = self._remembered.get(key)
        if found is None:
            self.misses += 1
            found = make()
            if _length(found) <= self._remembered.maxsize:
                self._remembered[key] = found
        else:
            self.hits += 1
        return found

    async def get_aside(self, key: Hashable, make: Callable[[], Statement]) -> Statement:
        """The same, without holding the event loop for a new one."""
        if key in self._remembered:
            return self.get(key, make)
        made = await in_turn(key, make)
        return self.get(key, lambda: made)


def _length(each: Statement) -> int:
    return max(len(each.sql), BYTES_PER_REMEMBERED_STATEMENT)


class QueryPlan:
    """What an operation shows, the slots of its arguments, and what it takes to see it."""

    def __init__(
        self,
        shown: Members,
        slots: tuple[Slot, ...],
        scopes: frozenset[Scope],
        statements: Statements,
        guarded: Collection[Entity[Any]] = (),
    ) -> None:
        self._guarded = guarded
        """What an id or a reference may lead to that needs more than `scopes`."""
        self._shown, self._slots, self._scopes, self._statements = shown, slots, scopes, statements
        self._fixed = [place for place, slot in enumerate(slots) if slot.given.are_fixed]
        self._fixed_limits = frozenset(place for place, slot in enumerate(slots) if slot.given.limit_is_fixed)
        self._remembered: LRUCache[UUID, dict[int, Arguments]] = LRUCache(_COMPANIES)
        self._latest: tuple[list[Hashable], Statement] | None = None

    async def answer(self, variables: VariableValues, context: Context, *, is_long: bool = False) -> bytes | None:
        """The answer; None where graphql-core must say why there is none."""
        company_id = context.principal.company_id
        if not self._scopes <= context.principal.scopes:
            return None
        try:
            if is_long:
                # The cache is not to be used from two threads.
                fixed = self._remembered.get(company_id)
                arguments = await in_turn(object(), self._read, company_id, variables, fixed)
            else:
                arguments = self._arguments(company_id, variables)
        except GraphQLError as error:
            # Its frames hold the arguments and itself.
            error.__traceback__ = None
            return None
        scopes = context.principal.scopes
        hidden = tuple(each for each in self._guarded if each.scope not in scopes)
        if any(_names(argument, hidden) for argument in arguments):
            return None
        asked = await self._statement(arguments, hidden)
        if is_long:
            parameters = await in_turn(object(), asked.parameters, company_id, values_of(arguments))
        else:
            parameters = asked.parameters(company_id, values_of(arguments))
        return await context.answer(asked.sql, parameters, plan_for_values=asked.plan_for_values)

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

    @cached_property
    def _parts(self) -> int:
        return number_of_nodes(self._shown)

    async def _statement(self, arguments: tuple[Arguments, ...], hidden: tuple[Entity[Any], ...]) -> Statement:
        shapes = [hidden, *(argument.shape for argument in arguments)]
        if self._latest is None or self._latest[0] != shapes:
            key = self, tuple(shapes)
            make = partial(statement, self._shown, arguments, self._fixed_limits, hidden)
            if self._parts + sum(len(argument.values) for argument in arguments) <= _FEW_PARTS:
                found = self._statements.get(key, make)
            else:
                found = await self._statements.get_aside(key, make)
            self._latest = shapes, found
            return found
        return self._latest[1]
