"""The interface Node: what has an id of its own and can be read by it."""

import strawberry


@strawberry.interface(
    description="What has an id of its own, and can be read again by it alone, as Relay's clients do."
)
class Node:
    """How rows of different kinds are shown alike."""

    id: strawberry.ID = strawberry.field(description="The unique identifier, a UUID.")
