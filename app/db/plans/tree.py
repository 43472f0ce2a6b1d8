"""What a plan's statement shows: a tree of entities, fields and edges, and the arguments that lists and look-ups take.

The tree is one per operation. Arguments come with each request, and are parted like conditions: their shape decides the
SQL, their values run it.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from sqlalchemy import Column

from app.db.conditions import Condition, Equals
from app.db.declarations import Entity, Field, SortKey
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
    def filters(self) -> bool:
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
    def filters(self) -> bool:
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
    def filters(self) -> bool:
        """Lists are short whatever their condition says."""
        return False


@dataclass(frozen=True, slots=True)
class PageArguments:
    """The arguments of a connection: a page of the rows that meet a condition."""

    request: PageRequest
    only: Condition | None
    identity: bytes
    """What the cursors of the list are bound to."""
    filters: bool
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
    def filters(self) -> bool:
        """A unique key finds one row whatever it is."""
        return False


@dataclass(frozen=True, slots=True)
class Constant:
    """JSON that is the same for every row: the name of a type."""

    json: str


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain field of a row."""

    field: Field
    names: tuple[str, ...] | None
    """All that it may hold, where it is an enumeration."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One row or null, at the root: found by a unique key."""

    entity: Entity[Any]
    shown: "Members"
    slot: int


@dataclass(frozen=True, slots=True)
class Single:
    """One row or, unless it is required, null: found by the id in the parent row's `key`."""

    entity: Entity[Any]
    shown: "Members"
    key: str
    required: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of rows: those whose `key` holds the parent row's id, or, at the root, the company's."""

    entity: Entity[Any]
    order: tuple[SortKey, ...]
    shown: "Members"
    slot: int
    key: Column[Any] | None = None


@dataclass(frozen=True, slots=True)
class Nodes:
    """The rows of a page, or the row of an edge."""

    shown: "Members"


@dataclass(frozen=True, slots=True)
class Edges:
    """The rows of a page as edges: `Nodes`, cursors and constants."""

    members: tuple[tuple[str, "Nodes | Cursor | Constant"], ...]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor of a row."""


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page is in its list: the fields by their names in Python, and constants."""

    members: tuple[tuple[str, str | Constant], ...]


@dataclass(frozen=True, slots=True)
class TotalCount:
    """How many rows the whole list holds."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of rows: those whose `key` holds the parent row's id, or, at the root, the company's."""

    entity: Entity[Any]
    parts: tuple[tuple[str, "Nodes | Edges | PageInfo | TotalCount | Constant"], ...]
    slot: int
    key: Column[Any] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One row or null for each reference, at the root; each shows what is selected of its entity."""

    choices: tuple[tuple[Entity[Any], "Members"], ...]
    slot: int
    is_list: bool


Node: TypeAlias = Constant | Plain | Lookup | Single | Listing | Connection | Found
Members: TypeAlias = tuple[tuple[str, Node], ...]
