"""The mutation replayWebhookEndpoint."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql import feed_cursors
from app.graphql.arguments import Problems
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.webhook_payloads import EndpointWritten, WebhookEndpointPayload, rejected
from app.graphql.permissions import Requires
from app.graphql.types.webhook_input import ReplayWebhookEndpointInput
from app.services import webhook_endpoints
from app.services.webhook_commands import ReplayWebhookEndpointCommand


@strawberry.type(description="What replayWebhookEndpoint did, or why it did nothing.")
class ReplayWebhookEndpointPayload(WebhookEndpointPayload):
    """Payload of replayWebhookEndpoint."""


@strawberry.field(
    description="Send the events after a cursor to a webhook endpoint, in their order, as if they hadn't been sent before."
    " Needs webhooks-write.",
    graphql_type=ReplayWebhookEndpointPayload | None,
    extensions=[Requires(Scope.WEBHOOKS_WRITE), ReportsProblems(rejected)],
)
async def replay_webhook_endpoint(
    info: Info,
    input: Annotated[ReplayWebhookEndpointInput, strawberry.argument(description="The endpoint, and where to begin.")],  # noqa: A002 - the schema's name
) -> EndpointWritten:
    """Move the endpoint in the feed in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, ReplayWebhookEndpointCommand(fields)
    company_id = context.principal.company_id

    def position_of(cursor: str) -> int | None:
        return feed_cursors.decode(cursor, company_id, (), Problems())

    return EndpointWritten(
        *await webhook_endpoints.replay_webhook_endpoint(context.unit_of_work, command, key, position_of)
    )
