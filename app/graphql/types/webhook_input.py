"""The inputs of the mutations of webhook endpoints."""

import strawberry

from app.graphql.types.controls import FIELD_CODES, IDEMPOTENCY_KEY, VALUE_CODES
from app.graphql.types.enums import ChangeEventType, WebhookStatus

_URL = (
    "Where events are sent, at most 2,048 characters: an https URL without user name and fragment. It must not lead into"
    " a private network: WEBHOOK_URL_NOT_ALLOWED."
)
_TYPES = (
    "The types of the events that are sent, at most 50; null for all that the credential may read. Types of ledger accounts need"
    " accounts-read: WEBHOOK_SCOPE_REQUIRED."
)
_DOCUMENT = (
    "What each event shows besides its envelope: a subscription to `changes` without arguments and variables, such as"
    " `subscription { changes { subject { ... on Customer { name } } } }`, at most 10,000 characters."
    " WEBHOOK_DOCUMENT_INVALID if it isn't valid, WEBHOOK_SCOPE_REQUIRED if it selects what the credential may not read."
)
_ID = "The endpoint's id. WEBHOOK_ENDPOINT_NOT_FOUND if it doesn't exist in the company."
_EXPECTED_VERSION = (
    "The expected version of the endpoint. If it has another one, the mutation is rejected with VERSION_CONFLICT, and"
    " the payload shows the stored endpoint. `changedFields` is empty: endpoints have no history."
)
_SHOWN_ONCE = " A replayed answer shows no secret."


@strawberry.input(
    description="A webhook endpoint to create; a company has at most 20 (WEBHOOK_ENDPOINT_LIMIT_EXCEEDED). It gets the"
    " events from now on." + FIELD_CODES
)
class CreateWebhookEndpointInput:
    """Input of a creation."""

    url: str = strawberry.field(description=_URL)
    types: strawberry.Maybe[list[ChangeEventType] | None] = strawberry.field(description=f"{_TYPES} Default: null.")
    document: strawberry.Maybe[str | None] = strawberry.field(description=f"{_DOCUMENT} Default: null.")
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY + _SHOWN_ONCE)


@strawberry.input(
    description="The changes of a webhook endpoint. A field that is left out keeps its value. If the URL, the types or"
    " the document change, the events show from then on what the credential of this request may read." + FIELD_CODES
)
class UpdateWebhookEndpointInput:
    """Input of an update."""

    id: strawberry.ID = strawberry.field(description=_ID)
    url: strawberry.Maybe[str | None] = strawberry.field(description=f"{_URL} Not null.")
    types: strawberry.Maybe[list[ChangeEventType] | None] = strawberry.field(description=_TYPES)
    document: strawberry.Maybe[str | None] = strawberry.field(description=_DOCUMENT)
    status: strawberry.Maybe[WebhookStatus | None] = strawberry.field(
        description="PAUSED stops sending, ACTIVE goes on where it stopped. Not null."
    )
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=_EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="A webhook endpoint to remove." + VALUE_CODES)
class DeleteWebhookEndpointInput:
    """Input of a removal."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=_EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="A webhook endpoint to give a new secret." + VALUE_CODES)
class RotateWebhookSecretInput:
    """Input of a rotation."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: strawberry.Maybe[int | None] = strawberry.field(description=_EXPECTED_VERSION)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY + _SHOWN_ONCE)


@strawberry.input(description="A webhook endpoint to send a test event to." + VALUE_CODES)
class TestWebhookEndpointInput:
    """Input of a test."""

    # pytest takes classes with such a name for tests.
    __test__ = False

    id: strawberry.ID = strawberry.field(description=_ID)
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.input(description="A webhook endpoint to send events to again." + VALUE_CODES)
class ReplayWebhookEndpointInput:
    """Input of a replay."""

    id: strawberry.ID = strawberry.field(description=_ID)
    after: str = strawberry.field(
        description="A cursor of the feed: the events after it are sent. A later cursor than that of the endpoint skips"
        " the events in between. INVALID_CURSOR if it comes from elsewhere, FEED_CURSOR_EXPIRED if the events after it"
        " are no longer kept."
    )
    idempotency_key: strawberry.Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)
