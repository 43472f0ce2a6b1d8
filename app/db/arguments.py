"""Arguments of lists and look-ups, used by plans and loaders.

Like a condition, arguments have a shape, which determines the SQL, and values, which become its parameters.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from app.db.conditions import Condition, Equals
from app.db.declarations import Entity
from app.db.paging import PageRequest


class Arguments(Protocol):
    """Arguments of one list or look-up of a tree."""

    @property
    def shape(self) -> Hashable:
        """The part that determines the SQL."""
        ...

    @property
    def values(self) -> tuple[object, ...]:
        """The parameters of the SQL."""
        ...

    @property
    def plan_for_values(self) -> bool:
        """Whether the number of rows depends on the values, so that PostgreSQL should make a custom plan."""
        ...


@dataclass(frozen=True, slots=True)
class Key:
    """Arguments of a look-up: a condition on a unique key."""

    condition: Equals

    @property
    def shape(self) -> Hashable:
        """The condition's shape."""
        return self.condition.shape

    @property
    def values(self) -> tuple[object, ...]:
        """The condition's values."""
        return self.condition.values

    @property
    def plan_for_values(self) -> bool:
        """Whether to plan for the values: no, because a unique key finds at most one row."""
        return False


@dataclass(frozen=True, slots=True)
class ListArguments:
    """Arguments of a list: the first `limit` rows that meet a condition."""

    limit: int
    only: Condition | None = None

    @property
    def shape(self) -> Hashable:
        """The condition's shape; None without a condition."""
        return self.only and self.only.shape

    @property
    def values(self) -> tuple[object, ...]:
        """The condition's values, and the limit."""
        return (*_values(self.only), self.limit)

    @property
    def plan_for_values(self) -> bool:
        """Whether to plan for the values: no, because lists are short for any condition."""
        return False


@dataclass(frozen=True, slots=True)
class CountArguments:
    """Arguments of a connection's total count: rows are counted up to a maximum."""

    at_most: int

    @property
    def shape(self) -> Hashable:
        """One shape for all counts."""
        return CountArguments

    @property
    def values(self) -> tuple[object, ...]:
        """The maximum number of rows to count."""
        return (self.at_most,)

    @property
    def plan_for_values(self) -> bool:
        """Whether to plan for the values: no, because that depends on the condition of the connection."""
        return False


@dataclass(frozen=True, slots=True)
class PageArguments:
    """Arguments of a connection: a page of the rows that meet a condition."""

    request: PageRequest
    only: Condition | None
    identity: bytes
    """Digest of the list that cursors are bound to."""
    plan_for_values: bool
    """Whether the number of rows depends on the values, so that PostgreSQL should make a custom plan."""

    @property
    def places(self) -> tuple[int, int, int]:
        """Indices among the values at which `after`, `before` and the limit begin; the identity is last."""
        after = len(_values(self.only))
        before = after + len(self.request.after or ())
        return after, before, before + len(self.request.before or ())

    @property
    def shape(self) -> Hashable:
        """The condition's shape, the order, the direction, and which of `after` and `before` are given."""
        request = self.request
        return (
            self.only and self.only.shape,
            request.order,
            request.backward,
            request.after is None,
            request.before is None,
        )

    @property
    def values(self) -> tuple[object, ...]:
        """The condition's values, the positions, the limit and the identity."""
        request = self.request
        return (*_values(self.only), *(request.after or ()), *(request.before or ()), request.limit, self.identity)


def _values(only: Condition | None) -> tuple[object, ...]:
    return () if only is None else only.values


@dataclass(frozen=True, slots=True)
class References:
    """Arguments of look-ups across entities: each by a kind of key and a value."""

    kinds: tuple[tuple[Entity[Any], str] | None, ...]
    """An entity and its key's attribute; None for an id of any entity."""
    wanted: tuple[tuple[int, UUID | str], ...]
    """Distinct references: the index of the kind, and the value."""
    places: tuple[int, ...]
    """For each result, the number of its entry in `wanted`, counted from 1 as in SQL; 0 for null."""

    @property
    def shape(self) -> Hashable:
        """The kinds."""
        return self.kinds

    @property
    def values(self) -> tuple[object, ...]:
        """Arrays of kinds, ids and texts of `wanted`, and the places."""
        return (
            [kind for kind, _ in self.wanted],
            [value if isinstance(value, UUID) else None for _, value in self.wanted],
            [value if isinstance(value, str) else None for _, value in self.wanted],
            list(self.places),
        )

    @property
    def plan_for_values(self) -> bool:
        """Whether to plan for the values: no, because a unique key finds at most one row."""
        return False


@dataclass(frozen=True, slots=True)
class FeedArguments:
    """Arguments of the cursor of the feed's head."""

    identity: bytes
    """Digest of the company's feed, which its cursors are bound to."""

    @property
    def shape(self) -> Hashable:
        """One shape for all companies."""
        return FeedArguments

    @property
    def values(self) -> tuple[object, ...]:
        """The identity."""
        return (self.identity,)

    @property
    def plan_for_values(self) -> bool:
        """Whether to plan for the values: no, because a company has one head."""
        return False


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Arguments of edges that start from rows which the service holds: keys of these rows."""

    keys: tuple[str, ...]
    """The attributes that hold the keys."""
    values: tuple[list[Any], ...]
    """The ids of all rows, for each attribute."""

    @property
    def shape(self) -> Hashable:
        """The attributes."""
        return self.keys

    @property
    def plan_for_values(self) -> bool:
        """Whether to plan for the values: no, because edges are short for any row."""
        return False
