"""What sends webhooks, put together from the settings."""

from app.engine.execution import Engine
from app.graphql.rules import Rules
from app.graphql.schema import schema
from app.graphql.strawberry_seam import executable
from app.services.webhook_rules import WebhookRules
from app.settings import Settings
from app.webhooks.client import Client
from app.webhooks.documents import DocumentCheck
from app.webhooks.network import PublicNetwork


def webhook_rules(settings: Settings, engine: Engine) -> WebhookRules:
    """Return the rules for endpoints that callers write."""
    return WebhookRules(
        DocumentCheck(engine, Rules(executable(schema))).check,
        allows_http=settings.webhooks_allow_http,
        allows_private=settings.webhooks_allow_private,
    )


def webhook_client(settings: Settings) -> Client:
    """Return the client that sends to receivers."""
    return Client(
        PublicNetwork(allows_private=settings.webhooks_allow_private),
        seconds=settings.webhook_timeout_seconds,
        allows_http=settings.webhooks_allow_http,
    )
