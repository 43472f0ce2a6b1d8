"""Trees of entities, fields and edges, from which statements are compiled; one per operation.

Lists and look-ups refer to their arguments (`app.db.arguments`), which come with each request, by the number of a slot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Column

from app.db.declarations import Embedded, Entity, PlainField, SortKey


@dataclass(frozen=True, slots=True)
class Constant:
    """JSON that is the same for every row, such as a type's name."""

    json: str


@dataclass(frozen=True, slots=True)
class Given:
    """JSON that the caller's credential determines, such as its scopes; `name` is the attribute of the principal."""

    name: str


@dataclass(frozen=True, slots=True)
class Inline:
    """An object at the root that isn't a row."""

    shown: "JsonMembers"


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain field of a row."""

    field: PlainField
    names: tuple[str, ...] | None
    """The values, if the field is an enumeration."""
    texts: tuple[str, ...] | None = None
    """What is written for each of `names`, which needs no escaping; None if it is the name."""
    is_number: bool = False
    """Whether a decimal is written as a JSON number."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One row or null at the root, found by a unique key."""

    entity: Entity[Any]
    shown: "JsonMembers"
    slot: int


@dataclass(frozen=True, slots=True)
class Single:
    """One row, or null unless `required`, found by the id in the parent row's `key`."""

    entity: Entity[Any]
    shown: "JsonMembers"
    key: str
    required: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of rows: those whose `key` holds the parent row's id; at the root, those of the company."""

    entity: Entity[Any]
    order: tuple[SortKey, ...]
    shown: "JsonMembers"
    slot: int
    key: Column[Any] | None = None


@dataclass(frozen=True, slots=True)
class EmbeddedList:
    """The list of the objects in a column of the parent row."""

    objects: Embedded[Any]
    shown: "JsonMembers"


@dataclass(frozen=True, slots=True)
class Nodes:
    """The rows of a page, or the row of an edge."""

    shown: "JsonMembers"


@dataclass(frozen=True, slots=True)
class Edges:
    """The rows of a page as edges: `Nodes`, cursors and constants."""

    members: tuple[tuple[str, "Nodes | Cursor | Constant"], ...]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The cursor of a row."""


@dataclass(frozen=True, slots=True)
class PageInfo:
    """The page info: fields by their names in Python, and constants."""

    members: tuple[tuple[str, str | Constant], ...]


@dataclass(frozen=True, slots=True)
class TotalCount:
    """The number of rows in the whole list, up to the maximum in the slot."""

    slot: int


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of rows: those whose `key` holds the parent row's id; at the root, those of the company."""

    entity: Entity[Any]
    parts: tuple[tuple[str, "Nodes | Edges | PageInfo | TotalCount | Constant"], ...]
    slot: int
    key: Column[Any] | None = None


@dataclass(frozen=True, slots=True)
class Referenced:
    """One row or null for each reference, at the root; `choices` holds what is selected of each entity."""

    choices: tuple[tuple[Entity[Any], "JsonMembers"], ...]
    slot: int
    is_list: bool


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """The cursor of the feed's head, at the root."""

    slot: int


@dataclass(frozen=True, slots=True)
class Held:
    """Edges of rows that the service holds, whose keys are in a slot. Each edge has the JSON of every row."""

    edges: "tuple[PlanNode, ...]"
    slot: int


PlanNode: TypeAlias = (
    Constant | Given | Inline | Plain | Lookup | Single | Listing | EmbeddedList | Connection | Referenced | FeedCursor
)
JsonMembers: TypeAlias = tuple[tuple[str, PlanNode], ...]


def number_of_nodes(shown: JsonMembers) -> int:
    """Return the number of fields and edges of a tree, which determines the time to build its statement."""
    return sum(1 + sum(number_of_nodes(members) for members in _below(node)) for _, node in shown)


def reads_rows(shown: JsonMembers) -> bool:
    """Return whether a tree reads anything from the database."""
    return any(
        reads_rows(node.shown) if isinstance(node, Inline) else not isinstance(node, Constant | Given)
        for _, node in shown
    )


def _below(node: PlanNode) -> Iterator[JsonMembers]:
    match node:
        case Constant() | Given() | Plain() | FeedCursor():
            return
        case Referenced():
            yield from (shown for _, shown in node.choices)
        case Connection():
            for _, part in node.parts:
                rows = [member for _, member in part.members] if isinstance(part, Edges) else [part]
                yield from (row.shown for row in rows if isinstance(row, Nodes))
        case Inline() | Lookup() | Single() | Listing() | EmbeddedList():
            yield node.shown
