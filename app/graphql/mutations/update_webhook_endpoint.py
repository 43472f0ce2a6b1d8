"""The mutation updateWebhookEndpoint."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.webhook_payloads import EndpointWritten, WebhookEndpointPayload, rejected, writer_of
from app.graphql.permissions import Requires
from app.graphql.types.webhook_input import UpdateWebhookEndpointInput
from app.services import webhook_endpoints
from app.services.webhook_commands import UpdateWebhookEndpointCommand


@strawberry.type(description="What updateWebhookEndpoint did, or why it did nothing.")
class UpdateWebhookEndpointPayload(WebhookEndpointPayload):
    """Payload of updateWebhookEndpoint."""


@strawberry.field(
    description="Change a webhook endpoint, pause it, or let it go on: only the fields that are sent. Needs webhooks-write"
    " and customers-read.",
    graphql_type=UpdateWebhookEndpointPayload | None,
    extensions=[Requires(Scope.WEBHOOKS_WRITE, Scope.CUSTOMERS_READ), ReportsProblems(rejected)],
)
async def update_webhook_endpoint(
    info: Info,
    input: Annotated[UpdateWebhookEndpointInput, strawberry.argument(description="The changes.")],  # noqa: A002 - the schema's name
) -> EndpointWritten:
    """Change an endpoint in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, UpdateWebhookEndpointCommand(fields)
    return EndpointWritten(
        *await webhook_endpoints.update_webhook_endpoint(context.unit_of_work, writer_of(info), command, key)
    )
