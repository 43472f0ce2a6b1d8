"""The feed for those who ask: where it stands, the events after a cursor, and their objects."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.domain.events import EventType
from app.domain.identity import Scope
from app.graphql import feed_cursors
from app.graphql.feed import entity_of
from tests.support.asking import ENGINE, Caller
from tests.support.every_mutation import TABLE, TOLD, document, ids_of
from tests.support.feed import stamp_all
from tests.support.following import FOLLOW, changes, feed_cursor, followed
from tests.support.records import Records, new_company
from tests.support.upserts import rows_of

UPDATE = "mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { errors { code } } }"


async def told(
    caller: Caller, engine: AsyncEngine, *events: tuple[EventType, UUID], data: dict[str, Any] | None = None
) -> list[UUID]:
    """Write events of subjects and give them positions; return their ids."""
    rows: list[dict[str, Any]] = [
        {"company_id": caller.company_id, "id": uuid4(), "type": kind, "subject_id": subject, "actor": "tester"}
        | {"data": {"version": 1} if data is None else data}
        for kind, subject in events
    ]
    async with engine.begin() as connection:
        for row in rows:
            await connection.execute(insert(tables.outbox_events).values(row))
    await stamp_all(caller.database)
    return [row["id"] for row in rows]


def ids_of_events(events: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(event["id"]) for event in events]


async def test_an_event_says_who_changed_what_and_shows_the_object_as_it_is_now(
    caller: Caller, records: Records
) -> None:
    customer = str(await records.customer(name="Fjord"))
    start = await feed_cursor(caller)
    caller.subject = "anna"
    before = datetime.now(UTC)
    await caller.data(UPDATE, input={"id": customer, "name": "Fjord A/S", "creditLimit": "100.50"})
    await caller.data(UPDATE, input={"id": customer, "name": "Fjord Group"})
    await stamp_all(caller.database)

    document = FOLLOW.replace("{ __typename id }", "{ __typename id ... on Customer { name group { number } } }")
    first, second = (await caller.sent(document, after=start))["changes"]["events"]

    assert before <= datetime.fromisoformat(first.pop("occurredAt")) <= datetime.now(UTC)
    assert UUID(first.pop("id")) != UUID(second["id"])
    shown = {"__typename": "Customer", "id": customer, "name": "Fjord Group", "group": {"number": "2"}}
    changed = [
        {"field": "creditLimit", "before": None, "after": "100.50"},
        {"field": "name", "before": "Fjord", "after": "Fjord A/S"},
    ]
    assert first == {
        "cursor": feed_cursors.encode(caller.company_id, 1),
        "type": "CUSTOMER_UPDATED",
        "subjectId": customer,
        "customerId": customer,
        "version": 2,
        "actor": "anna",
        "data": {"version": 2, "changedFields": ["creditLimit", "name"]},
        "changedFields": changed,
        "subject": shown,
    }
    assert second["changedFields"] == [{"field": "name", "before": "Fjord A/S", "after": "Fjord Group"}]
    assert (second["version"], second["subject"]) == (3, shown)


@pytest.mark.parametrize("mutation", TOLD)
async def test_the_events_of_every_mutation_are_read_as_they_were_written(
    caller: Caller, records: Records, owner_engine: AsyncEngine, mutation: str
) -> None:
    ids = await ids_of(records)
    start = await feed_cursor(caller)
    await caller.data(document(mutation, TABLE[mutation].payload), input=TABLE[mutation].input(ids))
    await stamp_all(caller.database)

    events = await followed(caller, start)

    outbox = tables.outbox_events
    written = await rows_of(owner_engine, outbox, records.company_id, outbox.c.position)
    shown = [(UUID(event["id"]), event["type"], UUID(event["subjectId"]), event["data"]) for event in events]
    assert shown == [(row["id"], EventType(row["type"]).name, row["subject_id"], row["data"]) for row in written]
    assert shown
    customers = [event["customerId"] and UUID(event["customerId"]) for event in events]
    assert customers == [row["customer_id"] for row in written]
    for event in events:
        entity = entity_of(EventType[event["type"]])
        is_deleted = event["type"].endswith("_DELETED")
        assert event["subject"] == (None if is_deleted else {"__typename": entity.name, "id": event["subjectId"]})


@pytest.mark.parametrize("kind", EventType)
async def test_an_event_of_every_type_is_found_by_its_type_alone(
    caller: Caller, owner_engine: AsyncEngine, kind: EventType
) -> None:
    start = await feed_cursor(caller)
    others = [(other, uuid4()) for other in EventType if other is not kind]
    await told(caller, owner_engine, *others)
    (own,) = await told(caller, owner_engine, (kind, uuid4()))

    (event,) = await followed(caller, start, types=[kind.name])

    assert (UUID(event["id"]), event["type"], event["subject"]) == (own, kind.name, None)


async def test_a_follower_who_asks_page_by_page_gets_every_event_once_and_in_order(
    caller: Caller, owner_engine: AsyncEngine
) -> None:
    start = await feed_cursor(caller)
    events = [(EventType.CUSTOMER_UPDATED, uuid4()) for _ in range(7)]
    written = await told(caller, owner_engine, *events)

    assert ids_of_events(await followed(caller, start, first=2)) == written
    page = await changes(caller, start, first=7)
    assert ids_of_events(page["events"]) == written
    assert (page["hasNextPage"], page["endCursor"]) == (False, await feed_cursor(caller))
    for place, event in enumerate(page["events"], 1):
        assert ids_of_events(await followed(caller, event["cursor"])) == written[place:]


async def test_an_event_without_a_position_comes_after_the_cursor(caller: Caller, owner_engine: AsyncEngine) -> None:
    row = {"company_id": caller.company_id, "id": uuid4(), "type": "customer.updated", "subject_id": uuid4()}
    async with owner_engine.begin() as connection:
        await connection.execute(insert(tables.outbox_events).values(row | {"actor": "tester", "data": {}}))
    start = await feed_cursor(caller)
    assert (await changes(caller, start))["events"] == []
    await stamp_all(caller.database)

    (event,) = (await changes(caller, start))["events"]

    assert (event["id"], event["version"]) == (str(row["id"]), None)


async def test_only_events_of_the_customers_in_the_filter_are_read(caller: Caller, owner_engine: AsyncEngine) -> None:
    start, (one, two, other) = await feed_cursor(caller), (uuid4() for _ in range(3))
    mine, *_ = await told(
        caller,
        owner_engine,
        (EventType.CUSTOMER_CREATED, one),
        (EventType.CUSTOMER_CREATED, other),
        (EventType.CUSTOMER_GROUP_CREATED, one),
    )
    (contact,) = await told(caller, owner_engine, (EventType.CONTACT_DELETED, uuid4()), data={"customerId": str(two)})

    assert ids_of_events(await followed(caller, start, customerIds=[str(one), str(two)])) == [mine, contact]
    only = {"customerIds": [str(one), str(two)], "types": ["CONTACT_DELETED", "CONTACT_CREATED"]}
    assert ids_of_events(await followed(caller, start, **only)) == [contact]


@pytest.mark.parametrize("argument", ["types", "customerIds"])
async def test_an_empty_filter_matches_nothing_and_a_null_one_everything(
    caller: Caller, owner_engine: AsyncEngine, argument: str
) -> None:
    start = await feed_cursor(caller)
    await told(caller, owner_engine, (EventType.CUSTOMER_CREATED, uuid4()))
    nothing: dict[str, Any] = {"events": [], "endCursor": await feed_cursor(caller), "hasNextPage": False}
    assert await changes(caller, start, **{argument: []}) == nothing
    assert len(await followed(caller, start, **{argument: None})) == 1


async def test_a_filter_that_finds_nothing_leads_past_the_events_that_it_leaves_out(
    caller: Caller, owner_engine: AsyncEngine
) -> None:
    start = await feed_cursor(caller)
    await told(caller, owner_engine, *[(EventType.CUSTOMER_UPDATED, uuid4())] * 3)
    expected: dict[str, Any] = {"events": [], "endCursor": await feed_cursor(caller), "hasNextPage": False}
    assert await changes(caller, start, types=["CONTACT_CREATED"]) == expected


async def test_asking_for_no_events_says_whether_there_are_any(caller: Caller, owner_engine: AsyncEngine) -> None:
    start = await feed_cursor(caller)
    assert await changes(caller, start, first=0) == {"events": [], "endCursor": start, "hasNextPage": False}
    await told(caller, owner_engine, (EventType.CUSTOMER_CREATED, uuid4()))
    assert await changes(caller, start, first=0) == {"events": [], "endCursor": start, "hasNextPage": True}


async def test_all_problems_of_the_arguments_are_reported_together(caller: Caller) -> None:
    rejection = await caller.rejection(FOLLOW, after="nonsense", first=501, customerIds=["x"])

    assert (rejection["code"], rejection["field"]) == ("BAD_USER_INPUT", ["changes"])
    assert [(problem["code"], problem["path"]) for problem in rejection["problems"]] == [
        ("BAD_USER_INPUT", ["customerIds", "0"]),
        ("INVALID_CURSOR", ["after"]),
        ("BAD_USER_INPUT", ["first"]),
    ]


async def test_more_than_100_customers_are_rejected_before_anything_is_read(caller: Caller) -> None:
    start, customers = await feed_cursor(caller), [str(uuid4()) for _ in range(101)]
    rejection = await caller.rejection(FOLLOW, after=start, customerIds=customers)
    assert rejection["code"] == "BAD_USER_INPUT"
    assert "at most 100" in rejection["message"]
    assert caller.statements == 0
    await changes(caller, start, customerIds=customers[:100])


def forged(caller: Caller, position: str) -> str:
    return feed_cursors.feed_cursors(caller.company_id).encode((position,))


@pytest.mark.parametrize("position", ["-1", str(2**63), "9" * 5_000, "1.5", "one", ""])
async def test_a_forged_cursor_with_what_is_no_position_is_rejected(caller: Caller, position: str) -> None:
    assert (await caller.rejection(FOLLOW, after=forged(caller, position)))["code"] == "INVALID_CURSOR"
    assert caller.statements == 0


async def test_what_is_no_cursor_of_the_feed_is_rejected(
    caller: Caller, records: Records, owner_engine: AsyncEngine
) -> None:
    await records.customer()
    own = await feed_cursor(caller)
    listed = await caller.data("{ customers { pageInfo { endCursor } } }")
    other = Caller(caller.database, await new_company(owner_engine))
    altered = urlsafe_b64encode(b"\0" * 9 + b'{"v":2,"position":"0"}').decode().rstrip("=")
    strange = ["", "nonsense", f"{own}=", altered, listed["customers"]["pageInfo"]["endCursor"]]
    for cursor in [*strange, await feed_cursor(other)]:
        rejection = await caller.rejection(FOLLOW, after=cursor)
        assert (rejection["code"], rejection["problems"][0]["path"]) == ("INVALID_CURSOR", ["after"])
        assert "feedCursor" in rejection["message"]


async def test_a_cursor_is_expired_once_an_event_after_it_is_deleted(caller: Caller, owner_engine: AsyncEngine) -> None:
    start = await feed_cursor(caller)
    await told(caller, owner_engine, *[(EventType.CUSTOMER_UPDATED, uuid4())] * 2)
    kept = await feed_cursor(caller)
    async with owner_engine.begin() as connection:
        query = text("UPDATE outbox_events SET occurred_at = now() - interval '31 days' WHERE company_id = :company")
        await connection.execute(query, {"company": caller.company_id})
        await connection.execute(text("SELECT expire_events(now() - interval '30 days', 100000)"))
    written = await told(caller, owner_engine, (EventType.CUSTOMER_UPDATED, uuid4()))

    for cursor in (start, feed_cursors.encode(caller.company_id, 1)):
        rejection = await caller.rejection(FOLLOW, after=cursor)
        assert (rejection["code"], rejection["problems"][0]["path"]) == ("FEED_CURSOR_EXPIRED", ["after"])
        assert "Read the data again" in rejection["message"]
    assert ids_of_events(await followed(caller, kept)) == written


async def test_a_cursor_from_before_a_backup_was_restored_is_expired(caller: Caller, owner_engine: AsyncEngine) -> None:
    await told(caller, owner_engine, (EventType.CUSTOMER_UPDATED, uuid4()))
    rejection = await caller.rejection(FOLLOW, after=feed_cursors.encode(caller.company_id, 2))
    assert rejection["code"] == "FEED_CURSOR_EXPIRED"
    assert "backup" in rejection["message"]


async def test_without_the_scope_of_accounts_their_events_are_left_out(
    caller: Caller, owner_engine: AsyncEngine
) -> None:
    start = await feed_cursor(caller)
    await told(caller, owner_engine, *[(kind, uuid4()) for kind in EventType])
    accounts = {EventType.LEDGER_ACCOUNT_CREATED.name, EventType.LEDGER_ACCOUNT_UPDATED.name}
    assert {event["type"] for event in await followed(caller, start)} == {kind.name for kind in EventType}

    caller.scopes = [Scope.CUSTOMERS_READ]
    shown = {event["type"] for event in await followed(caller, start)}
    assert shown == {kind.name for kind in EventType} - accounts
    for kind in accounts:
        rejection = await caller.rejection(FOLLOW, after="nonsense", types=["CUSTOMER_CREATED", kind])
        assert (rejection["code"], rejection["requiredScope"]) == ("FORBIDDEN", "accounts-read")
        assert kind in rejection["message"]


@pytest.mark.parametrize("events", [1, 10, 40])
async def test_a_page_costs_one_statement_and_one_for_each_kind_of_object(
    caller: Caller, records: Records, owner_engine: AsyncEngine, events: int
) -> None:
    start = await feed_cursor(caller)
    for _ in range(events):
        customer = await records.customer()
        contact = await records.contact(customer)
        pair = ((EventType.CUSTOMER_UPDATED, customer), (EventType.CONTACT_UPDATED, contact))
        await told(caller, owner_engine, *pair)

    page = await changes(caller, start)

    assert [event["subject"]["id"] for event in page["events"]] == [event["subjectId"] for event in page["events"]]
    assert (len(page["events"]), caller.statements) == (2 * events, 3)


def test_events_count_as_rows_that_multiply_what_is_selected_of_their_objects() -> None:
    nested = "query($after: String!) { changes(after: $after, first: 500) { events { subject { ... on Customer { contacts(first: 10) { id } } } } } }"
    assert ENGINE.prepare(nested).select(None).rows.count({}) == 500 * (1 + 10)
