"""The inputs that find one customer or one group by a unique key."""

import strawberry


@strawberry.input(description="A unique key of a customer. Exactly one field must be given.", one_of=True)
class CustomerLookup:
    """Exactly one key (@oneOf)."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="The customer's id, a UUID.")
    customer_number: strawberry.Maybe[str] = strawberry.field(description="The customer number.")
    external_system_id: strawberry.Maybe[str] = strawberry.field(
        description="The customer's id in another system, case-sensitive."
    )


@strawberry.input(description="A unique key of a customer group. Exactly one field must be given.", one_of=True)
class CustomerGroupLookup:
    """Exactly one key (@oneOf)."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="The group's id, a UUID.")
    number: strawberry.Maybe[str] = strawberry.field(description="The group's number.")
