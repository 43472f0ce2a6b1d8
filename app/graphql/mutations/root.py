"""The root mutation fields."""

import strawberry


@strawberry.type(description="What can be written. Root fields run one after the other, each all or nothing.")
class Mutation:
    """One line per mutation; each has a module of its own."""
