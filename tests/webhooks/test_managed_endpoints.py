"""Endpoints from their creation by a caller to the receiver: what a mutation changes is what senders do next."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.db.database import Database
from app.domain.events import EventType
from app.services.webhook_rules import WebhookRules
from tests.support.asking import DOCUMENTS, Caller
from tests.support.databases import execute
from tests.support.feed import event, stamp_all, write
from tests.support.receiver import Received, Receiver, answering
from tests.support.records import Records
from tests.support.webhook_endpoints import Endpoints, NewSender, settle

DOCUMENT = "subscription { changes { subject { ... on Customer { name } } } }"
SHOWN = "id url status pausedReason cursor attempts testRequestedAt"
DELIVERIES = """{ webhookEndpoints { attempts deliveries {
    nodes { eventType attempt outcome httpStatus error cursorBefore } } } }"""


@pytest.fixture
def caller(database: Database, endpoints: Endpoints) -> Caller:
    """A caller of the company whose endpoints are removed at the end."""
    rules = WebhookRules(DOCUMENTS.check, allows_http=True, allows_private=True)
    return Caller(database, endpoints.company_id, webhook_rules=rules)


async def ask(caller: Caller, mutation: str, **given: Any) -> dict[str, Any]:
    """The payload of an accepted mutation."""
    secret = "secret" if mutation in {"createWebhookEndpoint", "rotateWebhookSecret"} else ""
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    selection = f"webhookEndpoint {{ {SHOWN} }} errors {{ code path }} {secret}"
    document = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
    payload = (await caller.data(document, input=given))[mutation]
    assert payload["errors"] == []
    return payload


async def created(caller: Caller, receiver: Receiver, **given: Any) -> tuple[str, str]:
    """The id and the secret of a new endpoint at a receiver."""
    url = f"http://127.0.0.1:{receiver.port}/"
    payload = await ask(caller, "createWebhookEndpoint", url=url, **given)
    return payload["webhookEndpoint"]["id"], payload["secret"]


async def deliveries(caller: Caller) -> list[dict[str, Any]]:
    """The deliveries of the only endpoint, the oldest first."""
    ((endpoint),) = (await caller.data(DELIVERIES))["webhookEndpoints"]
    return endpoint["deliveries"]["nodes"][::-1]


async def lost_events(caller: Caller) -> int:
    """The number of events that the only endpoint lost."""
    ((endpoint),) = (await caller.data("{ webhookEndpoints { lostEvents } }"))["webhookEndpoints"]
    return endpoint["lostEvents"]


def is_accepted(request: Received, secret: str) -> bool:
    """Whether a receiver that knows a secret accepts a request."""
    headers: Mapping[str, str] = request.headers
    try:
        Webhook(secret).verify(request.body.decode(), dict(headers))
    except WebhookVerificationError:
        return False
    return True


async def happen(caller: Caller, *types: EventType) -> None:
    """Let events happen."""
    await write(caller.database, caller.company_id, *(event(type_=kind) for kind in types))
    await stamp_all(caller.database)


def types_of(receiver: Receiver) -> list[str]:
    """The types of the events that a receiver got."""
    return [request.json()["type"] for request in receiver.requests]


async def test_an_endpoint_gets_the_events_from_its_creation_on_signed_with_its_secret(
    caller: Caller, new_sender: NewSender, receiver: Receiver, records: Records
) -> None:
    customer = await records.customer(name="Nordlys")
    await happen(caller, EventType.CUSTOMER_CREATED)
    _, secret = await created(caller, receiver, types=["CUSTOMER_UPDATED"], document=DOCUMENT)
    await happen(caller, EventType.CONTACT_CREATED)
    await write(caller.database, caller.company_id, event(customer))
    await stamp_all(caller.database)

    await settle(new_sender())

    (request,) = receiver.requests
    assert is_accepted(request, secret)
    body = request.json()
    assert (body["type"], body["subjectId"]) == ("customer.updated", str(customer))
    assert body["result"] == {"data": {"changes": {"subject": {"name": "Nordlys"}}}}
    (delivery,) = await deliveries(caller)
    assert (delivery["eventType"], delivery["outcome"], delivery["error"]) == ("CUSTOMER_UPDATED", "DELIVERED", None)


async def test_both_secrets_are_accepted_after_a_rotation(
    caller: Caller, new_sender: NewSender, receiver: Receiver
) -> None:
    endpoint, first = await created(caller, receiver)
    second = (await ask(caller, "rotateWebhookSecret", id=endpoint))["secret"]
    await happen(caller, EventType.CUSTOMER_CREATED)
    await settle(new_sender())
    third = (await ask(caller, "rotateWebhookSecret", id=endpoint))["secret"]
    await happen(caller, EventType.CUSTOMER_CREATED)
    await settle(new_sender())

    secrets = (first, second, third)
    accepted = [[is_accepted(request, secret) for secret in secrets] for request in receiver.requests]
    assert accepted == [[True, True, False], [False, True, True]]


async def test_what_is_sent_after_a_rotation_has_both_signatures_also_in_a_begun_turn(
    caller: Caller, new_sender: NewSender, receiver: Receiver
) -> None:
    endpoint, first = await created(caller, receiver)
    seconds: list[str] = []

    async def rotating(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not seconds:
            seconds.append((await ask(caller, "rotateWebhookSecret", id=endpoint))["secret"])
        await answering()(reader, writer)

    receiver.behavior = rotating
    await happen(caller, *[EventType.CUSTOMER_CREATED] * 3)
    await settle(new_sender())
    await settle(new_sender())

    accepted = [[is_accepted(request, secret) for secret in (first, *seconds)] for request in receiver.requests]
    # The request during which it happened has an unknown outcome, so its event is sent again.
    assert accepted == [[True, False], *[[True, True]] * 3]
    assert len({request.json()["id"] for request in receiver.requests}) == 3


async def test_a_paused_endpoint_gets_tests_only_and_then_what_it_has_missed(
    caller: Caller, new_sender: NewSender, receiver: Receiver
) -> None:
    endpoint, secret = await created(caller, receiver)
    await ask(caller, "updateWebhookEndpoint", id=endpoint, status="PAUSED")
    await happen(caller, EventType.CUSTOMER_CREATED, EventType.CONTACT_CREATED)
    assert (await ask(caller, "testWebhookEndpoint", id=endpoint))["webhookEndpoint"]["testRequestedAt"] is not None
    await settle(new_sender())
    assert types_of(receiver) == ["webhook.test"]
    assert is_accepted(receiver.requests[0], secret)

    resumed = await ask(caller, "updateWebhookEndpoint", id=endpoint, status="ACTIVE")
    await settle(new_sender())

    assert resumed["webhookEndpoint"]["testRequestedAt"] is None
    assert types_of(receiver) == ["webhook.test", "customer.created", "contact.created"]
    assert [delivery["eventType"] for delivery in await deliveries(caller)] == [
        *(None, "CUSTOMER_CREATED", "CONTACT_CREATED"),
    ]


async def test_an_event_that_failed_is_sent_again_at_once_after_a_change_of_the_url(
    caller: Caller, new_sender: NewSender, receiver: Receiver, other_receiver: Receiver
) -> None:
    endpoint, _ = await created(caller, receiver)
    receiver.behavior = answering("500 Internal Server Error")
    await happen(caller, EventType.CUSTOMER_CREATED, EventType.CUSTOMER_UPDATED)
    await settle(new_sender())
    assert types_of(receiver) == ["customer.created"]

    url = f"http://127.0.0.1:{other_receiver.port}/"
    changed = await ask(caller, "updateWebhookEndpoint", id=endpoint, url=url)
    await settle(new_sender())

    assert changed["webhookEndpoint"]["attempts"] == 0
    assert types_of(other_receiver) == ["customer.created", "customer.updated"]


async def test_events_are_sent_again_from_a_delivery_on_and_skipped_from_a_later_cursor(
    caller: Caller, new_sender: NewSender, receiver: Receiver
) -> None:
    endpoint, _ = await created(caller, receiver)
    types = [EventType.CUSTOMER_CREATED, EventType.CUSTOMER_UPDATED, EventType.CONTACT_CREATED]
    await happen(caller, *types)
    await settle(new_sender())
    ids = [request.json()["id"] for request in receiver.requests]

    before = (await deliveries(caller))[1]["cursorBefore"]
    await ask(caller, "replayWebhookEndpoint", id=endpoint, after=before)
    await settle(new_sender())
    assert types_of(receiver) == [*types, *types[1:]]
    assert [request.json()["id"] for request in receiver.requests] == [*ids, *ids[1:]]

    await happen(caller, *types)
    latest = (await caller.data("{ feedCursor }"))["feedCursor"]
    await ask(caller, "replayWebhookEndpoint", id=endpoint, after=latest)
    await settle(new_sender())
    assert len(receiver.requests) == 5


async def test_an_endpoint_of_a_receiver_that_was_gone_goes_on_with_the_same_event(
    caller: Caller, new_sender: NewSender, receiver: Receiver
) -> None:
    endpoint, _ = await created(caller, receiver)
    receiver.behavior = answering("410 Gone")
    await happen(caller, EventType.CUSTOMER_CREATED, EventType.CUSTOMER_UPDATED)
    await settle(new_sender())
    shown = await caller.data("{ webhookEndpoints { status pausedReason } }")
    assert shown == {"webhookEndpoints": [{"status": "PAUSED", "pausedReason": "GONE"}]}

    receiver.behavior = answering()
    await ask(caller, "updateWebhookEndpoint", id=endpoint, status="ACTIVE")
    await settle(new_sender())

    assert types_of(receiver) == ["customer.created", "customer.created", "customer.updated"]


async def test_a_caller_sees_how_many_events_an_endpoint_lost_until_it_is_replayed(
    caller: Caller, new_sender: NewSender, receiver: Receiver, owner_dsn: str
) -> None:
    endpoint, _ = await created(caller, receiver)
    await ask(caller, "updateWebhookEndpoint", id=endpoint, status="PAUSED")
    await happen(caller, EventType.CUSTOMER_CREATED, EventType.CUSTOMER_UPDATED, EventType.CONTACT_CREATED)
    aged = "UPDATE outbox_events SET occurred_at = now() - interval '40 days' WHERE position <= 2 AND company_id = "
    await execute(owner_dsn, f"{aged}'{caller.company_id}'")
    await caller.database.feed.expire(datetime.now(UTC) - timedelta(days=30))
    await settle(new_sender())
    assert await lost_events(caller) == 0, "a paused endpoint may still be replayed"

    await ask(caller, "updateWebhookEndpoint", id=endpoint, status="ACTIVE")
    await settle(new_sender())
    assert types_of(receiver) == ["contact.created"]
    assert await lost_events(caller) == 2

    head = (await caller.data("{ feedCursor }"))["feedCursor"]
    await ask(caller, "replayWebhookEndpoint", id=endpoint, after=head)
    assert await lost_events(caller) == 0


async def test_nothing_is_sent_to_an_endpoint_that_was_removed(
    caller: Caller, new_sender: NewSender, receiver: Receiver
) -> None:
    endpoint, _ = await created(caller, receiver)
    await happen(caller, EventType.CUSTOMER_CREATED)
    await ask(caller, "deleteWebhookEndpoint", id=endpoint)
    await settle(new_sender())
    assert receiver.requests == []
