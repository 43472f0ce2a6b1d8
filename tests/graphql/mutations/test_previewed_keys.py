"""A preview tells what an update would do under its idempotency key: the work, a replay, or a rejection."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import idempotency_keys as keys
from tests.graphql.mutations.stored_answers import store, stored_by
from tests.support.asking import Caller
from tests.support.records import Records
from tests.support.untouched import everything_of

PREVIEW = """query($input: UpdateCustomerInput!) {
  billingTransitionPreview(input: $input) {
    wouldReplay digest cuts { subscriptionId } subscriptionTransitions { subscriptionId } errors { code path }
  }
}"""
UPDATE = "mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { replayed errors { code path } } }"
NOTHING: dict[str, Any] = {
    "wouldReplay": False,
    "digest": None,
    "cuts": [],
    "subscriptionTransitions": [],
    "errors": [],
}
REUSED = {"code": "IDEMPOTENCY_KEY_REUSED", "path": ["input", "idempotencyKey"]}


async def preview(caller: Caller, given: dict[str, Any]) -> dict[str, Any]:
    return (await caller.data(PREVIEW, input=given))["billingTransitionPreview"]


@pytest.fixture
async def move(caller: Caller, records: Records) -> dict[str, Any]:
    """An update that was carried out under a key: a link to a parent that pays, with two subscriptions."""
    parent, child = await records.customer(), await records.customer()
    moved = [str(await records.subscription(child)) for _ in range(2)]
    given: dict[str, Any] = {
        "id": str(child),
        "parentCustomerId": str(parent),
        "billingRelationship": "PARENT_PAYS",
        "subscriptionTransitions": [{"subscriptionId": id_} for id_ in moved],
        "idempotencyKey": "key",
    }
    before = await preview(caller, given)
    assert (before["wouldReplay"], before["errors"], len(before["cuts"])) == (False, [], 2)
    payload = (await caller.data(UPDATE, input=given))["updateCustomer"]
    assert payload == {"replayed": False, "errors": []}
    return given


async def test_the_same_input_would_be_replayed_and_nothing_else_is_previewed(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, move: dict[str, Any]
) -> None:
    before = await everything_of(owner_engine, company)

    assert await preview(caller, move) == NOTHING | {"wouldReplay": True}
    assert (await caller.data(UPDATE, input=move))["updateCustomer"] == {"replayed": True, "errors": []}
    assert await everything_of(owner_engine, company) == before


async def test_the_acknowledgement_is_a_set_for_the_key_of_both(caller: Caller, move: dict[str, Any]) -> None:
    other_order = move | {"subscriptionTransitions": move["subscriptionTransitions"][::-1]}

    assert await preview(caller, other_order) == NOTHING | {"wouldReplay": True}
    assert (await caller.data(UPDATE, input=other_order))["updateCustomer"] == {"replayed": True, "errors": []}


async def test_another_spelling_of_the_same_values_is_the_same_input_for_both(caller: Caller, records: Records) -> None:
    customer = str(await records.customer())
    first: dict[str, Any] = {"creditLimit": 12.5, "metadataUnset": ["\u00e9", "b"], "countryCode": "dk", "email": ""}
    second: dict[str, Any] = {
        "email": None,
        "countryCode": "DK",
        "metadataUnset": ["b\ufeff", "e\u0301"],
        "creditLimit": "12.50",
    }
    second["metadataSet"] = {}
    named = {"idempotencyKey": "key"}

    await caller.data(UPDATE, input=first | named | {"id": customer})
    given = second | named | {"id": customer.upper()}

    assert await preview(caller, given) == NOTHING | {"wouldReplay": True}
    assert (await caller.data(UPDATE, input=given))["updateCustomer"] == {"replayed": True, "errors": []}


@pytest.mark.parametrize(
    "other",
    [{"name": "Another"}, {"subscriptionTransitions": []}, {"billingRelationship": "SELF"}],
)
async def test_another_input_is_rejected_by_both_and_for_that_alone(
    caller: Caller, move: dict[str, Any], other: dict[str, Any]
) -> None:
    given = move | other

    assert await preview(caller, given) == NOTHING | {"errors": [REUSED]}
    assert (await caller.data(UPDATE, input=given))["updateCustomer"]["errors"] == [REUSED]


async def test_a_malformed_input_is_rejected_by_both_with_its_used_key(caller: Caller, move: dict[str, Any]) -> None:
    # Without its malformed entry, the acknowledgement is that of the stored answer.
    transitions = [*move["subscriptionTransitions"], {"subscriptionId": "x"}]
    given = move | {"subscriptionTransitions": transitions}
    path = ["input", "subscriptionTransitions", str(len(transitions) - 1), "subscriptionId"]
    malformed = [{"code": "FIELD_INVALID", "path": path}, REUSED]

    assert await preview(caller, given) == NOTHING | {"errors": malformed}
    assert (await caller.data(UPDATE, input=given))["updateCustomer"]["errors"] == malformed


async def test_a_key_that_has_expired_or_was_never_used_is_previewed_as_none(
    caller: Caller, owner_engine: AsyncEngine, company: UUID, move: dict[str, Any]
) -> None:
    detached = {"id": move["id"], "parentCustomerId": None}
    expected = await preview(caller, detached)
    assert len(expected["cuts"]) == 2
    assert await preview(caller, detached | {"idempotencyKey": "unused"}) == expected
    async with owner_engine.begin() as connection:
        await connection.execute(update(keys).where(keys.c.company_id == company).values(expires_at=text("now()")))
    assert await preview(caller, detached | {"idempotencyKey": "key"}) == expected


async def test_a_key_costs_the_preview_one_statement_and_none_where_there_is_no_key(
    caller: Caller, records: Records
) -> None:
    given: dict[str, Any] = {"id": str(await records.customer())}
    spent: list[int] = []
    for key in (None, "key"):
        await preview(caller, given | {"idempotencyKey": key})
        spent.append(caller.statements)
    assert spent[1] == spent[0] + 1


async def test_a_key_that_a_release_has_stored_would_be_replayed_too(
    caller: Caller, owner_engine: AsyncEngine, company: UUID
) -> None:
    request = next(request for request in stored_by(2) if request["field"] == "updateCustomer")
    await store(owner_engine, company, "key", request["row"])
    assert await preview(caller, request["input"] | {"idempotencyKey": "key"}) == NOTHING | {"wouldReplay": True}


async def test_a_key_of_another_mutation_is_told_as_the_update_tells_it(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    contact = f'mutation {{ createContact(input: {{customerId: "{customer}", name: "A", idempotencyKey: "key"}}) {{ replayed }} }}'
    await caller.data(contact)
    given = {"id": str(customer), "name": "New", "idempotencyKey": "key"}
    assert (await preview(caller, given))["errors"] == [REUSED]
    assert (await caller.data(UPDATE, input=given))["updateCustomer"]["errors"] == [REUSED]
