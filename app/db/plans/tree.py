"""What a plan's statement shows: a tree of entities, fields and edges, one per operation.

Lists and look-ups name the slot of their arguments (`app.db.arguments`), which come with each request.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Column

from app.db.declarations import Entity, Field, SortKey


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


def number_of_nodes(shown: Members) -> int:
    """How many fields and edges a tree has, which is what building its statement takes."""
    return sum(1 + sum(number_of_nodes(each) for each in _below(node)) for _, node in shown)


def _below(node: Node) -> Iterator[Members]:
    match node:
        case Constant() | Plain():
            return
        case Found():
            yield from (shown for _, shown in node.choices)
        case Connection():
            for _, part in node.parts:
                rows = [member for _, member in part.members] if isinstance(part, Edges) else [part]
                yield from (each.shown for each in rows if isinstance(each, Nodes))
        case Lookup() | Single() | Listing():
            yield node.shown
