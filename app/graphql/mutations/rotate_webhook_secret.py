"""The mutation rotateWebhookSecret."""

from typing import Annotated

import strawberry

from app.domain.identity import Scope
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.mutations.input_fields import fields_and_key
from app.graphql.mutations.webhook_payloads import EndpointWritten, WebhookSecretPayload, rejected
from app.graphql.permissions import Requires
from app.graphql.types.webhook_input import RotateWebhookSecretInput
from app.services import webhook_endpoints
from app.services.webhook_commands import RotateWebhookSecretCommand


@strawberry.type(description="What rotateWebhookSecret did, or why it did nothing.")
class RotateWebhookSecretPayload(WebhookSecretPayload):
    """Payload of rotateWebhookSecret."""


@strawberry.field(
    description="Give a webhook endpoint a new secret. For a day, events are signed with the one before it as well; older ones"
    " end at once. Needs webhooks-write.",
    graphql_type=RotateWebhookSecretPayload | None,
    extensions=[Requires(Scope.WEBHOOKS_WRITE), ReportsProblems(rejected)],
)
async def rotate_webhook_secret(
    info: Info,
    input: Annotated[RotateWebhookSecretInput, strawberry.argument(description="The endpoint.")],  # noqa: A002 - the schema's name
) -> EndpointWritten:
    """Replace the secret in one transaction; return what the payload shows."""
    fields, key = fields_and_key(input)
    context, command = info.context, RotateWebhookSecretCommand(fields)
    outcome, replayed, secret = await webhook_endpoints.rotate_webhook_secret(context.unit_of_work, command, key)
    return EndpointWritten(outcome, replayed, secret)
