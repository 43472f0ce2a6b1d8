"""The interface Node: objects that can be read by id."""

from typing import Any

import strawberry
from strawberry.federation.schema_directives import Key

from app.db.declarations import Entity
from app.graphql.planning.references import key_names
from app.graphql.strawberry_seam import FieldSet


@strawberry.interface(description="An object that `node` finds by its id, as Relay clients expect.")
class Node:
    """The interface of all types with an id."""

    id: strawberry.ID = strawberry.field(description="The id, a UUID.")


def keys_of(entity: Entity[Any]) -> list[object]:
    """Return the @key directives of an entity."""
    return [Key(fields=FieldSet(name)) for name in key_names(entity)]
