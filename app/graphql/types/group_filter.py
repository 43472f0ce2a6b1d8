"""The input that narrows the list of customer groups."""

import strawberry

from app.graphql.types.customer_filter import MetadataPairInput


@strawberry.input(description="Conditions on a customer group; all given conditions must be met.")
class CustomerGroupFilter:
    """Conditions on customer groups, which app/graphql/conditions.py reads."""

    ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="The id is one of these, at most 500; an empty list matches nothing."
    )
    number: strawberry.Maybe[str | None] = strawberry.field(description="Exactly this group number.")
    name_prefix: strawberry.Maybe[str | None] = strawberry.field(
        description="The name begins with this, ignoring case and how letters are composed."
    )
    metadata: strawberry.Maybe[list[MetadataPairInput] | None] = strawberry.field(
        description="The metadata has all of these pairs, at most 10. More are rejected with"
        " METADATA_FILTER_LIMIT_EXCEEDED."
    )
