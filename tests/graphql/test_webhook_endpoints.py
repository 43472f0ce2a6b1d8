"""Webhook endpoints and their deliveries as callers read them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.identifiers import new_id
from app.domain.events import EventType
from app.domain.identity import Scope
from app.domain.webhook_fields import ACCOUNT_EVENTS
from app.graphql import feed_cursors
from app.graphql.feed import entity_of
from tests.support.asking import ENGINE, Caller
from tests.support.records import Records, new_company

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DELIVERIES = """query($first: Int, $after: String, $last: Int) {
    webhookEndpoints {
        deliveries(first: $first, after: $after, last: $last) {
            nodes { id } pageInfo { hasNextPage endCursor } totalCount
        }
    }
}"""


async def deliveries(caller: Caller, **page: Any) -> dict[str, Any]:
    """A page of the deliveries of the company's only endpoint."""
    ((endpoint),) = (await caller.data(DELIVERIES, **page))["webhookEndpoints"]
    return endpoint["deliveries"]


async def test_a_company_sees_its_own_endpoints_the_oldest_first(
    caller: Caller, records: Records, owner_engine: AsyncEngine
) -> None:
    others = Records(owner_engine, await new_company(owner_engine))
    await others.webhook_endpoint()
    ids = [
        str(await records.webhook_endpoint(created_at=NOON.replace(hour=hour), **values))
        for hour, values in ((13, {}), (12, {"id": UUID(int=2)}), (12, {"id": UUID(int=1)}))
    ]
    found = (await caller.data("{ webhookEndpoints { id } }"))["webhookEndpoints"]
    assert [endpoint["id"] for endpoint in found] == ids[::-1]


async def test_an_endpoint_shows_what_its_sender_has_noted(caller: Caller, records: Records) -> None:
    await records.webhook_endpoint(
        types=["customer.created"],
        document="subscription { changes { id } }",
        scopes=["customers-read"],
        status="PAUSED",
        paused_reason="FAILING",
        paused_at=NOON,
        position=12,
        attempts=30,
        failing_since=NOON,
        next_attempt_at=NOON,
        lost_from=3,
        lost_to=3,
        previous_secret="whsec_b2xk",  # noqa: S106 - no secret
        previous_secret_until=NOON,
        test_requested_at=NOON,
    )
    document = """{ webhookEndpoints {
        types document scopes status pausedReason pausedAt cursor attempts failingSince nextAttemptAt lostEvents
        previousSecretUntil testRequestedAt
    } }"""
    noon = "2026-06-01T12:00:00.000000Z"
    assert (await caller.sent(document))["webhookEndpoints"] == [
        {
            "types": ["CUSTOMER_CREATED"],
            "document": "subscription { changes { id } }",
            "scopes": ["CUSTOMERS_READ"],
            "status": "PAUSED",
            "pausedReason": "FAILING",
            "pausedAt": noon,
            "cursor": feed_cursors.encode(caller.company_id, 12),
            "attempts": 30,
            "failingSince": noon,
            "nextAttemptAt": noon,
            "lostEvents": 1,
            "previousSecretUntil": noon,
            "testRequestedAt": noon,
        }
    ]


async def test_types_of_a_later_release_are_left_out(caller: Caller, records: Records) -> None:
    endpoint = await records.webhook_endpoint(types=["customer.merged", "customer.created"])
    await records.webhook_delivery(endpoint, event_type="customer.merged")
    document = "{ webhookEndpoints { types deliveries { nodes { eventType } } } }"
    assert (await caller.data(document))["webhookEndpoints"] == [
        {"types": ["CUSTOMER_CREATED"], "deliveries": {"nodes": [{"eventType": None}]}}
    ]


async def test_a_delivery_shows_its_event_and_what_came_of_it(caller: Caller, records: Records) -> None:
    endpoint, event = await records.webhook_endpoint(), new_id()
    failed = {"outcome": "FAILED", "error": "HTTP_STATUS", "http_status": 500, "response": "No", "latency_ms": 250}
    first = await records.webhook_delivery(
        endpoint, id=new_id(), event_id=event, position=7, attempt=2, attempted_at=NOON, **failed
    )
    test = await records.webhook_delivery(
        endpoint, id=new_id(), event_type="webhook.test", position=None, attempted_at=NOON
    )
    shown = """id eventId eventType cursor cursorBefore attempt outcome httpStatus error latencyMs response
        attemptedAt"""
    document = f"{{ webhookEndpoints {{ deliveries {{ nodes {{ {shown} }} }} }} }}"
    ((endpoint_shown),) = (await caller.sent(document))["webhookEndpoints"]
    of_test, of_event = endpoint_shown["deliveries"]["nodes"]
    assert of_event == {
        "id": str(first),
        "eventId": str(event),
        "eventType": "CUSTOMER_CREATED",
        "cursor": feed_cursors.encode(caller.company_id, 7),
        "cursorBefore": feed_cursors.encode(caller.company_id, 6),
        "attempt": 2,
        "outcome": "FAILED",
        "httpStatus": 500,
        "error": "HTTP_STATUS",
        "latencyMs": 250,
        "response": "No",
        "attemptedAt": "2026-06-01T12:00:00.000000Z",
    }
    assert of_test["id"] == str(test)
    assert {of_test[name] for name in ("eventType", "cursor", "cursorBefore", "error", "response")} == {None}


async def test_deliveries_come_in_pages_the_newest_first(caller: Caller, records: Records) -> None:
    endpoint = await records.webhook_endpoint()
    made = [str(await records.webhook_delivery(endpoint, id=UUID(int=place))) for place in range(1, 6)]

    first = await deliveries(caller, first=2)
    assert [delivery["id"] for delivery in first["nodes"]] == made[:2:-1]
    assert (first["pageInfo"]["hasNextPage"], first["totalCount"]) == (True, 5)
    second = await deliveries(caller, first=3, after=first["pageInfo"]["endCursor"])
    assert [delivery["id"] for delivery in second["nodes"]] == made[2::-1]
    assert second["pageInfo"]["hasNextPage"] is False
    last = await deliveries(caller, last=1)
    assert [delivery["id"] for delivery in last["nodes"]] == made[:1]


async def test_deliveries_of_all_endpoints_are_read_in_one_statement(caller: Caller, records: Records) -> None:
    counts: list[int] = []
    for _ in range(2):
        await records.webhook_delivery(await records.webhook_endpoint())
        await caller.data("{ webhookEndpoints { deliveries { nodes { id } } } }")
        counts.append(caller.statements)
    assert counts == [2, 2]


def test_each_of_at_most_twenty_endpoints_counts_as_a_requested_row() -> None:
    operation = ENGINE.prepare("{ webhookEndpoints { deliveries(first: 500) { nodes { id } } } }").select(None)
    assert operation.rows.count({}) == 20 + 20 * 500


def test_the_events_of_accounts_are_those_that_need_the_scope_for_accounts() -> None:
    assert {kind for kind in EventType if entity_of(kind).scope is Scope.ACCOUNTS_READ} == ACCOUNT_EVENTS
