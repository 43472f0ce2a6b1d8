"""The mutations of webhook endpoints as callers see them."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.database import Database
from app.domain.identity import Scope
from app.graphql import feed_cursors
from app.services.webhook_rules import WebhookRules
from tests.support.asking import DOCUMENTS, Caller
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of

URL = "https://receiver.example/events"
SHOWN = """webhookEndpoint {
    id url types document scopes status pausedReason pausedAt cursor lostEvents attempts failingSince nextAttemptAt
    previousSecretUntil testRequestedAt version createdAt updatedAt
}"""
ERRORS = """errors {
    code path message httpStatus
    ... on LimitError { limit actual }
    ... on VersionConflictError { expectedVersion actualVersion changedFields }
}"""
WITH_SECRET = {"createWebhookEndpoint", "rotateWebhookSecret"}
BEFORE, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
LEASE: dict[str, Any] = {"leased_by": uuid4(), "leased_until": LATER}
FAILING: dict[str, Any] = {"attempts": 3, "failing_since": BEFORE, "next_attempt_at": LATER}
ANEW: dict[str, Any] = {"attempts": 0, "failing_since": None, "next_attempt_at": None}
WITH_ACCOUNT = "subscription { changes { subject { ... on CustomerGroup { account { name } } } } }"
WRITES = (Scope.WEBHOOKS_WRITE, Scope.WEBHOOKS_READ, Scope.CUSTOMERS_READ)


async def ask(caller: Caller, mutation: str, **given: Any) -> dict[str, Any]:
    """The payload of a mutation."""
    selection = f"{SHOWN} replayed {ERRORS}" + (" secret" if mutation in WITH_SECRET else "")
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    document = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
    return (await caller.data(document, input=given))[mutation]


async def written(caller: Caller, mutation: str, **given: Any) -> dict[str, Any]:
    """The endpoint that an accepted mutation shows."""
    payload = await ask(caller, mutation, **given)
    assert payload["errors"] == []
    return payload["webhookEndpoint"]


async def problems(caller: Caller, mutation: str, **given: Any) -> list[tuple[str, list[str]]]:
    """The code and the path of each problem of a rejected mutation."""
    payload = await ask(caller, mutation, **given)
    assert payload["errors"] != []
    return [(problem["code"], problem["path"][1:]) for problem in payload["errors"]]


async def stored(engine: AsyncEngine, endpoint: UUID | str) -> dict[str, Any]:
    """The row of an endpoint."""
    table = tables.webhook_endpoints
    async with engine.connect() as connection:
        return dict((await connection.execute(select(table).where(table.c.id == UUID(str(endpoint))))).mappings().one())


async def set_head(engine: AsyncEngine, company_id: UUID, position: int, expired: int = 0) -> None:
    """Let a company's feed have events after a position up to another one."""
    row = {"company_id": company_id, "position": position, "expired_position": expired}
    async with engine.begin() as connection:
        await connection.execute(insert(tables.feed_heads).values(row))


def key_of(secret: str) -> bytes:
    """The bytes of a secret."""
    prefix, encoded = secret[:6], secret[6:]
    assert prefix == "whsec_"
    return base64.b64decode(encoded, validate=True)


async def test_an_endpoint_begins_at_the_head_of_the_feed_with_the_scopes_of_its_creator(
    caller: Caller, owner_engine: AsyncEngine
) -> None:
    await set_head(owner_engine, caller.company_id, 7)

    payload = await ask(caller, "createWebhookEndpoint", url=f" {URL} ", types=["CONTACT_CREATED", "CUSTOMER_CREATED"])

    secret, endpoint = payload.pop("secret"), payload.pop("webhookEndpoint")
    assert payload == {"replayed": False, "errors": []}
    assert len(key_of(secret)) == 32
    assert endpoint.pop("createdAt") <= endpoint.pop("updatedAt")
    assert UUID(endpoint.pop("id")).version == 7
    assert endpoint == {
        "url": URL,
        # In the order of the schema.
        "types": ["CUSTOMER_CREATED", "CONTACT_CREATED"],
        "document": None,
        "scopes": ["ACCOUNTS_READ", "CUSTOMERS_READ"],
        "status": "ACTIVE",
        "pausedReason": None,
        "pausedAt": None,
        "cursor": feed_cursors.encode(caller.company_id, 7),
        "lostEvents": 0,
        "attempts": 0,
        "failingSince": None,
        "nextAttemptAt": None,
        "previousSecretUntil": None,
        "testRequestedAt": None,
        "version": 1,
    }


async def test_no_two_endpoints_have_the_same_secret(caller: Caller, owner_engine: AsyncEngine) -> None:
    made = [await ask(caller, "createWebhookEndpoint", url=URL) for _ in range(2)]
    assert made[0]["secret"] != made[1]["secret"]
    for payload in made:
        assert (await stored(owner_engine, payload["webhookEndpoint"]["id"]))["secret"] == payload["secret"]


async def test_types_that_are_null_or_left_out_are_all_types(caller: Caller) -> None:
    assert (await written(caller, "createWebhookEndpoint", url=URL))["types"] is None
    endpoint = await written(caller, "createWebhookEndpoint", url=URL, types=["CUSTOMER_CREATED"])
    assert (await written(caller, "updateWebhookEndpoint", id=endpoint["id"], types=None))["types"] is None
    assert await problems(caller, "createWebhookEndpoint", url=URL, types=[]) == [("FIELD_INVALID", ["types"])]


@pytest.mark.parametrize("mutation", ["createWebhookEndpoint", "rotateWebhookSecret"])
async def test_a_repeated_mutation_shows_its_endpoint_and_no_secret_which_is_stored_once(
    caller: Caller, owner_engine: AsyncEngine, records: Records, mutation: str
) -> None:
    given = {"url": URL} if mutation.startswith("create") else {"id": str(await records.webhook_endpoint())}
    first = await ask(caller, mutation, **given, idempotencyKey="key")
    everything = await everything_of(owner_engine, caller.company_id)

    second = await ask(caller, mutation, **given, idempotencyKey="key")

    assert second == first | {"replayed": True, "secret": None}
    assert await everything_of(owner_engine, caller.company_id) == everything
    places = [table for table, rows in everything.items() if any(first["secret"] in row for row in rows)]
    assert places == ["webhook_endpoints"]


async def test_everything_that_is_wrong_with_an_endpoint_is_told_at_once(
    caller: Caller, owner_engine: AsyncEngine, company: UUID
) -> None:
    caller.scopes = WRITES
    for _ in range(20):
        await written(caller, "createWebhookEndpoint", url=URL)
    before = await everything_of(owner_engine, company)
    given = {"url": "http://10.0.0.1/", "types": ["LEDGER_ACCOUNT_CREATED"], "document": "{ viewer { subject } }"}

    payload = await ask(caller, "createWebhookEndpoint", **given)

    assert (payload["webhookEndpoint"], payload["secret"]) == (None, None)
    assert [(error["code"], error["path"][1:], error["httpStatus"]) for error in payload["errors"]] == [
        ("WEBHOOK_URL_NOT_ALLOWED", ["url"], 422),
        ("WEBHOOK_URL_NOT_ALLOWED", ["url"], 422),
        ("WEBHOOK_SCOPE_REQUIRED", ["types"], 422),
        ("WEBHOOK_DOCUMENT_INVALID", ["document"], 422),
        ("WEBHOOK_ENDPOINT_LIMIT_EXCEEDED", [], 409),
    ]
    assert [error["message"] for error in payload["errors"]] == [
        "URL must begin with https://: events are sent encrypted only.",
        "URL must lead to a public address, not to this machine or into a private network.",
        "Types must not ask for data that needs the scope accounts-read, which the credential doesn't have.",
        "Document must be a subscription, not a query: write `subscription { changes { … } }`.",
        "The input would be the company's endpoint number 21; at most 20 are allowed.",
    ]
    assert (payload["errors"][-1]["limit"], payload["errors"][-1]["actual"]) == (20, 21)
    assert await everything_of(owner_engine, company) == before


async def test_the_settings_allow_unencrypted_requests_and_private_addresses(caller: Caller) -> None:
    caller.webhook_rules = WebhookRules(DOCUMENTS.check, allows_http=True, allows_private=True)
    url = "http://localhost:8000/"
    endpoint = await written(caller, "createWebhookEndpoint", url=url)

    # What is stored isn't judged again.
    caller.webhook_rules = WebhookRules(DOCUMENTS.check)
    given = {"id": endpoint["id"], "url": url, "types": ["CUSTOMER_CREATED"]}
    assert (await written(caller, "updateWebhookEndpoint", **given))["types"] == ["CUSTOMER_CREATED"]
    assert await problems(caller, "updateWebhookEndpoint", id=endpoint["id"], url=f"{url}x") == [
        ("WEBHOOK_URL_NOT_ALLOWED", ["url"]),
        ("WEBHOOK_URL_NOT_ALLOWED", ["url"]),
    ]


async def test_two_creations_at_once_do_not_exceed_the_limit_together(database: Database, records: Records) -> None:
    for _ in range(18):
        await records.webhook_endpoint()
    callers = [Caller(database, records.company_id) for _ in range(4)]

    payloads = await asyncio.gather(*(ask(caller, "createWebhookEndpoint", url=URL) for caller in callers))

    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 0, 1, 1]


async def test_an_update_changes_what_was_sent_and_lets_a_sender_begin_anew(
    caller: Caller, owner_engine: AsyncEngine, records: Records
) -> None:
    endpoint = str(await records.webhook_endpoint(types=["customer.created"], position=3, **LEASE, **FAILING))
    before = await stored(owner_engine, endpoint)

    shown = await written(caller, "updateWebhookEndpoint", id=endpoint, url=f"{URL}/new", expectedVersion=1)

    assert (shown["url"], shown["types"], shown["version"]) == (f"{URL}/new", ["CUSTOMER_CREATED"], 2)
    after = await stored(owner_engine, endpoint)
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after == before | ANEW | {"url": f"{URL}/new", "version": 2, "leased_by": None}


async def test_an_update_without_changes_writes_nothing(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    endpoint = str(await records.webhook_endpoint(url=URL, types=["customer.created"], **LEASE, **FAILING))
    before = await everything_of(owner_engine, company)
    given = {"id": endpoint, "url": URL, "types": ["CUSTOMER_CREATED"] * 2, "document": None}
    assert (await written(caller, "updateWebhookEndpoint", **given))["version"] == 1
    assert await everything_of(owner_engine, company) == before


async def test_a_paused_endpoint_keeps_its_place_and_goes_on_from_there(
    caller: Caller, owner_engine: AsyncEngine, records: Records
) -> None:
    endpoint = str(await records.webhook_endpoint(position=3, **LEASE, **FAILING))

    paused = await written(caller, "updateWebhookEndpoint", id=endpoint, status="PAUSED")
    assert (paused["status"], paused["pausedReason"]) == ("PAUSED", "REQUESTED")
    assert paused["pausedAt"] is not None
    assert (await stored(owner_engine, endpoint))["leased_by"] is None

    resumed = await written(caller, "updateWebhookEndpoint", id=endpoint, status="ACTIVE")
    assert (resumed["status"], resumed["pausedReason"], resumed["pausedAt"]) == ("ACTIVE", None, None)
    row = await stored(owner_engine, endpoint)
    assert {name: row[name] for name in ("position", *ANEW)} == {"position": 3, **ANEW}


async def test_an_endpoint_that_its_sender_has_paused_is_let_go_on(caller: Caller, records: Records) -> None:
    paused = {"status": "PAUSED", "paused_reason": "FAILING", "paused_at": BEFORE}
    endpoint = str(await records.webhook_endpoint(**paused, **FAILING))
    assert (await written(caller, "updateWebhookEndpoint", id=endpoint, status="PAUSED"))["pausedReason"] == "FAILING"
    resumed = await written(caller, "updateWebhookEndpoint", id=endpoint, status="ACTIVE")
    assert (resumed["status"], resumed["attempts"], resumed["nextAttemptAt"]) == ("ACTIVE", 0, None)


async def test_activating_an_endpoint_that_waits_after_failures_ends_the_wait(
    caller: Caller, owner_engine: AsyncEngine, records: Records
) -> None:
    endpoint = str(await records.webhook_endpoint(position=3, **FAILING))
    assert (await written(caller, "updateWebhookEndpoint", id=endpoint, url=URL))["attempts"] == FAILING["attempts"]
    active = await written(caller, "updateWebhookEndpoint", id=endpoint, status="ACTIVE")
    assert (active["status"], active["attempts"], active["nextAttemptAt"]) == ("ACTIVE", 0, None)
    row = await stored(owner_engine, endpoint)
    assert {name: row[name] for name in ("position", *ANEW)} == {"position": 3, **ANEW}
    # One that doesn't fail has nothing to end.
    again = await written(caller, "updateWebhookEndpoint", id=endpoint, status="ACTIVE")
    assert again["version"] == active["version"]


async def test_an_endpoint_without_a_failed_attempt_has_no_next_one(caller: Caller, records: Records) -> None:
    endpoint = str(await records.webhook_endpoint(next_attempt_at=BEFORE))
    shown = await written(caller, "updateWebhookEndpoint", id=endpoint, status="ACTIVE")
    assert (shown["attempts"], shown["nextAttemptAt"]) == (0, None)


async def test_an_endpoint_shows_only_what_the_last_credential_that_changed_it_may_read(
    caller: Caller, records: Records
) -> None:
    endpoint = str(await records.webhook_endpoint())
    caller.scopes = WRITES

    # Where nothing else is sent, or to another place, nothing has to change.
    paused = await written(caller, "updateWebhookEndpoint", id=endpoint, status="PAUSED")
    assert paused["scopes"] == ["ACCOUNTS_READ", "CUSTOMERS_READ"]
    moved = await written(caller, "updateWebhookEndpoint", id=endpoint, url=f"{URL}/new")
    assert moved["scopes"] == ["CUSTOMERS_READ"]
    caller.scopes = tuple(Scope)
    typed = await written(caller, "updateWebhookEndpoint", id=endpoint, types=["LEDGER_ACCOUNT_CREATED"])
    assert typed["scopes"] == ["ACCOUNTS_READ", "CUSTOMERS_READ"]


async def test_a_weaker_credential_does_not_send_what_a_stronger_one_asked_for_elsewhere(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    endpoint = str(await records.webhook_endpoint(types=["ledger_account.created"]))
    caller.scopes = WRITES
    before = await everything_of(owner_engine, company)
    assert await problems(caller, "updateWebhookEndpoint", id=endpoint, url=f"{URL}/elsewhere") == [
        ("WEBHOOK_SCOPE_REQUIRED", ["types"])
    ]
    assert await everything_of(owner_engine, company) == before
    # Without these types, it may.
    assert await written(caller, "updateWebhookEndpoint", id=endpoint, url=f"{URL}/elsewhere", types=None)


async def test_a_document_is_kept_as_it_was_written_and_can_be_removed(caller: Caller, records: Records) -> None:
    document = "subscription {\n  changes { id }  # all\n}"
    endpoint = await written(caller, "createWebhookEndpoint", url=URL, document=f" {document} ")
    assert endpoint["document"] == document
    assert (await written(caller, "updateWebhookEndpoint", id=endpoint["id"], document=" "))["document"] is None
    other = str(await records.webhook_endpoint())
    assert (await written(caller, "updateWebhookEndpoint", id=other, document=document))["document"] == document


async def test_a_document_asks_only_for_what_the_credential_may_read(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    endpoint = str(await records.webhook_endpoint(document=WITH_ACCOUNT))
    before = await everything_of(owner_engine, company)
    caller.scopes = WRITES
    rejected = [("WEBHOOK_SCOPE_REQUIRED", ["document"])]
    assert await problems(caller, "createWebhookEndpoint", url=URL, document=WITH_ACCOUNT) == rejected
    # Nor does it send elsewhere what a stronger one has asked for.
    assert await problems(caller, "updateWebhookEndpoint", id=endpoint, url=f"{URL}/elsewhere") == rejected
    assert await everything_of(owner_engine, company) == before
    assert await written(caller, "updateWebhookEndpoint", id=endpoint, status="PAUSED")
    assert await written(caller, "updateWebhookEndpoint", id=endpoint, url=f"{URL}/elsewhere", document=None)
    caller.scopes = tuple(Scope)
    assert await written(caller, "createWebhookEndpoint", url=URL, document=WITH_ACCOUNT)


async def test_an_endpoint_with_an_outdated_document_goes_on_only_with_another(
    caller: Caller, records: Records
) -> None:
    paused = {"status": "PAUSED", "paused_reason": "DOCUMENT_INVALID", "paused_at": BEFORE}
    endpoint = str(await records.webhook_endpoint(document="subscription { changes { gone } }", **paused))
    resumed = {"id": endpoint, "status": "ACTIVE"}
    assert await problems(caller, "updateWebhookEndpoint", **resumed) == [("WEBHOOK_DOCUMENT_INVALID", ["document"])]
    # Other fields may change meanwhile.
    assert (await written(caller, "updateWebhookEndpoint", id=endpoint, url=f"{URL}/new"))["status"] == "PAUSED"
    document = "subscription { changes { id } }"
    assert (await written(caller, "updateWebhookEndpoint", **resumed, document=document))["status"] == "ACTIVE"


async def test_a_conflict_of_versions_shows_the_stored_endpoint(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    endpoint = str(await records.webhook_endpoint(url=URL, version=3))
    before = await everything_of(owner_engine, company)
    for mutation, given in (
        ("updateWebhookEndpoint", {"url": f"{URL}/new"}),
        ("deleteWebhookEndpoint", {}),
        ("rotateWebhookSecret", {}),
    ):
        payload = await ask(caller, mutation, id=endpoint, expectedVersion=2, **given)
        (error,) = payload["errors"]
        assert (error["code"], error["path"]) == ("VERSION_CONFLICT", ["input", "expectedVersion"])
        assert (error["expectedVersion"], error["actualVersion"], error["changedFields"]) == (2, 3, [])
        assert (payload["webhookEndpoint"]["url"], payload["webhookEndpoint"]["version"]) == (URL, 3)
    assert await everything_of(owner_engine, company) == before


async def test_an_endpoint_is_shown_to_who_may_only_write_if_it_was_written(caller: Caller, records: Records) -> None:
    endpoint = str(await records.webhook_endpoint(url=URL))
    caller.scopes = (Scope.WEBHOOKS_WRITE, Scope.CUSTOMERS_READ)
    assert await written(caller, "updateWebhookEndpoint", id=endpoint, url=URL) is None
    assert (await ask(caller, "updateWebhookEndpoint", id=endpoint, expectedVersion=2))["webhookEndpoint"] is None
    assert (await written(caller, "updateWebhookEndpoint", id=endpoint, url=f"{URL}/new"))["url"] == f"{URL}/new"
    assert await written(caller, "deleteWebhookEndpoint", id=endpoint) is None


async def test_an_endpoint_that_does_not_exist_is_told_with_the_other_problems(caller: Caller) -> None:
    missing = str(uuid4())
    assert await problems(caller, "updateWebhookEndpoint", id=missing, url="x") == [
        ("FIELD_INVALID", ["url"]),
        ("WEBHOOK_ENDPOINT_NOT_FOUND", ["id"]),
    ]
    assert await problems(caller, "updateWebhookEndpoint", id=missing, url="https://127.0.0.1/") == [
        ("WEBHOOK_ENDPOINT_NOT_FOUND", ["id"]),
        ("WEBHOOK_URL_NOT_ALLOWED", ["url"]),
    ]
    for mutation in ("deleteWebhookEndpoint", "rotateWebhookSecret", "testWebhookEndpoint"):
        assert await problems(caller, mutation, id=missing) == [("WEBHOOK_ENDPOINT_NOT_FOUND", ["id"])]


async def test_an_endpoint_is_removed_with_its_deliveries(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    endpoint = await records.webhook_endpoint()
    await records.webhook_delivery(endpoint)
    assert (await written(caller, "deleteWebhookEndpoint", id=str(endpoint)))["id"] == str(endpoint)
    everything = await everything_of(owner_engine, company)
    assert (everything["webhook_endpoints"], everything["webhook_deliveries"]) == ([], [])


async def test_the_secret_before_a_rotation_signs_for_a_day_and_older_ones_no_longer(
    caller: Caller, owner_engine: AsyncEngine, records: Records
) -> None:
    endpoint = str(await records.webhook_endpoint(**LEASE))
    secrets = [(await stored(owner_engine, endpoint))["secret"]]
    for version in (2, 3):
        begun = datetime.now(UTC)
        payload = await ask(caller, "rotateWebhookSecret", id=endpoint)
        shown = payload["webhookEndpoint"]
        assert (payload["errors"], shown["version"], len(key_of(payload["secret"]))) == ([], version, 32)
        until = datetime.fromisoformat(shown["previousSecretUntil"])
        assert timedelta(hours=23, minutes=59) < until - begun < timedelta(days=1, minutes=1)
        row = await stored(owner_engine, endpoint)
        assert (row["secret"], row["previous_secret"]) == (payload["secret"], secrets[-1])
        # A turn that has begun would go on with the secrets that it has read.
        assert row["leased_by"] is None
        secrets.append(payload["secret"])
    assert len({*secrets}) == 3


@pytest.mark.parametrize("status", ["ACTIVE", "PAUSED"])
async def test_a_test_event_is_asked_for_and_nothing_else_changes(
    caller: Caller, owner_engine: AsyncEngine, records: Records, status: str
) -> None:
    paused = {"status": "PAUSED", "paused_reason": "GONE", "paused_at": BEFORE} if status == "PAUSED" else {}
    endpoint = str(await records.webhook_endpoint(**paused))
    before = await stored(owner_engine, endpoint)
    shown = await written(caller, "testWebhookEndpoint", id=endpoint)
    after = await stored(owner_engine, endpoint)
    assert datetime.fromisoformat(shown["testRequestedAt"]) == after["test_requested_at"]
    assert after == before | {"test_requested_at": after["test_requested_at"]}


@pytest.mark.parametrize("position", [2, 5, 9])
async def test_a_replay_moves_an_endpoint_to_any_cursor_that_is_kept(
    caller: Caller, owner_engine: AsyncEngine, records: Records, position: int
) -> None:
    await set_head(owner_engine, caller.company_id, 9, expired=2)
    endpoint = str(await records.webhook_endpoint(position=6, lost_from=1, lost_to=2, **LEASE, **FAILING))
    before, cursor = await stored(owner_engine, endpoint), feed_cursors.encode(caller.company_id, position)

    shown = await written(caller, "replayWebhookEndpoint", id=endpoint, after=f" {cursor} ")

    assert (shown["cursor"], shown["lostEvents"], shown["attempts"]) == (cursor, 0, 0)
    moved = {"position": position, "lost_from": None, "lost_to": None, "leased_by": None, **ANEW}
    assert await stored(owner_engine, endpoint) == before | moved


async def test_a_replay_needs_a_cursor_of_the_company_whose_events_are_kept(
    caller: Caller, owner_engine: AsyncEngine, records: Records, company: UUID
) -> None:
    await set_head(owner_engine, company, 9, expired=2)
    endpoint, other = str(await records.webhook_endpoint(position=6)), await new_company(owner_engine)
    before = await everything_of(owner_engine, company)
    for cursor, code in (
        (feed_cursors.encode(company, 1), "FEED_CURSOR_EXPIRED"),
        (feed_cursors.encode(company, 10), "FEED_CURSOR_EXPIRED"),
        (feed_cursors.encode(other, 5), "INVALID_CURSOR"),
        ("x", "INVALID_CURSOR"),
        (" ", "FIELD_REQUIRED"),
    ):
        found = await problems(caller, "replayWebhookEndpoint", id=endpoint, after=cursor)
        assert found == [(code, ["after"])], cursor
    found = await problems(caller, "replayWebhookEndpoint", id="x", after="x", idempotencyKey=" ")
    assert found == [
        ("FIELD_INVALID", ["id"]),
        ("INVALID_CURSOR", ["after"]),
        ("FIELD_INVALID", ["idempotencyKey"]),
    ]
    assert await everything_of(owner_engine, company) == before


async def test_lost_events_are_counted(caller: Caller, records: Records) -> None:
    endpoint = str(await records.webhook_endpoint(lost_from=3, lost_to=7))
    assert (await written(caller, "testWebhookEndpoint", id=endpoint))["lostEvents"] == 5
