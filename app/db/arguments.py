"""What lists and look-ups are asked with, by plans and by loaders alike.

Arguments come with each request, and are parted like conditions: their shape decides the SQL, their values run it.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from app.db.conditions import Condition, Equals
from app.db.declarations import Entity
from app.db.paging import PageRequest


class Arguments(Protocol):
    """What one list or look-up of a tree is asked with."""

    @property
    def shape(self) -> Hashable:
        """What decides the SQL."""
        ...

    @property
    def values(self) -> tuple[object, ...]:
        """What the SQL is run with."""
        ...

    @property
    def plan_for_values(self) -> bool:
        """Whether how many rows are found depends on the values, so that the server should plan for them."""
        ...


@dataclass(frozen=True, slots=True)
class Key:
    """The arguments of a look-up: a condition on a unique key."""

    condition: Equals

    @property
    def shape(self) -> Hashable:
        """The condition's."""
        return self.condition.shape

    @property
    def values(self) -> tuple[object, ...]:
        """The condition's."""
        return self.condition.values

    @property
    def plan_for_values(self) -> bool:
        """A unique key finds one row whatever it is."""
        return False


@dataclass(frozen=True, slots=True)
class ListArguments:
    """The arguments of a list: the first `limit` rows that meet a condition."""

    limit: int
    only: Condition | None = None

    @property
    def shape(self) -> Hashable:
        """The condition's."""
        return self.only and self.only.shape

    @property
    def values(self) -> tuple[object, ...]:
        """The condition's, and the limit."""
        return (*_values(self.only), self.limit)

    @property
    def plan_for_values(self) -> bool:
        """Lists are short whatever their condition says."""
        return False


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The arguments of a connection: a page of the rows that meet a condition."""

    request: PageRequest
    only: Condition | None
    identity: bytes
    """What the cursors of the list are bound to."""
    plan_for_values: bool
    """Whether how many rows are read depends on the values, so that the server should plan for them."""

    @property
    def places(self) -> tuple[int, int, int]:
        """Where among the values those of `after`, `before` and the limit begin; the identity is the last."""
        after = len(_values(self.only))
        before = after + len(self.request.after or ())
        return after, before, before + len(self.request.before or ())

    @property
    def shape(self) -> Hashable:
        """The condition's, the order, and from where and to where the page is read."""
        asked = self.request
        return (
            self.only and self.only.shape,
            asked.order,
            asked.backward,
            asked.after is None,
            asked.before is None,
        )

    @property
    def values(self) -> tuple[object, ...]:
        """The condition's, the positions, the limit and the identity."""
        asked = self.request
        return (*_values(self.only), *(asked.after or ()), *(asked.before or ()), asked.limit, self.identity)


def _values(only: Condition | None) -> tuple[object, ...]:
    return () if only is None else only.values


@dataclass(frozen=True, slots=True)
class References:
    """The arguments of rows that are found wherever they are: each by one of `kinds` of keys, and a value."""

    kinds: tuple[tuple[Entity[Any], str] | None, ...]
    """An entity and the attribute that is its key, or none for the id of whatever entity."""
    wanted: tuple[tuple[int, UUID | str], ...]
    """What is looked for, each once: the number of its kind, and the value."""
    places: tuple[int, ...]
    """What is answered: for each place the number of what is wanted there, from 1 as the database counts; 0 is nothing."""

    @property
    def shape(self) -> Hashable:
        """The kinds."""
        return self.kinds

    @property
    def values(self) -> tuple[object, ...]:
        """The kinds, ids and texts of what is wanted, and the places."""
        return (
            [kind for kind, _ in self.wanted],
            [value if isinstance(value, UUID) else None for _, value in self.wanted],
            [value if isinstance(value, str) else None for _, value in self.wanted],
            list(self.places),
        )

    @property
    def plan_for_values(self) -> bool:
        """A unique key finds one row whatever it is."""
        return False
