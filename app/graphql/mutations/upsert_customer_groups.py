"""The mutation upsertCustomerGroups."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.arguments import sent_fields
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.upsert_payloads import RESULTS, UpsertedRow, UpsertFields, UpsertPayload, carry_out, rejected
from app.graphql.permissions import SHOWS_WRITTEN, Requires
from app.graphql.types.customer_group_rows import UpsertCustomerGroupsInput
from app.graphql.types.group import CustomerGroup
from app.scheduling.pauses import paced
from app.services.upsert_groups import UpsertCustomerGroupsCommand
from app.services.upsert_groups import upsert_customer_groups as upsert


@strawberry.type(description="The result of one row of a list of customer groups.")
class UpsertCustomerGroupsResult(UpsertedRow):
    """The result of a row."""

    customer_group: CustomerGroup | None = strawberry.field(
        description="The customer group in its current state; null if there is none. Without customers-read it is"
        " also null if the row didn't write it, because its `outcome` is UNCHANGED or the list was not written.",
        extensions=SHOWS_WRITTEN,
    )


@strawberry.type(description="What upsertCustomerGroups did, row by row.")
class UpsertCustomerGroupsPayload(UpsertFields):
    """The result of a list."""

    results: list[UpsertCustomerGroupsResult] = strawberry.field(description=RESULTS)


@strawberry.field(
    description="Synchronize customer groups with another system: create, update or keep each row of a list, in one"
    " transaction. Repeating a list that was written leaves every row UNCHANGED. Needs customers-write.",
    graphql_type=UpsertCustomerGroupsPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def upsert_customer_groups(
    info: Info,
    input: Annotated[UpsertCustomerGroupsInput, strawberry.argument(description="The rows.")],  # noqa: A002 - the schema's name
) -> UpsertPayload:
    """Create or change customer groups by a list of rows, in one transaction."""
    rows = [sent_fields(row) async for row in paced(input.rows)]
    command = UpsertCustomerGroupsCommand(tuple(rows), input.on_refusal, input.dry_run)
    return await carry_out(info, upsert, command, input.idempotency_key)
