"""The mutation upsertCustomers."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.commands import sent
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.upsert_payloads import RESULTS, UpsertedRow, UpsertFields, UpsertPayload, carry_out, rejected
from app.graphql.permissions import SHOWS_WRITTEN, Requires
from app.graphql.types.customer import Customer
from app.graphql.types.customer_input import given_fields
from app.graphql.types.upsert_input import UpsertCustomerRow, UpsertCustomersInput
from app.scheduling.pauses import paced
from app.services.customers.upsert_rows import UpsertRow
from app.services.upsert_customers import UpsertCustomersCommand
from app.services.upsert_customers import upsert_customers as upsert


@strawberry.type(description="The result of one row of a list of customers.")
class UpsertCustomersResult(UpsertedRow):
    """The result of a row."""

    customer: Customer | None = strawberry.field(
        description="The customer in its current state; null if there is none. Without customers-read it is also null"
        " if the row didn't write it, because its `outcome` is UNCHANGED or the list was not written.",
        extensions=SHOWS_WRITTEN,
    )


@strawberry.type(description="What upsertCustomers did, row by row.")
class UpsertCustomersPayload(UpsertFields):
    """The result of a list."""

    results: list[UpsertCustomersResult] = strawberry.field(description=RESULTS)


@strawberry.field(
    description="Synchronize customers with another system: create, update or keep each row of a list, in one"
    " transaction. A row that would move active subscriptions is rejected with"
    " SUBSCRIPTION_TRANSITIONS_REQUIRED unless it acknowledges them. Repeating a list that was written"
    " leaves every row UNCHANGED. Needs customers-write.",
    graphql_type=UpsertCustomersPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def upsert_customers(
    info: Info,
    input: Annotated[UpsertCustomersInput, strawberry.argument(description="The rows.")],  # noqa: A002 - the schema's name
) -> UpsertPayload:
    """Create or change customers by a list of rows, in one transaction."""
    rows = [_row(row) async for row in paced(input.rows)]
    command = UpsertCustomersCommand(tuple(rows), input.on_refusal, input.dry_run, match_by=input.match_by)
    return await carry_out(info, upsert, command, input.idempotency_key)


def _row(given: UpsertCustomerRow) -> UpsertRow:
    transitions = sent(given.subscription_transitions)
    named = None if transitions is None else tuple(transition.subscription_id for transition in transitions)
    return UpsertRow(given_fields(given), named)
