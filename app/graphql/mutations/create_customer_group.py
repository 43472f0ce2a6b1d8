"""The mutation createCustomerGroup."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.group_payloads import GroupPayload, GroupWritten, rejected
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.permissions import Requires
from app.graphql.types.group_input import CreateCustomerGroupInput
from app.services import customer_groups
from app.services.customer_groups import CreateCustomerGroupCommand


@strawberry.type(description="What createCustomerGroup did, or why it did nothing.")
class CreateCustomerGroupPayload(GroupPayload):
    """Payload of createCustomerGroup."""


@strawberry.field(
    description="Create a customer group. Needs customers-write.",
    graphql_type=CreateCustomerGroupPayload | None,
    extensions=[Requires(Scope.CUSTOMERS_WRITE), ReportsProblems(rejected)],
)
async def create_customer_group(
    info: Info,
    input: Annotated[CreateCustomerGroupInput, strawberry.argument(description="The group to create.")],  # noqa: A002 - the schema's name
) -> GroupWritten:
    """Create a customer group in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, CreateCustomerGroupCommand(fields)
    return GroupWritten(
        *await customer_groups.create_customer_group(context.unit_of_work, context.principal.subject, command, key)
    )
