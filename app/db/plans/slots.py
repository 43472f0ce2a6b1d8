"""Slots: the numbered arguments of a tree's lists and look-ups, and the parameters for their values."""

from collections.abc import Collection
from itertools import chain, count
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, Integer, Table, bindparam
from sqlalchemy.types import TypeEngine

from app.db.arguments import Arguments
from app.db.conditions import Bind
from app.db.plans.rendering import number
from app.db.plans.row import DerivedRow, LoneRow, Row

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)


class Slots:
    """The arguments that a statement is built for.

    Lists in the slots of `fixed_limits` have the same limit in every request.
    """

    def __init__(self, arguments: tuple[Arguments, ...], fixed_limits: Collection[int]) -> None:
        self._arguments = arguments
        self._fixed_limits = fixed_limits
        self._bound: dict[str, object] = {}
        self._numbers = count()
        self.plan_for_values = any(argument.plan_for_values for argument in arguments)
        """Whether PostgreSQL should make a custom plan."""
        self.root_rows: list[FromClause] = []
        """The rows, one of each, whose columns are parts of the response."""

    def row(self, table: Table) -> Row:
        """Return a row of a table, under an alias that is unique in the statement."""
        return Row(table, self._numbers)

    def derived(self, table: FromClause) -> DerivedRow:
        """Return a row that isn't of a table."""
        return DerivedRow(table, self._numbers)

    def lone(self, table: FromClause) -> LoneRow:
        """Return a row that isn't of a table, and the only one of a step."""
        return LoneRow(table, self._numbers)

    def arguments(self, slot: int, kind: type[ArgumentsT]) -> ArgumentsT:
        """Return the arguments in a slot."""
        arguments = self._arguments[slot]
        assert isinstance(arguments, kind)  # noqa: S101 - a node is created together with its arguments
        return arguments

    def bind(self, slot: int, start: int = 0) -> Bind:
        """Return a function that binds the values of a slot, in their order, to parameters."""
        place = start

        def bound(value: Any, type_: TypeEngine[Any]) -> ColumnElement[Any]:
            nonlocal place
            name = f"slot_{slot}_{place}"
            place += 1
            self._bound[name] = value
            return bindparam(name, type_=type_)

        return bound

    def limit(self, slot: int, limit: int, place: int) -> ColumnElement[int]:
        """Return the limit of a list: a literal if it is fixed, so that PostgreSQL knows it when planning."""
        return number(limit) if slot in self._fixed_limits else self.bind(slot, place)(limit, Integer())

    def places(self) -> dict[str, int]:
        """Return the index of each parameter among the values of all slots."""
        names = [
            f"slot_{slot}_{place}"
            for slot, arguments in enumerate(self._arguments)
            for place in range(len(arguments.values))
        ]
        values = values_of(self._arguments)
        places = {name: place for place, name in enumerate(names)}
        # Later requests pass their values by these indices, so each must lead to the value that was bound.
        assert all(values[places[name]] == value for name, value in self._bound.items())  # noqa: S101
        return places


def values_of(arguments: tuple[Arguments, ...]) -> tuple[object, ...]:
    """Return the values of all slots, concatenated."""
    return tuple(chain.from_iterable(argument.values for argument in arguments))
