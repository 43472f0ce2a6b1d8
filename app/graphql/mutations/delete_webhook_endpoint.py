"""The mutation deleteWebhookEndpoint."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.webhook_payloads import EndpointWritten, WebhookEndpointPayload, rejected
from app.graphql.permissions import Requires
from app.graphql.types.webhook_input import DeleteWebhookEndpointInput
from app.services import webhook_endpoints
from app.services.webhook_commands import DeleteWebhookEndpointCommand


@strawberry.type(description="What deleteWebhookEndpoint did, or why it did nothing.")
class DeleteWebhookEndpointPayload(WebhookEndpointPayload):
    """Payload of deleteWebhookEndpoint."""


@strawberry.field(
    description="Remove a webhook endpoint and what is known of its deliveries. Needs webhooks-write.",
    graphql_type=DeleteWebhookEndpointPayload | None,
    extensions=[Requires(Scope.WEBHOOKS_WRITE), ReportsProblems(rejected)],
)
async def delete_webhook_endpoint(
    info: Info,
    input: Annotated[DeleteWebhookEndpointInput, strawberry.argument(description="The endpoint to remove.")],  # noqa: A002 - the schema's name
) -> EndpointWritten:
    """Remove an endpoint in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, DeleteWebhookEndpointCommand(fields)
    outcome, replayed = await webhook_endpoints.delete_webhook_endpoint(context.unit_of_work, command, key)
    return EndpointWritten(outcome, replayed, is_removal=True)
