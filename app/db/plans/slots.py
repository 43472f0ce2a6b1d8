"""The arguments of a tree's lists and look-ups, numbered, and the parameters that their values become."""

from collections.abc import Collection
from itertools import chain, count
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, Table, bindparam
from sqlalchemy.types import TypeEngine

from app.db.arguments import Arguments
from app.db.conditions import Bind
from app.db.plans.rendering import number
from app.db.plans.row import Row

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)


class Slots:
    """The arguments that one statement is built for. Slots of `fixed_limits` are bounded alike in every request."""

    def __init__(self, arguments: tuple[Arguments, ...], fixed_limits: Collection[int]) -> None:
        self._arguments = arguments
        self._fixed_limits = fixed_limits
        self._bound: dict[str, object] = {}
        self._numbers = count()
        self.plan_for_values = any(each.plan_for_values for each in arguments)
        """Whether the server should plan the statement for its values."""

    def row(self, table: Table) -> Row:
        """A row of a table, by names that no other row of the statement has."""
        return Row(table, self._numbers)

    def asked(self, slot: int, kind: type[ArgumentsT]) -> ArgumentsT:
        """The arguments in a slot."""
        arguments = self._arguments[slot]
        assert isinstance(arguments, kind)  # noqa: S101 - a tree's node is made together with its arguments
        return arguments

    def bind(self, slot: int, start: int = 0) -> Bind:
        """Binds the values of a slot one after the other; the same value twice is one parameter."""
        place = start

        def bound(value: Any, type_: TypeEngine[Any]) -> ColumnElement[Any]:
            nonlocal place
            name = f"slot_{slot}_{place}"
            place += 1
            self._bound[name] = value
            return bindparam(name, type_=type_)

        return bound

    def limit(self, slot: int, limit: int, place: int) -> ColumnElement[int]:
        """The bound of a list. Where it is always the same, the server knows it when it plans."""
        return number(limit) if slot in self._fixed_limits else self.bind(slot, place)(limit, Integer())

    def places(self) -> dict[str, int]:
        """The place of each parameter among the values of all slots."""
        names = [
            f"slot_{slot}_{place}" for slot, each in enumerate(self._arguments) for place in range(len(each.values))
        ]
        values = values_of(self._arguments)
        places = {name: place for place, name in enumerate(names)}
        # What is bound is what later requests will put in its place.
        assert all(values[places[name]] == value for name, value in self._bound.items())  # noqa: S101
        return places


def values_of(arguments: tuple[Arguments, ...]) -> tuple[object, ...]:
    """The values of all slots, one after the other."""
    return tuple(chain.from_iterable(each.values for each in arguments))
