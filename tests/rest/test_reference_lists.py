"""What the reference says of the lists: customers and groups with their filters, contacts and departments."""

import asyncio
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.identity import Scope
from app.settings import Settings
from app.web.development import DevelopmentKeys
from tests.rest.reference import CONTACT, DEPARTMENT, GROUP
from tests.support.new_customers import new_customer_input
from tests.support.records import Records, new_company
from tests.support.rest import CUSTOMERS, GROUPS, RestCaller, problem_of, rest_service

LISTS = (CUSTOMERS, GROUPS)
NUMBERS = ("10", "9", "A-2", "2", "A-10", "1")
IN_ORDER = ["1", "2", "9", "10", "A-10", "A-2"]


def new_customer(group: UUID, **fields: Any) -> dict[str, Any]:
    return {**new_customer_input(group), "vatZone": "domestic", **fields}


async def test_all_customers_of_the_company_and_no_others_are_listed(
    rest: RestCaller, records: Records, owner_engine: AsyncEngine
) -> None:
    await Records(owner_engine, await new_company(owner_engine)).customer()
    ids = [await records.customer(is_active=active) for active in (True, False, True)]

    listed = await rest.get(CUSTOMERS)

    assert [customer["id"] for customer in listed] == [*map(str, ids)]


async def test_customers_are_sorted_by_their_number(rest: RestCaller, records: Records) -> None:
    for number in NUMBERS:
        await records.customer(customer_number=number)

    assert [customer["customerNumber"] for customer in await rest.get(CUSTOMERS)] == IN_ORDER


async def test_groups_are_sorted_by_their_number(rest: RestCaller, records: Records) -> None:
    for number in NUMBERS:
        await records.group(number=number)

    assert [group["number"] for group in await rest.get(GROUPS)] == IN_ORDER


async def test_a_customer_number_is_matched_exactly(rest: RestCaller, records: Records) -> None:
    for number in ("1", "10", "01", "a1", "A1"):
        await records.customer(customer_number=number)

    for number, found in {"1": ["1"], "01": ["01"], "A1": ["A1"], "2": [], "a": []}.items():
        listed = await rest.get(CUSTOMERS, customerNumber=number)
        assert [customer["customerNumber"] for customer in listed] == found


async def test_an_external_id_is_matched_exactly_and_finds_at_most_one(rest: RestCaller, records: Records) -> None:
    for external in ("crm:1", "crm:10", "CRM:1", None):
        await records.customer(external_system_id=external)

    for external, found in {"crm:1": ["crm:1"], "CRM:1": ["CRM:1"], "crm": []}.items():
        listed = await rest.get(CUSTOMERS, externalSystemId=external)
        assert [customer["externalSystemId"] for customer in listed] == found


async def test_a_filter_finds_nothing_of_another_company(
    rest: RestCaller, records: Records, owner_engine: AsyncEngine
) -> None:
    other = Records(owner_engine, await new_company(owner_engine))
    await other.customer(customer_number="1", external_system_id="crm:1", metadata={"segment": "gold"})
    await records.customer(customer_number="2")

    for name, value in {"customerNumber": "1", "externalSystemId": "crm:1", "metadata[segment]": "gold"}.items():
        assert await rest.get(CUSTOMERS, **{name: value}) == []


@pytest.mark.parametrize("path", LISTS)
async def test_metadata_filters_compare_whole_values(rest: RestCaller, records: Records, path: str) -> None:
    await made(
        records, path, {"segment": "gold"}, {"segment": "golden"}, {"Segment": "gold"}, {"size": 12}, {"vip": True}
    )

    expected = {
        ("segment", "gold"): [{"segment": "gold"}],
        ("segment", "Gold"): [],
        ("segment", ""): [],
        ("size", "12"): [{"size": 12}],
        ("vip", "true"): [{"vip": True}],
        ("nothing", "gold"): [],
    }
    for (key, value), found in expected.items():
        assert [row["metadata"] for row in await rest.get(path, **{f"metadata[{key}]": value})] == found


@pytest.mark.parametrize("path", LISTS)
async def test_several_metadata_pairs_must_all_match(rest: RestCaller, records: Records, path: str) -> None:
    both, first, second = {"a": "1", "b": "2"}, {"a": "1"}, {"b": "2"}
    await made(records, path, both, first, second)

    listed = await rest.get(path, **{"metadata[a]": "1", "metadata[b]": "2"})

    assert [row["metadata"] for row in listed] == [both]


@pytest.mark.parametrize("path", LISTS)
async def test_ten_metadata_pairs_are_accepted_and_an_eleventh_is_rejected(
    rest: RestCaller, records: Records, path: str
) -> None:
    entries = {f"key {place}": str(place) for place in range(11)}
    await made(records, path, entries)
    pairs = [(f"metadata[{key}]", value) for key, value in entries.items()]

    assert [row["metadata"] for row in await rest.get(path, **dict(pairs[:10]))] == [entries]
    problem = problem_of(await rest.send("GET", f"{path}?{urlencode(pairs)}"))
    assert problem.status == 400
    assert problem.properties == {"metadata": ["METADATA_FILTER_LIMIT_EXCEEDED"]}


async def made(records: Records, path: str, *metadata: dict[str, Any]) -> None:
    """Write a customer or a group with each of these entries."""
    for entries in metadata:
        await (records.customer(metadata=entries) if path == CUSTOMERS else records.group(metadata=entries))


@pytest.mark.parametrize("path", LISTS)
async def test_the_unfiltered_list_may_be_old_for_five_seconds_by_default(
    rest: RestCaller, records: Records, path: str
) -> None:
    assert Settings().list_cache_seconds == 5
    await made(records, path, {"first": 1})
    before = await rest.get(path)

    await made(records, path, {"second": 2})

    assert await rest.get(path) == before
    assert len(before) == 1


@pytest.mark.parametrize("path", LISTS)
async def test_an_unfiltered_list_is_fresh_again_after_that_time(
    service_dsn: str, signing_keys: DevelopmentKeys, records: Records, path: str
) -> None:
    async with rest_service(service_dsn, signing_keys, list_cache_seconds=0.2) as service:
        rest = service.caller(records.company_id, *Scope)
        await made(records, path, {"first": 1})
        assert len(await rest.get(path)) == 1
        await made(records, path, {"second": 2})
        await asyncio.sleep(0.3)
        assert len(await rest.get(path)) == 2


async def test_a_filtered_list_shows_at_once_who_was_created_or_changed(rest: RestCaller, records: Records) -> None:
    group = await records.group()
    # Whatever is cached of lists.
    await rest.get(CUSTOMERS)
    assert await rest.get(CUSTOMERS, customerNumber="77") == []

    created = await rest.post(CUSTOMERS, new_customer(group, customerNumber="77"))
    assert [row["id"] for row in await rest.get(CUSTOMERS, customerNumber="77")] == [created["id"]]
    await rest.patch(created["id"], name="Renamed", customerNumber="78")
    assert await rest.get(CUSTOMERS, customerNumber="77") == []
    assert [row["name"] for row in await rest.get(CUSTOMERS, customerNumber="78")] == ["Renamed"]


async def test_all_groups_of_the_company_and_no_others_are_listed(
    rest: RestCaller, records: Records, owner_engine: AsyncEngine
) -> None:
    await Records(owner_engine, await new_company(owner_engine)).group()
    ids = [str(await records.group()) for _ in range(3)]

    assert [group["id"] for group in await rest.get(GROUPS)] == ids


async def test_each_group_is_answered_with_its_discount_and_account(rest: RestCaller, records: Records) -> None:
    account = await records.account(number="1010", name="Sales")
    group = await records.group(
        number="1", name="Gold", discount=Decimal("12.50"), account_id=account, metadata={"a": 1}
    )

    (shown,) = await rest.get(GROUPS)

    assert tuple(shown) == GROUP
    assert shown == {
        "id": str(group),
        "number": "1",
        "name": "Gold",
        "discount": Decimal("12.50"),
        "accountId": str(account),
        "accountNumber": "1010",
        "accountName": "Sales",
        "metadata": {"a": 1},
    }


async def test_a_customer_is_assigned_to_a_group_of_the_list(rest: RestCaller, records: Records) -> None:
    for number in ("1", "2"):
        await records.group(number=number, name=f"Group {number}")
    first, second = await rest.get(GROUPS)

    made = await rest.post(CUSTOMERS, new_customer(first["id"]))
    assert (await rest.get(f"{CUSTOMERS}/{made['id']}"))["customerGroupName"] == "Group 1"
    moved = await rest.patch(made["id"], customerGroupId=second["id"])
    assert [moved[f"customerGroup{name}"] for name in ("Id", "Number", "Name")] == [second["id"], "2", "Group 2"]


async def test_each_contact_is_answered_with_its_fields(rest: RestCaller, records: Records) -> None:
    customer = await records.customer()
    full = {"name": "Ada", "email": "ada@fjord.example", "phone": "+45 1", "is_default_for_customer": True}
    ids = [await records.contact(customer, **full), await records.contact(customer, name="Bo")]

    listed = await rest.get(f"{CUSTOMERS}/{customer}/contacts")

    assert [tuple(contact) for contact in listed] == [CONTACT] * 2
    assert [[*contact.values()] for contact in listed] == [
        [str(ids[0]), "Ada", True, "ada@fjord.example", "+45 1"],
        [str(ids[1]), "Bo", False, None, None],
    ]


async def test_each_department_is_answered_with_its_fields(rest: RestCaller, records: Records) -> None:
    customer = await records.customer()
    address = {"address": "Vej 1", "city": "Rønne", "postal_code": "3700", "country_code": "DK"}
    codes = {"po_number": "PO-1", "ean_number": "5790001234560"}
    ids = [
        await records.department(customer, name="Lager", is_default=True, is_active=False, **codes, **address),
        await records.department(customer, name="Drift"),
    ]

    listed = await rest.get(f"{CUSTOMERS}/{customer}/departments")

    assert [tuple(department) for department in listed] == [DEPARTMENT] * 2
    assert [[*department.values()] for department in listed] == [
        [str(ids[0]), "Lager", True, False, "PO-1", "5790001234560", "Vej 1", "Rønne", "3700", "DK"],
        [str(ids[1]), "Drift", False, True, *[None] * 6],
    ]


MEMBERS = ("contacts", "departments")


@pytest.mark.parametrize("kind", MEMBERS)
async def test_the_default_one_is_first_and_the_others_follow_by_name(
    rest: RestCaller, records: Records, kind: str
) -> None:
    customer = await records.customer()
    for name in ("bo", "Zoe", "Ann", "Carl"):
        await member(records, kind, customer, name, is_default=name == "Zoe")

    listed = await rest.get(f"{CUSTOMERS}/{customer}/{kind}")

    assert [row["name"] for row in listed] == ["Zoe", "Ann", "bo", "Carl"]


@pytest.mark.parametrize("kind", MEMBERS)
async def test_members_are_those_of_the_customer(rest: RestCaller, records: Records, kind: str) -> None:
    customers = [await records.customer() for _ in range(2)]
    for name, customer in zip(("Ann", "Bo"), customers, strict=True):
        await member(records, kind, customer, name)

    for name, customer in zip(("Ann", "Bo"), customers, strict=True):
        assert [row["name"] for row in await rest.get(f"{CUSTOMERS}/{customer}/{kind}")] == [name]


async def member(records: Records, kind: str, customer: UUID, name: str, *, is_default: bool = False) -> None:
    """Write a contact or a department."""
    if kind == "contacts":
        await records.contact(customer, name=name, is_default_for_customer=is_default)
    else:
        await records.department(customer, name=name, is_default=is_default)
