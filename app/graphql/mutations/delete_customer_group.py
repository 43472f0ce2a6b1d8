"""The mutation deleteCustomerGroup."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.group_payloads import GroupPayload, GroupWritten, rejected
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.permissions import Requires
from app.graphql.types.group_input import DeleteCustomerGroupInput
from app.services import customer_groups
from app.services.customer_groups import DeleteCustomerGroupCommand


@strawberry.type(description="What deleteCustomerGroup did, or why it did nothing.")
class DeleteCustomerGroupPayload(GroupPayload):
    """Payload of deleteCustomerGroup."""


@strawberry.field(
    description="Remove a customer group that no customers belong to. Needs customers-write.",
    graphql_type=DeleteCustomerGroupPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def delete_customer_group(
    info: Info,
    input: Annotated[DeleteCustomerGroupInput, strawberry.argument(description="The group to remove.")],  # noqa: A002 - the schema's name
) -> GroupWritten:
    """Remove a customer group in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, DeleteCustomerGroupCommand(fields)
    outcome, replayed = await customer_groups.delete_customer_group(
        context.unit_of_work, context.principal.subject, command, key
    )
    return GroupWritten(outcome, replayed, is_removal=True)
