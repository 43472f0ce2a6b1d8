"""The mutation upsertSubscriptions."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.arguments import sent_fields
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.upsert_payloads import RESULTS, UpsertedRow, UpsertFields, UpsertPayload, carry_out, rejected
from app.graphql.permissions import SHOWS_WRITTEN, Requires
from app.graphql.types.subscription import CustomerSubscription
from app.graphql.types.subscription_input import UpsertSubscriptionRow, UpsertSubscriptionsInput
from app.scheduling.pauses import paced
from app.services.upsert_subscriptions import UpsertSubscriptionsCommand
from app.services.upsert_subscriptions import upsert_subscriptions as upsert

_NESTED = ("customer", "current_period")


@strawberry.type(description="The result of one row of a list of subscriptions.")
class UpsertSubscriptionsResult(UpsertedRow):
    """The result of a row."""

    subscription: CustomerSubscription | None = strawberry.field(
        description="The subscription in its current state; null if there is none. Without customers-read it is also"
        " null if the row didn't write it, because its `outcome` is UNCHANGED or the list was not written.",
        extensions=SHOWS_WRITTEN,
    )


@strawberry.type(description="What upsertSubscriptions did, row by row.")
class UpsertSubscriptionsPayload(UpsertFields):
    """The result of a list."""

    results: list[UpsertSubscriptionsResult] = strawberry.field(description=RESULTS)


@strawberry.field(
    description="Mirror subscriptions from the billing system: create, update or keep each row of a list, in one"
    " transaction. A row that is older than a transition is rejected with SUBSCRIPTION_MOVED. Repeating a list that"
    " was written leaves every row UNCHANGED. Needs subscriptions-write.",
    graphql_type=UpsertSubscriptionsPayload | None,
    extensions=[Requires(Scope.SUBSCRIPTIONS_WRITE), ReportsProblems(rejected)],
)
async def upsert_subscriptions(
    info: Info,
    input: Annotated[UpsertSubscriptionsInput, strawberry.argument(description="The rows.")],  # noqa: A002 - the schema's name
) -> UpsertPayload:
    """All or nothing, or row by row."""
    rows = [_row(row) async for row in paced(input.rows)]
    command = UpsertSubscriptionsCommand(tuple(rows), input.on_refusal, input.dry_run)
    return await carry_out(info, upsert, command, input.idempotency_key)


def _row(given: UpsertSubscriptionRow) -> dict[str, object]:
    fields = sent_fields(given)
    return fields | {name: sent_fields(fields[name]) for name in _NESTED if fields.get(name) is not None}
