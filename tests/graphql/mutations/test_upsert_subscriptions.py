"""upsertSubscriptions: how its outcome is shown, and to whom."""

from typing import Any

import pytest

from app.domain.identity import Scope
from tests.support.asking import Caller
from tests.support.mirror import new_subscription_input
from tests.support.records import Records

UPSERT = """
mutation($input: UpsertSubscriptionsInput!) {
  upsertSubscriptions(input: $input) {
    created updated unchanged refused written replayed
    results {
      index outcome changedFields
      subscription { externalSystemId name version anchorDay trialEndsOn currentPeriodEnd }
      errors { __typename code path httpStatus ... on SubscriptionMovedError { transitionId version } }
    }
    errors { __typename code path message }
  }
}
"""
UPDATE = """
mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) { transition { id } errors { code } } }
"""
JUNE = {"startsOn": "2026-06-01", "endsOn": "2026-07-01", "netAmount": "300.00", "billedAmount": "300.00"}


async def upsert(caller: Caller, *rows: dict[str, Any], **control: Any) -> dict[str, Any]:
    return (await caller.data(UPSERT, input={"rows": list(rows), **control}))["upsertSubscriptions"]


def counts(payload: dict[str, Any]) -> list[int]:
    return [payload[name] for name in ("created", "updated", "unchanged", "refused")]


async def test_each_row_tells_how_it_ended_and_a_repetition_the_same(caller: Caller, records: Records) -> None:
    customer = {"id": str(await records.customer())}
    await upsert(caller, new_subscription_input(customer, "old"), new_subscription_input(customer, "same"))
    rows = [
        {"externalSystemId": "old", "name": "New", "endsOn": "2026-08-01"},
        {"externalSystemId": "same", "currentPeriod": JUNE},
        new_subscription_input(
            customer,
            "made",
            status="TRIAL",
            trialEndsOn="2026-07-01",
            currentPeriod=JUNE | {"netAmount": 0, "billedAmount": 0},
        ),
        new_subscription_input(customer, "bad", status="CANCELLED"),
    ]

    payload = await upsert(caller, *rows, onRefusal="ROW_BY_ROW", idempotencyKey="k")

    assert counts(payload) == [1, 1, 1, 1]
    assert (payload["written"], payload["replayed"], payload["errors"]) == (True, False, [])
    assert [(result["outcome"], result["changedFields"]) for result in payload["results"]] == [
        ("UPDATED", ["endsOn", "name"]),
        ("UNCHANGED", []),
        ("CREATED", []),
        ("REFUSED", []),
    ]
    assert payload["results"][2]["subscription"] == {
        "externalSystemId": "made",
        "name": "Fibernet",
        "version": 1,
        "anchorDay": 1,
        "trialEndsOn": "2026-07-01",
        "currentPeriodEnd": "2026-07-01",
    }
    assert [
        (problem["path"], problem["code"], problem["httpStatus"]) for problem in payload["results"][3]["errors"]
    ] == [(["input", "rows", "3", name], "SUBSCRIPTION_INCONSISTENT", 422) for name in ("endsOn", "nextBillingDate")]
    assert await upsert(caller, *rows, onRefusal="ROW_BY_ROW", idempotencyKey="k") == payload | {"replayed": True}


async def test_a_rejected_list_tells_all_errors_and_a_dry_run_writes_nothing(caller: Caller, records: Records) -> None:
    customer = {"customerNumber": "1"}
    await records.customer(customer_number="1")

    payload = await upsert(
        caller,
        new_subscription_input(customer, "a"),
        new_subscription_input({"id": "x"}, "b", name="x" * 256),
        {"name": "No key"},
    )
    assert (payload["written"], counts(payload)) == (False, [1, 0, 0, 2])
    assert [(problem["__typename"], problem["code"], problem["path"][2:]) for problem in payload["errors"]][:2] == [
        ("InputError", "FIELD_INVALID", ["1", "customer", "id"]),
        ("LimitError", "FIELD_TOO_LONG", ["1", "name"]),
    ]
    dry = await upsert(caller, new_subscription_input(customer, "a"), dryRun=True)
    assert (dry["written"], counts(dry), dry["results"][0]["subscription"]) == (False, [1, 0, 0, 0], None)
    shown = await caller.data('{ customer(by: { customerNumber: "1" }) { subscriptions { id } } }')
    assert shown["customer"] == {"subscriptions": []}


@pytest.mark.parametrize("reads", [True, False])
async def test_a_moved_subscription_tells_the_transition_to_who_reads(
    caller: Caller, records: Records, *, reads: bool
) -> None:
    parent, customer = str(await records.customer()), str(await records.customer())
    made = await upsert(caller, new_subscription_input({"id": customer}, "s"))
    assert made["errors"] == []
    ids = await caller.data(
        "query($by: CustomerLookup!) { customer(by: $by) { subscriptions { id } } }", by={"id": customer}
    )
    its = [{"subscriptionId": subscription["id"]} for subscription in ids["customer"]["subscriptions"]]
    link = {"id": customer, "parentCustomerId": parent, "billingRelationship": "PARENT_PAYS"}
    linked = (await caller.data(UPDATE, input=link | {"subscriptionTransitions": its}))["updateCustomer"]
    if not reads:
        caller.scopes = [Scope.SUBSCRIPTIONS_WRITE]

    payload = await upsert(caller, {"externalSystemId": "s", "name": "Late"}, onRefusal="ROW_BY_ROW")

    assert payload["results"][0]["errors"] == [
        {
            "__typename": "SubscriptionMovedError",
            "code": "SUBSCRIPTION_MOVED",
            "path": ["input", "rows", "0"],
            "httpStatus": 409,
            "transitionId": linked["transition"]["id"] if reads else None,
            "version": 2,
        }
    ]


@pytest.mark.parametrize("dry_run", [False, True])
async def test_who_writes_and_does_not_read_sees_what_this_call_wrote_and_nothing_else(
    caller: Caller, records: Records, *, dry_run: bool
) -> None:
    customer = {"id": str(await records.customer())}
    await upsert(
        caller, new_subscription_input(customer, "old"), new_subscription_input(customer, "same", name="Secret")
    )
    caller.scopes = [scope for scope in Scope if scope is not Scope.CUSTOMERS_READ]

    rows = [
        {"externalSystemId": "old", "name": "New"},
        {"externalSystemId": "same"},
        new_subscription_input(customer, "made"),
    ]
    payload = await upsert(caller, *rows, dryRun=dry_run)

    shown = [result["subscription"] and result["subscription"]["name"] for result in payload["results"]]
    assert shown == ([None] * 3 if dry_run else ["New", None, "Fibernet"])


@pytest.mark.parametrize("written", ["9999-12-31", "0001-01-01", "1899-12-31"])
async def test_a_date_that_nothing_can_be_computed_with_is_rejected_in_every_field(
    caller: Caller, records: Records, written: str
) -> None:
    dates = dict.fromkeys(["startedOn", "endsOn", "trialEndsOn", "nextBillingDate"], written)
    period = JUNE | dict.fromkeys(["startsOn", "endsOn", "billedOn"], written)
    row = new_subscription_input({"id": str(await records.customer())}, "a", **dates, currentPeriod=period)

    payload = await upsert(caller, row)

    assert [(error["code"], error["path"][3:], error["message"].split(" must ")[1]) for error in payload["errors"]] == [
        ("FIELD_INVALID", path, f"be between 1900-01-01 and 9999-12-30, not {written}.")
        for path in (
            ["startedOn"],
            ["endsOn"],
            ["trialEndsOn"],
            ["currentPeriod", "startsOn"],
            ["currentPeriod", "endsOn"],
            ["currentPeriod", "billedOn"],
            ["nextBillingDate"],
        )
    ]


@pytest.mark.parametrize("written", ["20260601", "2026-W23-1", "2026-152", " 20260601 "])
async def test_a_date_in_another_form_is_rejected_and_quoted_as_it_was_sent(
    caller: Caller, records: Records, written: str
) -> None:
    period = JUNE | {"startsOn": written, "billedOn": "2026-06-01"}
    row = new_subscription_input({"id": str(await records.customer())}, "a", startedOn=written, currentPeriod=period)

    payload = await upsert(caller, row)

    assert [(error["code"], error["message"]) for error in payload["errors"]] == [
        ("FIELD_INVALID", f'{name} on must be a calendar date, such as 2026-06-30, not "{written}".')
        for name in ("Started", "Starts")
    ]


async def test_blanks_around_an_id_an_amount_and_a_date_are_removed(caller: Caller, records: Records) -> None:
    customer = str(await records.customer())
    plain = new_subscription_input({"id": customer}, "a")
    padded = plain | {"customer": {"id": f" {customer}\u00a0"}}
    padded |= {name: f" {plain[name]}\u00a0" for name in ("netAmount", "startedOn", "currency", "name")}

    made, again = await upsert(caller, padded), await upsert(caller, plain)

    assert [made["errors"], made["created"], again["unchanged"]] == [[], 1, 1]


async def test_the_last_date_that_is_allowed_can_be_moved_by_a_transition(caller: Caller, records: Records) -> None:
    parent, customer = str(await records.customer()), str(await records.customer())
    row = new_subscription_input({"id": customer}, "s", endsOn="9999-12-30")
    made = await upsert(caller, row)
    found = await caller.data(
        "query($by: CustomerLookup!) { customer(by: $by) { subscriptions { id } } }", by={"id": customer}
    )
    its = [{"subscriptionId": subscription["id"]} for subscription in found["customer"]["subscriptions"]]
    link = {"id": customer, "parentCustomerId": parent, "billingRelationship": "PARENT_PAYS"}
    linked = (await caller.data(UPDATE, input=link | {"subscriptionTransitions": its}))["updateCustomer"]
    assert (made["errors"], linked["errors"]) == ([], [])
