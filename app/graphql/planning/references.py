"""Read ids and representations: each becomes a key or an error, so that a malformed one doesn't affect the others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from graphql import GraphQLError

from app.db import graph
from app.db.arguments import References
from app.db.conditions import Equals
from app.db.declarations import Entity
from app.domain.errors import Path
from app.domain.fields import schema_name
from app.graphql.arguments import Problems, filled, identifier


@dataclass(frozen=True, slots=True)
class RequestedNodes:
    """The ids in the argument of `nodes`."""

    items: tuple[UUID | GraphQLError, ...]
    """An id, or the error of a malformed one, for each item of the argument."""

    @property
    def ids(self) -> tuple[UUID, ...]:
        """The ids without repetition."""
        return tuple(dict.fromkeys(item for item in self.items if isinstance(item, UUID)))

    @property
    def arguments(self) -> References:
        """The arguments of a plan's statement; raises the first GraphQLError, which a plan can't return."""
        numbers = {id_: number for number, id_ in enumerate(self.ids, 1)}
        return References((None,), tuple((0, id_) for id_ in numbers), _numbered(self.items, numbers))


class Reference(NamedTuple):
    """The object of a representation: an entity, one of its keys, and the key's value."""

    entity: Entity[Any]
    key: str
    value: UUID | str

    @property
    def condition(self) -> Equals:
        """The condition that only this object meets."""
        return Equals(self.key, self.value)


@dataclass(frozen=True, slots=True)
class RequestedEntities:
    """The references in the argument of `_entities`."""

    items: tuple[Reference | GraphQLError | None, ...]
    """A reference, the error of a malformed one, or None if the key is null, for each item of the argument."""

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references without repetition."""
        return tuple(dict.fromkeys(item for item in self.items if isinstance(item, Reference)))

    @property
    def arguments(self) -> References:
        """The arguments of a plan's statement; raises the first GraphQLError, which a plan can't return."""
        references = self.references
        # Sorted, so that requests for the same kinds share a statement.
        kinds = sorted({(reference.entity, reference.key) for reference in references}, key=_KINDS.index)
        wanted = tuple((kinds.index((reference.entity, reference.key)), reference.value) for reference in references)
        numbers = {reference: number for number, reference in enumerate(references, 1)}
        return References(tuple(kinds), wanted, _numbered(self.items, numbers))


MAX_NODE_IDS = 500
"""Maximum number of ids in one `nodes` field."""
MOST_MALFORMED = 100
"""Maximum number of malformed ids and representations that get one error each; an operation with more is rejected."""


def read_node_id(id: str) -> UUID:  # noqa: A002 - the schema's name
    """Return the id of one node; raise GraphQLError if it is malformed."""
    found = _id(id, ("id",))
    if isinstance(found, GraphQLError):
        raise found
    return found


def read_node_ids(ids: Sequence[str], *, strict: bool = False) -> RequestedNodes:
    """Return the ids of nodes; raise GraphQLError for too many ids and, if `strict`, for the first malformed one."""
    _bounded(ids, "ids", MAX_NODE_IDS)
    return RequestedNodes(_checked((_id(value, ("ids", place)) for place, value in enumerate(ids)), strict=strict))


def read_representations(representations: Sequence[object], *, most: int, strict: bool = False) -> RequestedEntities:
    """Return the references of representations; raise GraphQLError as `read_node_ids` does."""
    _bounded(representations, "representations", most)
    read = (
        _reference(representation, ("representations", place)) for place, representation in enumerate(representations)
    )
    return RequestedEntities(_checked(read, strict=strict))


def malformed(lists: Iterable[tuple[str, Sequence[object]]]) -> GraphQLError | None:
    """Return an error if more than MOST_MALFORMED items of lists are malformed; each list comes with its field's name.

    Counting ends there: items may be hundreds of thousands, when aliases repeat a list.
    """
    problems = Problems()
    # Keeps the lists: a new list could otherwise have the same `id()` as one that was freed.
    known: dict[tuple[int, str], tuple[Sequence[object], int]] = {}
    total = 0
    for name, items in lists:
        key = id(items), name
        if key not in known:
            known[key] = items, _count(_LISTS[name], items, problems)
        total += known[key][1]
        if total > MOST_MALFORMED:
            return _too_many(problems)
    return None


def key_names(entity: Entity[Any]) -> dict[str, str]:
    """Return the attributes of an entity's keys, by their names in the schema."""
    return {schema_name(key): key for key in entity.keys}


_ENTITIES = {entity.name: entity for entity in graph.NODES}
_KEYS = {entity.name: key_names(entity) for entity in graph.NODES}
_KINDS = [(entity, key) for entity in graph.NODES for key in entity.keys]


ItemT = TypeVar("ItemT")


def _checked(read: Iterable[ItemT | GraphQLError], *, strict: bool) -> tuple[ItemT | GraphQLError, ...]:
    if not strict:
        return tuple(read)
    items: list[ItemT | GraphQLError] = []
    for item in read:
        if isinstance(item, GraphQLError):
            raise item
        items.append(item)
    return tuple(items)


def _count(read: "_List", items: Sequence[object], problems: Problems) -> int:
    """Add the problems of malformed items, and return their number. Stop at MOST_MALFORMED + 1."""
    before = problems.count
    for place, item in enumerate(items):
        read.read(item, (read.argument, place), problems)
        if problems.count - before > MOST_MALFORMED:
            break
    return problems.count - before


def _too_many(problems: Problems) -> GraphQLError:
    shown = problems.error()
    first = " ".join(problems.brief[:3])
    return GraphQLError(
        f"More than {MOST_MALFORMED} ids or representations of the operation are malformed. The first ones: {first}",
        extensions=shown.extensions,
    )


def _numbered(items: Sequence[object], numbers: Mapping[Any, int]) -> tuple[int, ...]:
    """Return the number of each item's key, 0 for None; raise the first error."""
    for item in items:
        if isinstance(item, GraphQLError):
            raise item
    return tuple(0 if item is None else numbers[item] for item in items)


def _reference(representation: object, path: Path) -> Reference | GraphQLError | None:
    problems = Problems()
    found = _referred(representation, path, problems)
    return problems.error() if problems.found else found


def _referred(representation: object, path: Path, problems: Problems) -> Reference | None:
    if not isinstance(representation, dict):
        return problems.add(path, "must be an object of `__typename` and a key.")
    given = cast("dict[str, object]", representation)
    name = given.get("__typename")
    entity = _ENTITIES.get(name) if isinstance(name, str) else None
    if entity is None:
        return problems.add((*path, "__typename"), f"must be one of {', '.join(_ENTITIES)}.")
    keys = {name: key for name, key in _KEYS[entity.name].items() if name in given}
    if not keys:
        return problems.add(path, f"has no key of {entity.name}: give {' or '.join(_KEYS[entity.name])}.")
    # If several keys are given, the first that is not null counts: a gateway takes all of them from one row.
    name, key = next(((name, key) for name, key in keys.items() if given[name] is not None), (None, ""))
    if name is None:
        return None
    value = _key(key, given[name], (*path, name), problems)
    return None if value is None else Reference(entity, key, value)


def _key(key: str, value: object, path: Path, problems: Problems) -> UUID | str | None:
    if not isinstance(value, str):
        return problems.add(path, "must be a string.")
    return identifier(value, path, problems) if key == "id" else filled(value, path, problems)


def _bounded(items: Sequence[object], name: str, most: int) -> None:
    if len(items) > most:
        problems = Problems()
        problems.add((name,), f"has {len(items)} {name}; at most {most} are allowed.")
        raise problems.error()


def _id(value: str, path: Path) -> UUID | GraphQLError:
    problems = Problems()
    found = identifier(value, path, problems)
    return problems.error() if found is None else found


class _List(NamedTuple):
    """A list whose items are checked one by one."""

    argument: str
    read: Callable[[Any, Path, Problems], object]


_LISTS = {"nodes": _List("ids", identifier), "_entities": _List("representations", _referred)}
LISTS = {name: of.argument for name, of in _LISTS.items()}
"""The root fields that find rows by lists of references, each with the argument that holds its list."""
