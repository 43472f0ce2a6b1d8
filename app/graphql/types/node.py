"""The interface Node: what has an id of its own and can be read by it."""

from typing import Any

import strawberry
from strawberry.federation.schema_directives import Key

from app.db.declarations import Entity
from app.graphql.planning.references import key_names
from app.graphql.strawberry_seam import FieldSet


@strawberry.interface(description="An object with an id by which it can be read again, as Relay's clients do.")
class Node:
    """How rows of different kinds are shown alike."""

    id: strawberry.ID = strawberry.field(description="The unique identifier, a UUID.")


def keys_of(entity: Entity[Any]) -> list[object]:
    """Return the @key directives of an entity."""
    return [Key(fields=FieldSet(name)) for name in key_names(entity)]
