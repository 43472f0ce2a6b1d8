"""What the reference says of changing who pays: the acknowledgement, and the clean cut at today's date."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.clock import DatabaseClock
from tests.support.records import Records
from tests.support.rest import CUSTOMERS, RestCaller
from tests.support.untouched import everything_of

BILLING = """
query($id: ID!) { customer(by: {id: $id}) {
  billingDocuments { kind total payer { id } }
  subscriptions { anchorDay nextBillingDate periods { startsOn endsOn cutOn payer { id } } }
} }
"""
pytestmark = pytest.mark.usefixtures("clock")


async def with_june(records: Records, customer: UUID, direction: str = "ADVANCE", billed: int = 300) -> UUID:
    """Write a subscription of 300.00 a month, and June as its current period."""
    subscription = await records.subscription(customer, billing_direction=direction, net_amount=300)
    await records.period(subscription, customer, net_amount=300, billed_amount=billed)
    return subscription


async def billing_of(rest: RestCaller, customer: UUID) -> dict[str, Any]:
    return (await rest.graphql(BILLING, id=str(customer)))["customer"]


def linked(parent: UUID, *subscriptions: UUID) -> dict[str, Any]:
    """Return the body that has a parent pay, with the acknowledgement."""
    transitions = [{"subscriptionId": str(id_)} for id_ in subscriptions]
    given = {"parentCustomerId": str(parent), "billingRelationship": "parent_pays"}
    return {**given, "subscriptionTransitions": transitions} if transitions else given


async def single_invoice_parent(records: Records) -> UUID:
    return await records.customer(consolidation_mode="SINGLE_INVOICE", billing_day=15)


async def test_a_clean_cut_credits_what_was_billed_in_advance(rest: RestCaller, records: Records) -> None:
    parent, customer = await records.customer(), await records.customer()
    subscription = await with_june(records, customer)

    answered = await rest.patch(customer, **linked(parent, subscription))

    assert (answered["parentCustomerId"], answered["billingRelationship"]) == (str(parent), "parent_pays")
    # From 19 June, 12 of 30 days remain.
    assert (await billing_of(rest, customer))["billingDocuments"] == [
        {"kind": "CREDIT_NOTE", "total": "120.00", "payer": {"id": str(customer)}}
    ]


async def test_a_clean_cut_invoices_what_is_billed_in_arrears(rest: RestCaller, records: Records) -> None:
    parent, customer = await records.customer(), await records.customer()
    subscription = await with_june(records, customer, "ARREARS", billed=0)

    await rest.patch(customer, **linked(parent, subscription))

    # 18 of 30 days have passed.
    assert (await billing_of(rest, customer))["billingDocuments"] == [
        {"kind": "INVOICE", "total": "180.00", "payer": {"id": str(customer)}}
    ]


async def test_a_new_parent_moves_active_subscriptions_to_its_billing_day(rest: RestCaller, records: Records) -> None:
    parent, customer = await single_invoice_parent(records), await records.customer()
    subscription = await with_june(records, customer)

    await rest.patch(customer, **linked(parent, subscription))

    (moved,) = (await billing_of(rest, customer))["subscriptions"]
    assert (moved["anchorDay"], moved["nextBillingDate"]) == (15, "2026-07-15")
    assert {"startsOn": "2026-06-19", "endsOn": "2026-07-15", "cutOn": None, "payer": {"id": str(parent)}} in moved[
        "periods"
    ]


async def test_with_self_the_customer_is_billed_and_with_parent_pays_its_parent(
    rest: RestCaller, records: Records
) -> None:
    parent, customer = await records.customer(), await records.customer()
    subscription = await with_june(records, customer)

    assert await payers_from_today(rest, customer) == set()
    await rest.patch(customer, **linked(parent, subscription))
    assert await payers_from_today(rest, customer) == {str(parent)}
    acknowledged = linked(parent, subscription)["subscriptionTransitions"]
    await rest.patch(customer, billingRelationship="self", subscriptionTransitions=acknowledged)
    assert await payers_from_today(rest, customer) == {str(customer)}


async def payers_from_today(rest: RestCaller, customer: UUID) -> set[str]:
    """Who pays the periods that begin today and run."""
    (moved,) = (await billing_of(rest, customer))["subscriptions"]
    return {
        period["payer"]["id"]
        for period in moved["periods"]
        if (period["startsOn"], period["cutOn"]) == ("2026-06-19", None)
    }


async def test_a_parent_alone_changes_nothing_about_who_is_billed(rest: RestCaller, records: Records) -> None:
    parent, customer = await records.customer(), await records.customer()
    subscription = await with_june(records, customer)
    body = linked(parent, subscription)
    del body["billingRelationship"]

    answered = await rest.patch(customer, **body)

    assert (answered["parentCustomerId"], answered["billingRelationship"]) == (str(parent), "self")
    found = await billing_of(rest, customer)
    assert found["billingDocuments"] == []
    assert [period["payer"]["id"] for period in found["subscriptions"][0]["periods"]] == [str(customer)]


async def test_with_a_single_invoice_children_are_billed_on_the_billing_day(rest: RestCaller, records: Records) -> None:
    parent = await single_invoice_parent(records)
    children = [await records.customer() for _ in range(2)]
    for child in children:
        await rest.patch(child, **linked(parent, await with_june(records, child)))

    found = [(await billing_of(rest, child))["subscriptions"] for child in children]

    assert [moved["nextBillingDate"] for (moved,) in found] == ["2026-07-15"] * 2


async def test_with_an_invoice_per_child_each_keeps_its_own_day(rest: RestCaller, records: Records) -> None:
    parent = await records.customer(consolidation_mode="PER_CHILD_INVOICE", billing_day=15)
    customer = await records.customer()
    await rest.patch(customer, **linked(parent, await with_june(records, customer)))

    (moved,) = (await billing_of(rest, customer))["subscriptions"]

    # A whole month from the cut, whatever the parent's billing day.
    assert moved["anchorDay"] == 19
    assert [period["endsOn"] for period in moved["periods"] if period["startsOn"] == "2026-06-19"] == ["2026-07-19"]


async def test_a_null_parent_detaches_a_child(rest: RestCaller, records: Records) -> None:
    child = await records.customer(parent_customer_id=await records.customer(), billing_relationship="PARENT_PAYS")

    answered = await rest.patch(child, parentCustomerId=None)

    # Who has no parent pays itself.
    assert (answered["parentCustomerId"], answered["billingRelationship"]) == (None, "self")


async def test_a_transition_that_is_not_acknowledged_names_the_subscriptions(
    rest: RestCaller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(), await records.customer()
    subscription = await with_june(records, customer)
    before = await everything_of(owner_engine, company)

    problem = await rest.error("PATCH", f"{CUSTOMERS}/{customer}", linked(parent))

    assert (problem.status, problem.code) == (422, "SUBSCRIPTION_TRANSITIONS_REQUIRED")
    assert problem.details["subscriptionIds"] == [str(subscription)]
    assert await everything_of(owner_engine, company) == before


async def test_a_transition_must_acknowledge_every_active_subscription(
    rest: RestCaller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    parent, customer = await records.customer(), await records.customer()
    first, second = [await with_june(records, customer) for _ in range(2)]
    ended = await records.subscription(customer, status="EXPIRED", ends_on=date(2026, 5, 1))
    before = await everything_of(owner_engine, company)

    problem = await rest.error("PATCH", f"{CUSTOMERS}/{customer}", linked(parent, first, ended))

    assert (problem.status, problem.code) == (422, "SUBSCRIPTION_TRANSITIONS_INCOMPLETE")
    assert {code for code, _ in problem.found} == {
        "SUBSCRIPTION_TRANSITIONS_INCOMPLETE",
        "SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE",
    }
    assert str(second) in problem.details["subscriptionIds"]
    assert await everything_of(owner_engine, company) == before
    answered = await rest.patch(customer, **linked(parent, second, first))
    assert answered["billingRelationship"] == "parent_pays"


CHANGES: list[dict[str, Any]] = [
    {"parentCustomerId": "other"},
    {"billingRelationship": "self"},
    {"consolidationMode": "per_child_invoice"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
async def test_each_change_of_who_pays_or_how_needs_the_acknowledgement(
    rest: RestCaller, records: Records, change: dict[str, Any]
) -> None:
    parent, other = [await records.customer() for _ in range(2)]
    is_child = "consolidationMode" not in change
    kin = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"} if is_child else {}
    customer = await records.customer(**kin)
    subscription = await with_june(records, customer)
    body = {name: str(other) if value == "other" else value for name, value in change.items()}

    problem = await rest.error("PATCH", f"{CUSTOMERS}/{customer}", body)

    assert (problem.status, problem.code) == (422, "SUBSCRIPTION_TRANSITIONS_REQUIRED")
    acknowledged = [{"subscriptionId": str(subscription)}]
    assert body.items() <= (await rest.patch(customer, **body, subscriptionTransitions=acknowledged)).items()


async def test_without_active_subscriptions_nothing_is_acknowledged(
    rest: RestCaller, records: Records, clock: DatabaseClock
) -> None:
    parent, customer = await records.customer(), await records.customer()
    await records.subscription(customer, status="EXPIRED", ends_on=date(2026, 5, 1))

    assert clock.now.date() == date(2026, 6, 19)
    assert (await rest.patch(customer, **linked(parent)))["billingRelationship"] == "parent_pays"
