"""upsertCustomers, as a caller sees it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.domain.identity import Scope
from tests.support.asking import Caller
from tests.support.new_customers import new_customer_input
from tests.support.records import Records
from tests.support.untouched import everything_of

UPSERT = """
mutation ($input: UpsertCustomersInput!) {
  upsertCustomers(input: $input) {
    results {
      index outcome changedFields customer { id name metadata version }
      errors { __typename code path httpStatus
        ... on SubscriptionsError { subscriptionIds } ... on CustomersError { customerIds } }
    }
    created updated unchanged refused written replayed
    errors { __typename code path ... on LimitError { limit actual } }
  }
}
"""


async def upsert(caller: Caller, *rows: dict[str, Any], **control: Any) -> dict[str, Any]:
    return (await caller.data(UPSERT, input={"rows": list(rows), **control}))["upsertCustomers"]


async def test_rows_are_answered_in_their_order_with_counts(caller: Caller, records: Records) -> None:
    group = await records.group()
    changed = await records.customer(external_system_id="b", name="Old", metadata={"keep": 1, "drop": 2})
    await records.customer(external_system_id="c")

    payload = await upsert(
        caller,
        {"externalSystemId": "c"},
        {"externalSystemId": "b", "name": "New", "metadataSet": {"add": True}, "metadataUnset": ["drop"]},
        new_customer_input(group, "a", creditLimit="12.50", isActive=False),
    )

    assert [(result["index"], result["outcome"]) for result in payload["results"]] == [
        (0, "UNCHANGED"),
        (1, "UPDATED"),
        (2, "CREATED"),
    ]
    assert payload["results"][1]["changedFields"] == ["metadata", "name"]
    assert payload["results"][1]["customer"] == {
        "id": str(changed),
        "name": "New",
        "metadata": {"keep": 1, "add": True},
        "version": 2,
    }
    counts = ("created", "updated", "unchanged", "refused", "written", "replayed", "errors")
    assert [payload[name] for name in counts] == [1, 1, 1, 0, True, False, []]


async def test_a_rejected_list_shows_every_row_and_writes_none(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, child = await records.customer(), await records.customer(external_system_id="child")
    subscription = await records.subscription(child)
    before = await everything_of(owner_engine, company)
    rows = (
        {"externalSystemId": "child", "parentCustomerId": str(parent)},
        {"externalSystemId": "x", "email": "nobody"},
    )

    payload = await upsert(caller, *rows)

    assert await everything_of(owner_engine, company) == before
    assert (payload["written"], payload["refused"]) == (False, 2)
    assert payload["results"][0]["errors"] == [
        {
            "__typename": "SubscriptionsError",
            "code": "SUBSCRIPTION_TRANSITIONS_REQUIRED",
            "path": ["input", "rows", "0", "subscriptionTransitions"],
            "httpStatus": 422,
            "subscriptionIds": [str(subscription)],
        }
    ]
    assert {tuple(problem["path"]) for problem in payload["errors"]} >= {
        ("input", "rows", "0", "subscriptionTransitions"),
        ("input", "rows", "1", "email"),
    }
    acknowledged = rows[0] | {"subscriptionTransitions": [{"subscriptionId": str(subscription)}]}
    moved = await upsert(caller, acknowledged, rows[1], onRefusal="ROW_BY_ROW")
    assert [result["outcome"] for result in moved["results"]] == ["UPDATED", "REFUSED"]
    assert (moved["written"], moved["errors"]) == (True, [])


async def test_a_dry_run_says_that_nothing_was_written(
    caller: Caller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    group = await records.group()
    before = await everything_of(owner_engine, company)
    payload = await upsert(caller, new_customer_input(group, "a"), dryRun=True, idempotencyKey="key")
    assert await everything_of(owner_engine, company) == before
    assert (payload["created"], payload["written"]) == (1, False)
    assert payload["results"][0]["customer"] is None


async def test_a_customer_may_be_found_by_its_number(caller: Caller, records: Records) -> None:
    customer = await records.customer(customer_number="N-1")
    payload = await upsert(caller, {"customerNumber": "N-1", "name": "New"}, matchBy="CUSTOMER_NUMBER")
    assert payload["results"][0]["customer"]["id"] == str(customer)


async def test_a_list_of_no_or_too_many_rows_is_rejected_as_a_whole(caller: Caller) -> None:
    assert (await upsert(caller))["errors"] == [
        {"__typename": "InputError", "code": "FIELD_REQUIRED", "path": ["input", "rows"]}
    ]
    payload = await upsert(caller, *[{"externalSystemId": str(place)} for place in range(501)])
    assert payload["results"] == []
    assert payload["errors"] == [
        {"__typename": "LimitError", "code": "FIELD_TOO_LONG", "path": ["input", "rows"], "limit": 500, "actual": 501}
    ]


async def test_the_same_key_answers_the_same_and_another_list_is_rejected(caller: Caller, records: Records) -> None:
    group = await records.group()
    first = await upsert(caller, new_customer_input(group, "a"), idempotencyKey="key")
    again = await upsert(caller, new_customer_input(group, "a"), idempotencyKey="key")
    assert again == first | {"replayed": True}
    other = await upsert(caller, new_customer_input(group, "b"), idempotencyKey="key")
    assert [problem["code"] for problem in other["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]


async def test_the_scope_to_write_is_needed(
    database: Database, owner_engine: AsyncEngine, company: UUID, records: Records
) -> None:
    group = await records.group()
    before = await everything_of(owner_engine, company)
    reader = Caller(database, company, scopes=[Scope.CUSTOMERS_READ])
    rejection = await reader.rejection(UPSERT, input={"rows": [new_customer_input(group, "a")]})
    assert (rejection["code"], rejection["requiredScope"]) == ("FORBIDDEN", "customers-write")
    assert await everything_of(owner_engine, company) == before


async def test_without_the_scope_to_read_only_customers_that_were_written_are_shown(
    database: Database, company: UUID, records: Records
) -> None:
    for key in ("same", "refused", "changed"):
        await records.customer(external_system_id=key, name="Secret")
    writer = Caller(database, company, scopes=[Scope.CUSTOMERS_WRITE])
    rows = [
        {"externalSystemId": "same"},
        {"externalSystemId": "refused", "email": "no address"},
        {"externalSystemId": "changed", "name": "New"},
        new_customer_input(await records.group(), "created", name="Made"),
    ]

    async def names(**control: Any) -> list[str | None]:
        given = {"rows": rows, "onRefusal": "ROW_BY_ROW", **control}
        results = (await writer.data(UPSERT, input=given))["upsertCustomers"]["results"]
        return [result["customer"] and result["customer"]["name"] for result in results]

    assert await names(dryRun=True) == [None, None, None, None]
    assert await names(idempotencyKey="key") == [None, None, "New", "Made"]
    assert await names(idempotencyKey="key") == [None, None, "New", "Made"]


async def test_a_list_is_the_same_for_its_key_however_its_values_are_written(caller: Caller, records: Records) -> None:
    await records.customer(external_system_id="a", metadata={"x": 1, "y": 2, "z": 3})
    lists = [
        [{"externalSystemId": "a", "creditLimit": 12.5, "metadataUnset": ["x", "y"]}],
        [
            {
                "externalSystemId": " a",
                "creditLimit": "12.50",
                "metadataUnset": ["y", "x"],
                "subscriptionTransitions": [],
            }
        ],
    ]

    payloads = [
        (await caller.data(UPSERT, input={"rows": rows, "idempotencyKey": "key"}))["upsertCustomers"] for rows in lists
    ]

    assert [(answer["replayed"], answer["updated"], answer["errors"]) for answer in payloads] == [
        (False, 1, []),
        (True, 1, []),
    ]


@pytest.mark.parametrize("relation", ["contacts { id }", "group { id }"])
async def test_the_statements_do_not_grow_with_the_rows(caller: Caller, records: Records, relation: str) -> None:
    group = await records.group()
    document = UPSERT.replace("customer { id", "customer { " + relation + " id")
    counts: set[int] = set()
    for n in (1, 10, 100):
        rows = [new_customer_input(group, f"{n}-{place}") for place in range(n)]
        await caller.data(document, input={"rows": rows})
        counts.add(caller.statements)
    assert len(counts) == 1
