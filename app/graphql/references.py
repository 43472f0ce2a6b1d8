"""From ids to what is asked of the database: each is a key or a fault for itself, so that one leaves the others standing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from graphql import GraphQLError

from app.db.plans.tree import References
from app.graphql.arguments import Faults, Path, identifier
from app.graphql.reading import MOST_ROWS


@dataclass(frozen=True, slots=True)
class AskedNodes:
    """What `nodes` is asked for, in that order."""

    places: tuple[UUID | GraphQLError, ...]
    """An id for each place, or why there is none."""

    @property
    def ids(self) -> tuple[UUID, ...]:
        """The ids without repetition."""
        return tuple(dict.fromkeys(each for each in self.places if isinstance(each, UUID)))

    @property
    def arguments(self) -> References:
        """The same, as a plan's statement takes it; GraphQLError where there is a fault, which rows can stand beside and a plan can't."""
        for place in self.places:
            if isinstance(place, GraphQLError):
                raise place
        numbers = {each: number for number, each in enumerate(self.ids, 1)}
        return References(
            (None,),
            tuple((0, each) for each in numbers),
            tuple(numbers[each] for each in self.places if isinstance(each, UUID)),
        )


def asked_node(id: str) -> UUID:  # noqa: A002 - the schema's name
    """The id of one node; GraphQLError if it is none."""
    found = _id(id, ("id",))
    if isinstance(found, GraphQLError):
        raise found
    return found


def asked_nodes(ids: Sequence[str]) -> AskedNodes:
    """The ids of some nodes; GraphQLError if they are too many."""
    if len(ids) > MOST_ROWS:
        faults = Faults()
        faults.add(("ids",), f"has {len(ids)} ids; at most {MOST_ROWS} are allowed.")
        raise faults.error()
    return AskedNodes(tuple(_id(each, ("ids", place)) for place, each in enumerate(ids)))


def _id(value: str, path: Path) -> UUID | GraphQLError:
    faults = Faults()
    found = identifier(value, path, faults)
    return faults.error() if found is None else found
