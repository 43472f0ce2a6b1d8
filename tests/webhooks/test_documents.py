"""Endpoints with a document: its answer on each event is part of what is sent."""

import tracemalloc
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.domain.events import EventType
from app.domain.identity import Scope
from tests.support.feed import event, stamp_all, write
from tests.support.receiver import Receiver
from tests.support.records import Records
from tests.support.webhook_endpoints import Endpoints, NewSender, settle

NAMES = "subscription { changes { type version subject { __typename ... on Customer { name parent { name } } } } }"

NOTES = "subscription { changes { subject { ... on Customer { notes } } } }"


def url_of(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.port}/"


async def test_the_answer_to_the_document_shows_the_object_as_it_is(
    new_sender: NewSender, database: Database, records: Records, endpoints: Endpoints, receiver: Receiver
) -> None:
    customer = await records.customer(name="Nordlys")
    await write(database, endpoints.company_id, event(customer, version=3), event(uuid4(), version=1))
    await stamp_all(database)
    await endpoints.add(url_of(receiver), document=NAMES)
    without = await endpoints.add(url_of(receiver))

    await settle(new_sender())

    answered = [request.json() for request in receiver.requests if "result" in request.json()]
    assert [body["result"] for body in answered] == [
        {
            "data": {
                "changes": {
                    "type": "CUSTOMER_UPDATED",
                    "version": 3,
                    "subject": {"__typename": "Customer", "name": "Nordlys", "parent": None},
                }
            }
        },
        {"data": {"changes": {"type": "CUSTOMER_UPDATED", "version": 1, "subject": None}}},
    ]
    assert answered[0]["subjectId"] == str(customer)
    assert (len(receiver.requests), len(await endpoints.deliveries(without))) == (4, 2)


@pytest.mark.parametrize(
    ("document", "scopes"),
    [
        ("subscription { changes { gone } }", [Scope.CUSTOMERS_READ]),
        ("subscription {", [Scope.CUSTOMERS_READ]),
        ("{ viewer { subject } }", [Scope.CUSTOMERS_READ]),
        (
            "subscription ($first: Int!) { changes { subject { ... on Customer { contacts(first: $first) { id } } } } }",
            [Scope.CUSTOMERS_READ],
        ),
    ],
)
async def test_a_document_that_became_invalid_pauses_its_endpoint_at_its_place(
    new_sender: NewSender,
    database: Database,
    endpoints: Endpoints,
    receiver: Receiver,
    document: str,
    scopes: list[Scope],
) -> None:
    await write(database, endpoints.company_id, event())
    await stamp_all(database)
    endpoint = await endpoints.add(url_of(receiver), document=document, scopes=scopes)

    await settle(new_sender())

    stored = await endpoints.of(endpoint)
    assert (stored["status"], stored["paused_reason"], stored["position"]) == ("PAUSED", "DOCUMENT_INVALID", 0)
    assert (receiver.requests, await endpoints.deliveries(endpoint)) == ([], [])


async def test_the_document_shows_what_the_creator_may_read(
    new_sender: NewSender, database: Database, endpoints: Endpoints, receiver: Receiver
) -> None:
    await write(database, endpoints.company_id, event(type_=EventType.LEDGER_ACCOUNT_CREATED), event())
    await stamp_all(database)
    endpoint = await endpoints.add(url_of(receiver), document=NAMES, scopes=[Scope.CUSTOMERS_READ])

    await settle(new_sender())

    assert [delivery["position"] for delivery in await endpoints.deliveries(endpoint)] == [2]


async def test_a_document_whose_answer_takes_too_long_is_a_failed_attempt(
    new_sender: NewSender,
    database: Database,
    owner_engine: AsyncEngine,
    records: Records,
    endpoints: Endpoints,
    receiver: Receiver,
) -> None:
    await write(database, endpoints.company_id, event(await records.customer()))
    await stamp_all(database)
    endpoint = await endpoints.add(url_of(receiver), document=NAMES)

    async with owner_engine.begin() as connection:
        await connection.execute(text("LOCK TABLE customers"))
        await settle(new_sender(webhook_timeout_seconds=0.5))

    assert await endpoints.outcomes(endpoint) == [(1, 1, "DOCUMENT_TOO_SLOW", None)]
    stored = await endpoints.of(endpoint)
    assert (stored["position"], stored["attempts"], stored["leased_by"]) == (0, 1, None)
    assert receiver.requests == []


async def test_an_event_whose_answer_is_too_large_waits_for_a_document_that_selects_less(
    new_sender: NewSender, database: Database, records: Records, endpoints: Endpoints, receiver: Receiver
) -> None:
    notes = "ø" * 600
    await write(database, endpoints.company_id, event(await records.customer(name="Nordlys", notes=notes)), event())
    await stamp_all(database)
    endpoint = await endpoints.add(url_of(receiver), document=NOTES)
    sender = new_sender(webhook_max_result_bytes=1_000)

    await settle(sender)

    assert await endpoints.outcomes(endpoint) == [(1, 1, "RESULT_TOO_LARGE", None)]
    stored = await endpoints.of(endpoint)
    assert (stored["status"], stored["position"], stored["attempts"], stored["leased_by"]) == ("ACTIVE", 0, 1, None)
    assert receiver.requests == []

    await endpoints.change(endpoint, document=NAMES, next_attempt_at=None)
    await settle(sender)
    assert await endpoints.outcomes(endpoint) == [
        (1, 1, "RESULT_TOO_LARGE", None),
        (1, 2, None, 204),
        (2, 1, None, 204),
    ]


async def test_an_answer_that_is_just_small_enough_is_sent(
    new_sender: NewSender, database: Database, records: Records, endpoints: Endpoints, receiver: Receiver
) -> None:
    await write(database, endpoints.company_id, event(await records.customer(notes="n" * 2_000)))
    await stamp_all(database)
    endpoint = await endpoints.add(url_of(receiver), document=NOTES)
    size = len('{"data":{"changes":{"subject":{"notes":""}}}}') + 2_000

    await settle(new_sender(webhook_max_result_bytes=size - 1))
    assert receiver.requests == []
    await endpoints.change(endpoint, next_attempt_at=None)
    await settle(new_sender(webhook_max_result_bytes=size))
    assert [len(request.json()["result"]["data"]["changes"]["subject"]["notes"]) for request in receiver.requests] == [
        2_000
    ]


async def test_a_huge_answer_is_refused_before_it_takes_memory(
    new_sender: NewSender, database: Database, records: Records, endpoints: Endpoints, receiver: Receiver
) -> None:
    customers = [await records.customer(notes="n" * 10_000) for _ in range(40)]
    await write(database, endpoints.company_id, event(customers[0]))
    await stamp_all(database)
    fields = " ".join(f"n{number}: notes" for number in range(45))
    nodes = f"group {{ customers(first: 500) {{ nodes {{ {fields} }} }} }}"
    document = f"subscription {{ changes {{ subject {{ ... on Customer {{ {nodes} }} }} }} }}"
    written = len(customers) * 45 * 10_000
    added = [await endpoints.add(url_of(receiver), document=document) for _ in range(4)]
    sender = new_sender()

    tracemalloc.start()
    try:
        await settle(sender)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    outcomes = [await endpoints.outcomes(endpoint) for endpoint in added]
    assert outcomes == [[(1, 1, "RESULT_TOO_LARGE", None)]] * len(added)
    assert peak < written
