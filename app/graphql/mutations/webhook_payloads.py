"""Payloads of the mutations of webhook endpoints: the endpoint, its new secret and the errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import strawberry

from app.db.webhook_rows import WebhookEndpointRow
from app.domain.errors import Problem, Rejected
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.mutations.member_payloads import ERRORS, REPLAYED
from app.graphql.permissions import SHOWS_WRITTEN_ENDPOINT
from app.graphql.types.webhook_endpoint import WebhookEndpoint
from app.services.webhook_commands import EndpointOutcome
from app.services.webhook_rules import Writer


@dataclass(frozen=True, slots=True)
class EndpointWritten:
    """The source of a payload's fields."""

    outcome: EndpointOutcome | None
    replayed: bool = False
    secret: str | None = None
    errors: tuple[Problem, ...] = ()
    is_removal: bool = False

    @property
    def webhook_endpoint(self) -> WebhookEndpointRow | None:
        """The endpoint."""
        return self.outcome and self.outcome.endpoint

    @property
    def wrote(self) -> bool:
        """Whether this mutation wrote the object that it shows; false for a removal."""
        return self.outcome is not None and self.outcome.wrote and not self.is_removal

    def written_at(self, _path: Sequence[str | int]) -> Mapping[str, object] | None:
        """Return the identity of the endpoint that was written, if one was."""
        row = self.webhook_endpoint
        if not self.wrote or row is None:
            return None
        return {"type": "WebhookEndpoint", "id": str(row.id), "version": row.version}


def rejected(error: Rejected) -> EndpointWritten:
    """Return the payload for Rejected; a version conflict shows the stored object."""
    now = error.current
    return EndpointWritten(now if isinstance(now, EndpointOutcome) else None, errors=error.problems)


def writer_of(info: Info) -> Writer:
    """Return who writes an endpoint, and by which rules."""
    return Writer(info.context.principal.scopes, info.context.webhook_rules)


@strawberry.type
class WebhookEndpointPayload:
    """The fields of every payload."""

    webhook_endpoint: WebhookEndpoint | None = strawberry.field(
        description="The endpoint in its current state, or its last state if it was removed; null if the mutation was"
        " rejected, except for VERSION_CONFLICT with webhooks-read, which shows the stored object. Without webhooks-read"
        " it is also null if nothing changed or it was removed; `errors` is then empty.",
        extensions=SHOWS_WRITTEN_ENDPOINT,
    )
    replayed: bool = strawberry.field(description=REPLAYED)
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type
class WebhookSecretPayload(WebhookEndpointPayload):
    """The fields of payloads that show a new secret."""

    secret: str | None = strawberry.field(
        description="The new secret, with which events are signed by Standard Webhooks: `whsec_` and 32 bytes in Base64."
        " Store it: it is shown only here. Null if the mutation was rejected or replayed."
    )
