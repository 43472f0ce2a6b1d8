"""What judges and sends webhooks, put together from the settings."""

from app.db.database import Database
from app.engine.execution import Engine
from app.graphql.rules import Rules
from app.graphql.schema import schema
from app.graphql.strawberry_seam import executable
from app.services.webhook_rules import WebhookRules
from app.settings import Settings
from app.web.streaming import rendered
from app.webhooks.client import Client
from app.webhooks.deliveries import Deliveries
from app.webhooks.documents import DocumentCheck
from app.webhooks.messages import Messages, OpenContext
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


def deliveries_of(settings: Settings, database: Database, engine: Engine, open_context: OpenContext) -> Deliveries:
    """Return the job that sends webhooks."""
    messages = Messages(engine, open_context, rendered, most_bytes=settings.webhook_max_result_bytes)
    return Deliveries(database, webhook_client(settings), messages, concurrency=settings.webhook_concurrency)
