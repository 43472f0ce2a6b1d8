"""The edges of a customer that are one row or a bounded list: their fields, order and bounds."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.domain.subscriptions import SubscriptionStatus
from tests.support.asking import Caller
from tests.support.records import Records

LISTS = ("contacts", "departments", "subscriptions")


async def ask(caller: Caller, customer: UUID, selection: str, **variables: Any) -> dict[str, Any]:
    """One customer's fields."""
    declared = "".join(f", ${name}: [SubscriptionStatus!]" for name in variables)
    document = f"query($id: ID!{declared}) {{ customer(by: {{id: $id}}) {{ {selection} }} }}"
    return (await caller.data(document, id=str(customer), **variables))["customer"]


async def test_the_parent_and_the_group_are_whole_objects(caller: Caller, records: Records) -> None:
    group = await records.group(number="7", name="Wholesale")
    parent = await records.customer(name="Mother", customer_group_id=group)
    child = await records.customer(name="Child", parent_customer_id=parent)

    shown = await ask(caller, child, "parent { id name parent { id } group { id number name } }")

    assert shown["parent"] == {
        "id": str(parent),
        "name": "Mother",
        "parent": None,
        "group": {"id": str(group), "number": "7", "name": "Wholesale"},
    }


async def test_a_contact_shows_every_field_and_null_where_nothing_is_set(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    full = await records.contact(
        customer, name="Ann", is_default_for_customer=True, email="ann@example.com", phone="12"
    )
    bare = await records.contact(customer, name="Bo")

    shown = await ask(caller, customer, "contacts { id name isDefaultForCustomer email phone version }")

    assert shown["contacts"] == [
        {
            "id": str(full),
            "name": "Ann",
            "isDefaultForCustomer": True,
            "email": "ann@example.com",
            "phone": "12",
            "version": 1,
        },
        {
            "id": str(bare),
            "name": "Bo",
            "isDefaultForCustomer": False,
            "email": None,
            "phone": None,
            "version": 1,
        },
    ]


async def test_a_department_shows_every_field_and_inactive_ones_are_listed(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    full = {
        "name": "Warehouse",
        "is_default": True,
        "po_number": "PO-1",
        "ean_number": "5790000000005",
        "address": "Kajen 3",
        "city": "Odense",
        "postal_code": "5000",
        "country_code": "DK",
    }
    first = await records.department(customer, **full)
    second = await records.department(customer, name="Attic", is_active=False)

    shown = await ask(
        caller,
        customer,
        "departments { id name isDefault isActive poNumber eanNumber address city postalCode countryCode version }",
    )

    unset = dict.fromkeys(("poNumber", "eanNumber", "address", "city", "postalCode", "countryCode"))
    assert shown["departments"] == [
        {
            "id": str(first),
            "name": "Warehouse",
            "isDefault": True,
            "isActive": True,
            "poNumber": "PO-1",
            "eanNumber": "5790000000005",
            "address": "Kajen 3",
            "city": "Odense",
            "postalCode": "5000",
            "countryCode": "DK",
            "version": 1,
        },
        {"id": str(second), "name": "Attic", "isDefault": False, "isActive": False, **unset, "version": 1},
    ]


async def test_a_subscription_shows_every_field(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    running = await records.subscription(
        customer,
        name="Hosting",
        status="PENDING_CANCELLATION",
        billing_direction="ARREARS",
        currency="EUR",
        net_amount=Decimal("99.990"),
        interval_months=3,
        started_on=date(2026, 1, 31),
        ends_on=date(2026, 8, 1),
        next_billing_date=date(2026, 7, 1),
    )
    bare = await records.subscription(customer, started_on=date(2026, 2, 1))

    shown = await ask(
        caller,
        customer,
        "subscriptions { id name status billingDirection currency netAmount intervalMonths startedOn endsOn"
        " currentPeriodStart currentPeriodEnd nextBillingDate }",
    )

    assert shown["subscriptions"][0] == {
        "id": str(running),
        "name": "Hosting",
        "status": "PENDING_CANCELLATION",
        "billingDirection": "ARREARS",
        "currency": "EUR",
        "netAmount": "99.990",
        "intervalMonths": 3,
        "startedOn": "2026-01-31",
        "endsOn": "2026-08-01",
        "currentPeriodStart": "2026-06-01",
        "currentPeriodEnd": "2026-07-01",
        "nextBillingDate": "2026-07-01",
    }
    second = shown["subscriptions"][1]
    assert second["id"] == str(bare)
    assert (second["billingDirection"], second["netAmount"], second["intervalMonths"]) == ("ADVANCE", "300", 1)
    assert (second["endsOn"], second["nextBillingDate"]) == (None, None)


async def test_contacts_and_departments_are_sorted_by_default_name_without_case_and_id(
    caller: Caller, records: Records
) -> None:
    customer = await records.customer()
    ids = [UUID(int=place) for place in range(1, 6)]
    names = ["bo", "ANN", "carl", "ann", "Zoe"]
    for place in (3, 0, 4, 2, 1):
        default = names[place] == "Zoe"
        row = {"id": ids[place], "name": names[place]}
        await records.contact(customer, **row, is_default_for_customer=default)
        await records.department(customer, **row, is_default=default)

    shown = await ask(caller, customer, "contacts { id name } departments { id name }")

    expected = [{"id": str(ids[place]), "name": names[place]} for place in (4, 1, 3, 0, 2)]
    assert shown == {"contacts": expected, "departments": expected}


async def test_subscriptions_come_oldest_first_then_by_id(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    ids = [UUID(int=place) for place in range(3)]
    await records.subscription(customer, id=ids[2], started_on=date(2025, 1, 1))
    await records.subscription(customer, id=ids[1], started_on=date(2025, 1, 1))
    await records.subscription(customer, id=ids[0], started_on=date(2025, 1, 2))

    shown = await ask(caller, customer, "subscriptions { id }")

    assert [subscription["id"] for subscription in shown["subscriptions"]] == [str(ids[place]) for place in (1, 2, 0)]


async def test_subscriptions_are_narrowed_by_status(caller: Caller, records: Records) -> None:
    customer = await records.customer()
    for status in SubscriptionStatus:
        await records.subscription(customer, status=status)
    selection = "subscriptions(status: $status) { status }"

    for chosen in (["TRIAL"], ["PAUSED", "ACTIVE", "PAUSED"], list(SubscriptionStatus)):
        shown = await ask(caller, customer, selection, status=chosen)
        assert sorted(subscription["status"] for subscription in shown["subscriptions"]) == sorted(set(chosen))
    assert await ask(caller, customer, selection, status=[]) == {"subscriptions": []}
    assert len((await ask(caller, customer, selection, status=None))["subscriptions"]) == len(SubscriptionStatus)
    assert len((await ask(caller, customer, "subscriptions { id }"))["subscriptions"]) == len(SubscriptionStatus)


async def test_a_customer_without_relations_has_empty_lists(caller: Caller, records: Records) -> None:
    shown = await ask(caller, await records.customer(), "contacts { id } departments { id } subscriptions { id }")
    assert shown == {"contacts": [], "departments": [], "subscriptions": []}


async def test_a_list_is_bounded_for_each_customer_alike(caller: Caller, records: Records) -> None:
    customers = [await records.customer() for _ in range(2)]
    for customer in customers:
        for name in ("c", "a", "b"):
            await records.contact(customer, name=name)

    data = await caller.data(
        "{ customers { nodes { none: contacts(first: 0) { name } two: contacts(first: 2) { name } } } }"
    )

    assert data["customers"]["nodes"] == [{"none": [], "two": [{"name": "a"}, {"name": "b"}]}] * 2


@pytest.mark.parametrize("edge", LISTS)
async def test_a_list_has_100_rows_unless_asked_for_and_500_at_most(
    caller: Caller, records: Records, edge: str
) -> None:
    customer = await records.customer()
    write = {"contacts": records.contact, "departments": records.department, "subscriptions": records.subscription}
    for _ in range(101):
        await write[edge](customer)

    shown = await ask(caller, customer, f"usual: {edge} {{ id }} most: {edge}(first: 500) {{ id }}")

    assert (len(shown["usual"]), len(shown["most"])) == (100, 101)


@pytest.mark.parametrize("edge", LISTS)
@pytest.mark.parametrize("first", [-1, 501])
async def test_a_list_out_of_bounds_is_rejected_where_it_was_asked_for(
    caller: Caller, records: Records, edge: str, first: int
) -> None:
    await records.customer(customer_number="1")
    document = f'{{ customer(by: {{customerNumber: "1"}}) {{ all: {edge}(first: {first}) {{ id }} }} }}'

    rejection = await caller.rejection(document)

    assert rejection["code"] == "BAD_USER_INPUT"
    assert rejection["field"] == ["customer", "all"]
    assert rejection["message"] == f"first: must be between 0 and 500, not {first}."
    assert [problem["path"] for problem in rejection["problems"]] == [["first"]]
