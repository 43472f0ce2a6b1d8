"""The mutation createWebhookEndpoint."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.webhook_payloads import EndpointWritten, WebhookSecretPayload, rejected, writer_of
from app.graphql.permissions import Requires
from app.graphql.types.webhook_input import CreateWebhookEndpointInput
from app.services import webhook_endpoints
from app.services.webhook_commands import CreateWebhookEndpointCommand


@strawberry.type(description="What createWebhookEndpoint did, or why it did nothing.")
class CreateWebhookEndpointPayload(WebhookSecretPayload):
    """Payload of createWebhookEndpoint."""


@strawberry.field(
    description="Create a webhook endpoint; at most 20 (WEBHOOK_ENDPOINT_LIMIT_EXCEEDED). Its events show what the"
    " credential may read, also after the credential has ended. Needs webhooks-write and customers-read.",
    graphql_type=CreateWebhookEndpointPayload | None,
    extensions=[Requires(Scope.WEBHOOKS_WRITE, Scope.CUSTOMERS_READ), ReportsProblems(rejected)],
)
async def create_webhook_endpoint(
    info: Info,
    input: Annotated[CreateWebhookEndpointInput, strawberry.argument(description="The endpoint to create.")],  # noqa: A002 - the schema's name
) -> EndpointWritten:
    """Create an endpoint in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, CreateWebhookEndpointCommand(fields)
    outcome, replayed, secret = await webhook_endpoints.create_webhook_endpoint(
        context.unit_of_work, writer_of(info), command, key
    )
    return EndpointWritten(outcome, replayed, secret)
