"""The mutation testWebhookEndpoint."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.webhook_payloads import EndpointWritten, WebhookEndpointPayload, rejected
from app.graphql.permissions import Requires
from app.graphql.types.webhook_input import TestWebhookEndpointInput
from app.services import webhook_endpoints
from app.services.webhook_commands import SendTestEventCommand


@strawberry.type(description="What testWebhookEndpoint did, or why it did nothing.")
class TestWebhookEndpointPayload(WebhookEndpointPayload):
    """Payload of testWebhookEndpoint."""


@strawberry.field(
    description="Send a test event to a webhook endpoint soon, also to a paused one. `deliveries` shows what came of it."
    " Needs webhooks-write.",
    graphql_type=TestWebhookEndpointPayload | None,
    extensions=[Requires(Scope.WEBHOOKS_WRITE), ReportsProblems(rejected)],
)
async def test_webhook_endpoint(
    info: Info,
    input: Annotated[TestWebhookEndpointInput, strawberry.argument(description="The endpoint.")],  # noqa: A002 - the schema's name
) -> EndpointWritten:
    """Ask for a test event in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, SendTestEventCommand(fields)
    return EndpointWritten(*await webhook_endpoints.send_test_event(context.unit_of_work, command, key))
