"""The headers of a delivery, signed as Standard Webhooks describes (https://www.standardwebhooks.com)."""

from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

from app import __version__
from app.webhooks.client import Headers

_USER_AGENT = f"customer-gateway/{__version__}".encode()


def signed(message_id: str, sent_at: datetime, body: bytes, secrets: Sequence[str]) -> Headers:
    """Return the headers of a message, with a signature for each secret: receivers accept any that they know.

    `sent_at` is in UTC. Receivers reject messages whose time differs from their clocks by more than five minutes, so
    each attempt has its own.
    """
    text = body.decode()
    signatures = " ".join(Webhook(secret).sign(message_id, sent_at, text) for secret in secrets)
    return (
        (b"content-type", b"application/json"),
        (b"user-agent", _USER_AGENT),
        (b"webhook-id", message_id.encode()),
        (b"webhook-timestamp", b"%d" % sent_at.timestamp()),
        (b"webhook-signature", signatures.encode()),
    )
