"""Deliveries: each event at least once and in order, whatever the receiver does."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from app.background.clean_up import CleanUp
from app.background.runner import Background
from app.db.database import Database
from app.db.unit_of_work import WriteSession
from app.db.webhook_sending import Lease, extend
from app.domain.events import EventType
from app.domain.identity import Scope
from app.unavailable import DatabaseUnavailable
from app.webhooks.deliveries import Deliveries
from tests.support.databases import execute
from tests.support.feed import event, stamp_all, write
from tests.support.receiver import Receiver, answering, silent, waiting, writing
from tests.support.until import until
from tests.support.webhook_endpoints import Endpoints, NewSender, end_turns, settle
from tests.support.webhook_secrets import EARLIER, SECRET

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


def url_of(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/hook"


@pytest.fixture
def sender(new_sender: NewSender) -> Deliveries:
    """The only sender."""
    return new_sender()


@pytest.fixture
async def events(database: Database, company: UUID) -> list[UUID]:
    """The subjects of three events, which have the positions 1 to 3."""
    subjects = [uuid4() for _ in range(3)]
    for number, subject in enumerate(subjects, 1):
        await write(database, company, event(subject, version=number))
    await stamp_all(database)
    return subjects


async def test_events_are_delivered_in_order_with_their_envelopes_and_recorded(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    endpoint = await endpoints.add(url_of(receiver))

    await settle(sender)

    bodies = [Webhook(SECRET).verify(request.body, request.headers) for request in receiver.requests]
    assert [body["subjectId"] for body in bodies] == [str(subject) for subject in events]
    assert [body["version"] for body in bodies] == [1, 2, 3]
    first = bodies[0]
    assert {name: first[name] for name in ("type", "companyId", "customerId", "actor", "changedFields")} == {
        "type": "customer.updated",
        "companyId": str(endpoints.company_id),
        "customerId": str(events[0]),
        "actor": "someone",
        "changedFields": [],
    }
    assert first["data"]["version"] == 1
    assert datetime.now(UTC) - datetime.fromisoformat(first["occurredAt"]) < timedelta(minutes=5)
    assert len({body["cursor"] for body in bodies}) == 3
    assert [request.headers["webhook-id"] for request in receiver.requests] == [body["id"] for body in bodies]
    assert receiver.connections == 1
    stored = await endpoints.of(endpoint)
    assert (stored["position"], stored["attempts"], stored["leased_by"]) == (3, 0, None)
    assert await endpoints.outcomes(endpoint) == [(position, 1, None, 204) for position in (1, 2, 3)]


async def test_a_failed_event_is_repeated_and_later_ones_wait(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    receiver.behavior = answering("500 Internal Server Error", b"broken\0")
    endpoint = await endpoints.add(url_of(receiver))

    await settle(sender)

    stored = await endpoints.of(endpoint)
    assert (stored["position"], stored["attempts"], stored["status"]) == (0, 1, "ACTIVE")
    assert timedelta(seconds=3) < stored["next_attempt_at"] - stored["failing_since"] < timedelta(seconds=8)
    (failed,) = await endpoints.deliveries(endpoint)
    assert (failed["outcome"], failed["error"], failed["response"]) == ("FAILED", "HTTP_STATUS", "broken\ufffd")
    # Not before the time of the next attempt.
    await settle(sender)
    assert len(receiver.requests) == 1
    receiver.behavior = answering()
    await endpoints.change(endpoint, next_attempt_at=datetime.now(UTC))
    await settle(sender)
    assert [request.json()["version"] for request in receiver.requests] == [1, 1, 2, 3]
    first, again = receiver.requests[:2]
    assert (first.body, first.headers["webhook-id"]) == (again.body, again.headers["webhook-id"])
    stored = await endpoints.of(endpoint)
    assert (stored["position"], stored["attempts"], stored["failing_since"]) == (3, 0, None)
    assert [attempt for _, attempt, _, _ in await endpoints.outcomes(endpoint)] == [1, 2, 1, 1]
    assert events


async def test_attempts_are_counted_and_waits_grow(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    receiver.behavior = answering("307 Temporary Redirect", location="/elsewhere")
    endpoint = await endpoints.add(url_of(receiver))
    waits: list[float] = []
    for _ in range(4):
        await endpoints.change(endpoint, next_attempt_at=None)
        await settle(sender)
        stored = await endpoints.of(endpoint)
        waits.append((stored["next_attempt_at"] - datetime.now(UTC)).total_seconds())

    assert [round(wait / expected) for wait, expected in zip(waits, (5, 30, 120, 600), strict=True)] == [1, 1, 1, 1]
    assert await endpoints.outcomes(endpoint) == [(1, attempt, "REDIRECT", 307) for attempt in (1, 2, 3, 4)]
    assert events


async def test_after_a_day_of_failures_an_endpoint_is_paused_and_resumes_where_it_stood(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    receiver.behavior = writing(b"", closes=True)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    endpoint = await endpoints.add(url_of(receiver), attempts=27, failing_since=yesterday)

    await settle(sender)

    stored = await endpoints.of(endpoint)
    assert (stored["status"], stored["paused_reason"], stored["position"]) == ("PAUSED", "FAILING", 0)
    assert stored["version"] == 2
    assert stored["paused_at"] > yesterday
    assert await endpoints.outcomes(endpoint) == [(1, 28, "INVALID_ANSWER", None)]
    receiver.behavior = answering()
    await settle(sender)
    assert len(receiver.requests) == 1
    resumed = {"status": "ACTIVE", "paused_reason": None, "paused_at": None, "attempts": 0, "failing_since": None}
    await endpoints.change(endpoint, **resumed)
    await settle(sender)
    assert [request.json()["version"] for request in receiver.requests] == [1, 1, 2, 3]
    assert events


async def test_a_receiver_that_is_gone_pauses_its_endpoint_at_once(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    receiver.behavior = answering("410 Gone")
    endpoint = await endpoints.add(url_of(receiver))

    await settle(sender)

    stored = await endpoints.of(endpoint)
    assert (stored["status"], stored["paused_reason"], stored["position"]) == ("PAUSED", "GONE", 0)
    assert await endpoints.outcomes(endpoint) == [(1, 1, "HTTP_STATUS", 410)]
    assert events


async def test_a_slow_or_failing_endpoint_delays_no_other(
    new_sender: NewSender, endpoints: Endpoints, receiver: Receiver, other_receiver: Receiver, events: list[UUID]
) -> None:
    sender = new_sender(webhook_timeout_seconds=3)
    other_receiver.behavior = silent()
    slow = await endpoints.add(url_of(other_receiver))
    good = await endpoints.add(url_of(receiver))

    await sender.run_once()
    await receiver.until(3)
    await other_receiver.until(1)

    assert (await endpoints.deliveries(slow), len(other_receiver.requests)) == ([], 1)
    await settle(sender)
    assert await endpoints.outcomes(slow) == [(1, 1, "TIMEOUT", None)]
    assert len(await endpoints.outcomes(good)) == len(events)


async def test_a_redirect_is_not_followed_and_the_event_is_sent_again(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, other_receiver: Receiver, events: list[UUID]
) -> None:
    receiver.behavior = answering("307 Temporary Redirect", location=url_of(other_receiver))
    endpoint = await endpoints.add(url_of(receiver))
    await settle(sender)
    assert await endpoints.outcomes(endpoint) == [(1, 1, "REDIRECT", 307)]

    receiver.behavior = answering()
    await endpoints.change(endpoint, next_attempt_at=None)
    await settle(sender)

    assert [request.json()["subjectId"] for request in receiver.requests] == [str(events[0]), *map(str, events)]
    assert other_receiver.connections == 0


async def test_a_host_with_a_private_address_is_not_reached(
    new_sender: NewSender, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    endpoint = await endpoints.add(f"http://localhost:{receiver.port}/")

    await settle(new_sender(webhooks_allow_private=False))

    assert await endpoints.outcomes(endpoint) == [(1, 1, "REFUSED_ADDRESS", None)]
    assert (receiver.connections, len(events)) == (0, 3)


async def test_events_that_an_endpoint_skips_advance_it_without_deliveries(
    sender: Deliveries, database: Database, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    endpoint = await endpoints.add(url_of(receiver), types=[EventType.CONTACT_DELETED])

    await settle(sender)

    stored = await endpoints.of(endpoint)
    assert (stored["position"], await endpoints.deliveries(endpoint)) == (3, [])
    # It rests, so that a busy company causes a write per second, not per event.
    await write(
        database, endpoints.company_id, event(type_=EventType.CONTACT_DELETED, customerId=str(uuid4())), event()
    )
    await stamp_all(database)
    await settle(sender)
    assert (await endpoints.of(endpoint))["position"] == 3
    await endpoints.change(endpoint, next_attempt_at=datetime.now(UTC))
    await settle(sender)
    assert [request.json()["type"] for request in receiver.requests] == ["contact.deleted"]
    assert (await endpoints.of(endpoint))["position"] == 5
    assert (await endpoints.outcomes(endpoint), len(events)) == ([(4, 1, None, 204)], 3)


async def test_events_that_the_creator_might_not_read_are_not_sent(
    sender: Deliveries, database: Database, endpoints: Endpoints, receiver: Receiver
) -> None:
    await write(database, endpoints.company_id, event(type_=EventType.LEDGER_ACCOUNT_CREATED), event())
    await stamp_all(database)
    endpoint = await endpoints.add(url_of(receiver), scopes=[Scope.CUSTOMERS_READ])

    await settle(sender)

    assert await endpoints.outcomes(endpoint) == [(2, 1, None, 204)]
    assert [request.json()["type"] for request in receiver.requests] == ["customer.updated"]


async def test_events_of_other_companies_are_not_sent(
    sender: Deliveries,
    database: Database,
    owner_engine: AsyncEngine,
    endpoints: Endpoints,
    receiver: Receiver,
    other_receiver: Receiver,
    other_company: UUID,
    events: list[UUID],
) -> None:
    await endpoints.add(url_of(receiver))
    others = Endpoints(owner_engine, other_company)
    await others.add(url_of(other_receiver))
    await write(database, other_company, event())
    await stamp_all(database)

    await settle(sender)

    assert {request.json()["companyId"] for request in receiver.requests} == {str(endpoints.company_id)}
    assert {request.json()["companyId"] for request in other_receiver.requests} == {str(other_company)}
    assert (len(receiver.requests), len(other_receiver.requests)) == (len(events), 1)


async def test_an_endpoint_behind_the_retention_says_what_it_lost_and_goes_on(
    sender: Deliveries, database: Database, owner_dsn: str, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    endpoint = await endpoints.add(url_of(receiver))
    aged = "UPDATE outbox_events SET occurred_at = now() - interval '40 days' WHERE position <= 2 AND company_id = "
    await execute(owner_dsn, f"{aged}'{endpoints.company_id}'")
    await database.feed.expire(datetime.now(UTC) - timedelta(days=30))

    await settle(sender)

    stored = await endpoints.of(endpoint)
    assert (stored["lost_from"], stored["lost_to"], stored["position"]) == (1, 2, 3)
    assert [request.json()["subjectId"] for request in receiver.requests] == [str(events[2])]


async def test_deliveries_are_deleted_with_the_events_of_their_time(
    sender: Deliveries, database: Database, owner_dsn: str, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    endpoint = await endpoints.add(url_of(receiver))
    await settle(sender)
    aged = "UPDATE webhook_deliveries SET attempted_at = now() - interval '31 days' WHERE position < 3"
    await execute(owner_dsn, aged)

    await CleanUp(database.feed, retention_days=32).run_once()
    assert len(await endpoints.deliveries(endpoint)) == len(events)
    await CleanUp(database.feed, retention_days=30).run_once()
    assert await endpoints.outcomes(endpoint) == [(3, 1, None, 204)]


async def test_a_rotated_secret_and_the_one_before_sign_for_a_day(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, other_receiver: Receiver, events: list[UUID]
) -> None:
    now = datetime.now(UTC)
    await endpoints.add(url_of(receiver), previous_secret=EARLIER, previous_secret_until=now + timedelta(hours=1))
    await endpoints.add(url_of(other_receiver), previous_secret=EARLIER, previous_secret_until=now)

    await settle(sender)

    for secret in (SECRET, EARLIER):
        assert Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)
    assert [len(request.headers["webhook-signature"].split()) for request in other_receiver.requests] == [1, 1, 1]
    assert events


@pytest.mark.parametrize("status", ["ACTIVE", "PAUSED"])
async def test_a_requested_test_is_sent_once_whatever_comes_of_it(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, status: str
) -> None:
    receiver.behavior = answering("500 No")
    paused = {"paused_reason": "FAILING", "paused_at": datetime.now(UTC)} if status == "PAUSED" else {}
    endpoint = await endpoints.add(
        url_of(receiver), test_requested_at=datetime.now(UTC), status=status, document="subscription {", **paused
    )

    await settle(sender)

    (request,) = receiver.requests
    body = Webhook(SECRET).verify(request.body, request.headers)
    assert (body["type"], body["subjectId"], body["cursor"]) == ("webhook.test", str(endpoint), None)
    stored = await endpoints.of(endpoint)
    assert (stored["test_requested_at"], stored["attempts"], stored["status"]) == (None, 0, status)
    assert await endpoints.outcomes(endpoint) == [(None, 1, "HTTP_STATUS", 500)]


async def test_a_test_of_a_failing_endpoint_does_not_repeat_its_event_earlier(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    now = datetime.now(UTC)
    waiting = {"attempts": 2, "failing_since": now, "next_attempt_at": now + timedelta(hours=1)}
    endpoint = await endpoints.add(url_of(receiver), test_requested_at=now, **waiting)

    await settle(sender)

    assert [request.json()["type"] for request in receiver.requests] == ["webhook.test"]
    stored = await endpoints.of(endpoint)
    assert {name: stored[name] for name in waiting} == waiting
    assert events


async def test_of_two_senders_one_sends(
    new_sender: NewSender, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    receiver.behavior = silent(0.05)
    endpoint = await endpoints.add(url_of(receiver))

    await settle(*(new_sender() for _ in range(4)))

    assert [request.json()["version"] for request in receiver.requests] == [1, 2, 3]
    assert (await endpoints.of(endpoint))["position"] == len(events)


@pytest.mark.parametrize(
    "change",
    [
        {"leased_by": None},
        {"leased_by": uuid4()},
        {"leased_until": datetime(2026, 1, 1, tzinfo=UTC)},
        {"position": 2},
    ],
    ids=["taken away", "of another sender", "expired", "moved"],
)
async def test_a_sender_that_lost_its_lease_writes_nothing_and_sends_nothing_more(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID], change: dict[str, Any]
) -> None:
    released = asyncio.Event()
    receiver.behavior = waiting(released)
    endpoint = await endpoints.add(url_of(receiver))
    await sender.run_once()
    await receiver.until(1)

    await endpoints.change(endpoint, **change)
    released.set()
    await end_turns(sender)

    stored = await endpoints.of(endpoint)
    assert (stored["position"], await endpoints.deliveries(endpoint)) == (change.get("position", 0), [])
    assert (len(receiver.requests), len(events)) == (1, 3)


async def test_a_turn_of_the_same_sender_does_not_take_over_the_lease_of_an_earlier_one(
    new_sender: NewSender, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    sender, first, second = new_sender(), asyncio.Event(), asyncio.Event()
    receiver.behavior = waiting(first)
    endpoint = await endpoints.add(url_of(receiver))
    await sender.run_once()
    await receiver.until(1)
    receiver.behavior = waiting(second)
    await endpoints.change(endpoint, leased_until=datetime(2026, 1, 1, tzinfo=UTC))
    with capture_logs() as lines:
        await sender.run_once()
        await receiver.until(2)
        first.set()
        await until(lambda: bool(lines))
        assert await endpoints.deliveries(endpoint) == []
        second.set()
        await settle(sender)

    assert [line["event"] for line in lines] == ["webhook_lease_lost"]
    assert [request.json()["version"] for request in receiver.requests] == [1, 1, 2, 3]
    assert len(await endpoints.deliveries(endpoint)) == len(events)


async def test_an_event_whose_outcome_was_lost_is_sent_again(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    released = asyncio.Event()
    receiver.behavior = waiting(released)
    endpoint = await endpoints.add(url_of(receiver))
    await sender.run_once()
    await receiver.until(1)
    # A caller replays from the beginning while the first event is being sent.
    await endpoints.change(endpoint, leased_by=None, position=0)

    released.set()
    await settle(sender)

    assert [request.json()["version"] for request in receiver.requests] == [1, 1, 2, 3]
    assert (await endpoints.of(endpoint))["position"] == len(events)


async def test_a_deleted_endpoint_gets_nothing_more(
    sender: Deliveries, owner_dsn: str, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    released = asyncio.Event()
    receiver.behavior = waiting(released)
    await endpoints.add(url_of(receiver))
    await sender.run_once()
    await receiver.until(1)

    await execute(owner_dsn, "DELETE FROM webhook_endpoints")
    released.set()
    await settle(sender)

    assert (len(receiver.requests), len(events)) == (1, 3)


async def test_a_sender_that_stops_ends_after_its_current_request(
    sender: Deliveries,
    endpoints: Endpoints,
    receiver: Receiver,
    events: list[UUID],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A busy machine may not record a delivery within the usual time.
    monkeypatch.setattr("app.webhooks.deliveries._STOP_SECONDS", 10)
    released = asyncio.Event()
    receiver.behavior = waiting(released)
    endpoint = await endpoints.add(url_of(receiver))
    await sender.run_once()
    await receiver.until(1)

    stopping = asyncio.create_task(sender.aclose())
    await asyncio.sleep(0)
    released.set()
    await stopping

    stored = await endpoints.of(endpoint)
    assert (stored["position"], stored["leased_by"]) == (1, None)
    assert (len(receiver.requests), len(events)) == (1, 3)


async def test_a_sender_with_a_silent_receiver_stops_in_time_and_the_event_is_sent_again(
    sender: Deliveries, new_sender: NewSender, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    receiver.behavior = silent()
    endpoint = await endpoints.add(url_of(receiver))
    jobs = Background([sender])
    jobs.start()
    await receiver.until(1)

    async with asyncio.timeout(20):
        await jobs.stop()

    assert (sender.sending, await endpoints.deliveries(endpoint)) == (0, [])
    receiver.behavior = answering()
    await endpoints.change(endpoint, leased_until=datetime.now(UTC))
    await settle(new_sender())
    assert [request.json()["version"] for request in receiver.requests] == [1, 1, 2, 3]
    assert len(await endpoints.deliveries(endpoint)) == len(events)


async def test_a_sender_has_at_most_as_many_endpoints_as_it_may(
    new_sender: NewSender, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    released = asyncio.Event()
    receiver.behavior = waiting(released)
    sender = new_sender(webhook_concurrency=4)
    for _ in range(4):
        await endpoints.add(url_of(receiver))

    await sender.run_once()
    await sender.run_once()

    # A company gets another place only while more are free than it has.
    assert sender.sending == 2
    released.set()
    await settle(sender)
    assert len(receiver.requests) == 4 * len(events)


async def test_slow_endpoints_of_one_company_delay_no_other_company(
    new_sender: NewSender,
    database: Database,
    owner_engine: AsyncEngine,
    endpoints: Endpoints,
    receiver: Receiver,
    other_receiver: Receiver,
    other_company: UUID,
    events: list[UUID],
) -> None:
    sender = new_sender(webhook_concurrency=4)
    receiver.behavior = silent()
    for _ in range(2 * len(events)):
        await endpoints.add(url_of(receiver))
    await sender.run_once()
    await sender.run_once()
    await Endpoints(owner_engine, other_company).add(url_of(other_receiver))
    await write(database, other_company, event())
    await stamp_all(database)

    await sender.run_once()

    await other_receiver.until(1)
    assert sender.sending >= 2, "those of the first company wait"


@pytest.mark.parametrize(("margin", "extensions"), [(5.0, 0), (0.0, 3)])
async def test_a_lease_is_extended_before_a_request_that_could_outlast_it(
    sender: Deliveries,
    endpoints: Endpoints,
    receiver: Receiver,
    events: list[UUID],
    monkeypatch: pytest.MonkeyPatch,
    margin: float,
    extensions: int,
) -> None:
    extended: list[float] = []

    async def noted(session: WriteSession, lease: Lease, lease_seconds: float) -> None:
        await extend(session, lease, lease_seconds)
        extended.append(lease_seconds)

    monkeypatch.setattr("app.webhooks.held_endpoint.extend", noted)
    # As if reading the event had taken as long.
    monkeypatch.setattr("app.webhooks.turn._MARGIN_SECONDS", margin)
    endpoint = await endpoints.add(url_of(receiver))

    await settle(sender)

    assert len(extended) == extensions
    assert len(await endpoints.deliveries(endpoint)) == len(events)


async def test_while_the_database_is_away_events_wait(
    new_sender: NewSender, service_dsn: str, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    endpoint = await endpoints.add(url_of(receiver))
    away = Database(AWAY, pool_size=1, pool_timeout_seconds=1, statement_timeout_seconds=1)
    sender = new_sender(database=away)
    with pytest.raises(DatabaseUnavailable):
        await sender.run_once()
    await away.dispose()

    await settle(new_sender())

    assert len(await endpoints.deliveries(endpoint)) == len(events)
    assert service_dsn


async def test_lines_say_what_happened_and_hold_no_secret_and_no_content(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    receiver.behavior = answering("410 Gone", b"content of the answer")
    endpoint = await endpoints.add(
        f"{url_of(receiver)}?token=hidden", previous_secret=EARLIER, previous_secret_until=datetime.now(UTC)
    )
    with capture_logs() as lines:
        await settle(sender)

    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("webhook_not_delivered", "info"),
        ("webhook_paused", "warning"),
    ]
    assert {line["endpoint"] for line in lines} == {endpoint}
    for hidden in (SECRET, EARLIER, "hidden", "content", "127.0.0.1", "someone", str(events[0])):
        assert hidden not in str(lines)


async def test_deliveries_are_counted_by_their_result(
    sender: Deliveries, endpoints: Endpoints, receiver: Receiver, events: list[UUID]
) -> None:
    await endpoints.add(url_of(receiver))
    await endpoints.add("http://localhost:1/")
    await settle(sender)

    assert sender.counts == {"DELIVERED": len(events), "CONNECTION": 1}
    assert sender.sending == 0
