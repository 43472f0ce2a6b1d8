"""Selections as trees, and which of them may stand together: fields of one response key must be the same field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Field:
    """A field, selected once."""

    alias: str | None
    name: str
    arguments: str
    directives: str
    selections: "Sequence[Selection] | None"

    @property
    def key(self) -> str:
        """The response key."""
        return self.alias or self.name


@dataclass(frozen=True, slots=True)
class Inline:
    """An inline fragment, with a type condition or without."""

    condition: str | None
    directives: str
    selections: "Sequence[Selection]"


@dataclass(frozen=True, slots=True)
class Fragment:
    """A named fragment, and how much it asks for."""

    name: str
    on: str
    selections: "Sequence[Selection]"
    depth: int
    rows: int


@dataclass(frozen=True, slots=True)
class Spread:
    """A named fragment where it is used."""

    fragment: Fragment
    directives: str


Selection = Field | Inline | Spread


@dataclass(slots=True)
class Shape:
    """What is selected of an object so far, by response key."""

    entries: "dict[str, Entry]" = field(default_factory=dict)

    def takes(self, key: str, name: str, arguments: str) -> bool:
        """Whether a field may be added under a key."""
        entry = self.entries.get(key)
        return entry is None or (entry.name, entry.arguments) == (name, arguments)

    def add(self, added: Field) -> "Shape":
        """Note a field; the shape of what is selected of it."""
        entry = self.entries.setdefault(added.key, Entry(added.name, added.arguments, Shape()))
        return entry.below

    def takes_all(self, other: "Shape") -> bool:
        """Whether another selection of the same object may be merged into this one."""
        return all(
            self.takes(key, entry.name, entry.arguments)
            and (key not in self.entries or self.entries[key].below.takes_all(entry.below))
            for key, entry in other.entries.items()
        )

    def add_all(self, selections: Iterable[Selection]) -> "Shape":
        """Note selections, fragments spread out."""
        for selection in selections:
            match selection:
                case Field():
                    self.add(selection).add_all(selection.selections or ())
                case Inline():
                    self.add_all(selection.selections)
                case Spread():
                    self.add_all(selection.fragment.selections)
        return self


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of a shape."""

    name: str
    arguments: str
    below: Shape


def written(selections: Sequence[Selection]) -> str:
    """Selections as GraphQL writes them, braces included."""
    return "{ " + " ".join(map(_written, selections)) + " }"


def _written(selection: Selection) -> str:
    match selection:
        case Field():
            alias = "" if selection.alias is None else f"{selection.alias}: "
            nested = "" if selection.selections is None else f" {written(selection.selections)}"
            return f"{alias}{selection.name}{selection.arguments}{selection.directives}{nested}"
        case Inline():
            condition = "" if selection.condition is None else f" on {selection.condition}"
            return f"...{condition}{selection.directives} {written(selection.selections)}"
        case Spread():
            return f"...{selection.fragment.name}{selection.directives}"
