"""What sends webhooks, put together from the settings."""

from app.settings import Settings
from app.webhooks.client import Client
from app.webhooks.network import PublicNetwork


def webhook_client(settings: Settings) -> Client:
    """Return the client that sends to receivers."""
    return Client(
        PublicNetwork(allows_private=settings.webhooks_allow_private),
        seconds=settings.webhook_timeout_seconds,
        allows_http=settings.webhooks_allow_http,
    )
