"""The mutation updateCustomerGroup."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.group_payloads import GroupPayload, GroupWritten, rejected
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.permissions import Requires
from app.graphql.types.group_input import UpdateCustomerGroupInput
from app.services import customer_groups
from app.services.customer_groups import UpdateCustomerGroupCommand


@strawberry.type(description="What updateCustomerGroup did, or why it did nothing.")
class UpdateCustomerGroupPayload(GroupPayload):
    """Payload of updateCustomerGroup."""


@strawberry.field(
    description="Change a customer group: only the fields that are sent. Needs customers-write.",
    graphql_type=UpdateCustomerGroupPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def update_customer_group(
    info: Info,
    input: Annotated[UpdateCustomerGroupInput, strawberry.argument(description="The changes.")],  # noqa: A002 - the schema's name
) -> GroupWritten:
    """Change a customer group in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, UpdateCustomerGroupCommand(fields)
    return GroupWritten(
        *await customer_groups.update_customer_group(context.unit_of_work, context.principal.subject, command, key)
    )
