"""The commands and results of writes of webhook endpoints."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from app.db.webhook_rows import WebhookEndpointRow
from app.domain.webhook_fields import canonical
from app.services.commands import Command


class EndpointCommand(Command):
    """The input of a write of an endpoint."""

    @property
    def canonical(self) -> Self:
        """The command with its values in their stored form."""
        return replace(self, given=canonical(self.given))


class CreateWebhookEndpointCommand(EndpointCommand):
    """An endpoint to create."""


class UpdateWebhookEndpointCommand(EndpointCommand):
    """An endpoint to change."""


class DeleteWebhookEndpointCommand(EndpointCommand):
    """An endpoint to delete."""


class RotateWebhookSecretCommand(EndpointCommand):
    """An endpoint to give a new secret."""


class SendTestEventCommand(EndpointCommand):
    """An endpoint to send a test event to."""


class ReplayWebhookEndpointCommand(EndpointCommand):
    """An endpoint to send events to again."""


@dataclass(frozen=True, slots=True)
class EndpointOutcome:
    """The endpoint after the write, or before its removal."""

    endpoint: WebhookEndpointRow
    wrote: bool = True
    """False if nothing was written because nothing changed."""


EndpointResult = tuple[EndpointOutcome, bool]
"""The outcome, and whether it was replayed."""


class SecretResult(NamedTuple):
    """The result of a write that made a secret."""

    outcome: EndpointOutcome
    replayed: bool
    secret: str | None
    """None if the outcome was replayed."""
