"""The input that narrows the list of ledger accounts."""

import strawberry


@strawberry.input(description="Conditions on a ledger account; all given conditions must be met.")
class LedgerAccountFilter:
    """Conditions on ledger accounts, which app/graphql/conditions.py reads."""

    ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="The id is one of these, at most 500; an empty list matches nothing."
    )
    number: strawberry.Maybe[str | None] = strawberry.field(description="Exactly this account number.")
    name_prefix: strawberry.Maybe[str | None] = strawberry.field(
        description="The name begins with this, ignoring case and how letters are composed."
    )
