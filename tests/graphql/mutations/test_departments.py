"""createDepartment, updateDepartment and deleteDepartment as callers see them."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.asking import Caller
from tests.support.records import Records
from tests.support.untouched import everything_of

PAYLOAD = """{
    department {
        id name isDefault isActive poNumber eanNumber address city postalCode countryCode version
    }
    customer { departments { name isDefault } }
    replayed
    errors { code path httpStatus }
}"""
TEXTS = {
    "poNumber": "PO-1",
    "eanNumber": "5790000000005",
    "address": "Kajen 3",
    "city": "Odense",
    "postalCode": "5000",
    "countryCode": "DK",
}


async def ask(caller: Caller, verb: str, **given: Any) -> dict[str, Any]:
    """The payload of a mutation."""
    field = f"{verb}Department"
    document = f"mutation($input: {verb.title()}DepartmentInput!) {{ {field}(input: $input) {PAYLOAD} }}"
    return (await caller.data(document, input=given))[field]


@pytest.fixture
async def customer(records: Records) -> UUID:
    return await records.customer()


async def test_a_department_is_created_with_every_field(caller: Caller, customer: UUID) -> None:
    given = {"name": "Warehouse", "isDefault": True, "isActive": False, **TEXTS}
    payload = await ask(caller, "create", customerId=str(customer), **given | {"countryCode": "dk"})
    payload["department"].pop("id")
    assert payload == {
        "department": {**given, "version": 1},
        "customer": {"departments": [{"name": "Warehouse", "isDefault": True}]},
        "replayed": False,
        "errors": [],
    }


async def test_a_department_is_active_and_no_default_unless_the_input_says_so(caller: Caller, customer: UUID) -> None:
    department = (await ask(caller, "create", customerId=str(customer), name="Attic"))["department"]
    department.pop("id")
    unset = dict.fromkeys(TEXTS)
    assert department == {"name": "Attic", "isDefault": False, "isActive": True, "version": 1, **unset}


async def test_every_text_but_the_name_is_unset_by_null_and_by_a_blank(
    caller: Caller, records: Records, customer: UUID
) -> None:
    for nothing in (None, "  "):
        department = await records.department(customer, po_number="PO-1", ean_number="5790000000005", city="Odense")
        shown = (await ask(caller, "update", id=str(department), **dict.fromkeys(TEXTS, nothing)))["department"]
        assert {name: shown[name] for name in TEXTS} == dict.fromkeys(TEXTS)
        assert (shown["name"], shown["version"]) == ("Department", 2)


async def test_a_department_is_deactivated_and_activated(caller: Caller, records: Records, customer: UUID) -> None:
    department = await records.department(customer, is_default=True)
    for active in (False, True):
        shown = (await ask(caller, "update", id=str(department), isActive=active))["department"]
        assert (shown["isActive"], shown["isDefault"]) == (active, True)


async def test_removing_the_default_hands_it_over(caller: Caller, records: Records, customer: UUID) -> None:
    default = await records.department(customer, name="Old", is_default=True)
    new_default = await records.department(customer, name="New", is_active=False)
    payload = await ask(caller, "delete", id=str(default), newDefaultId=str(new_default))
    assert payload["department"]["name"] == "Old"
    assert payload["customer"] == {"departments": [{"name": "New", "isDefault": True}]}


async def test_rejections_come_all_at_once_and_nothing_is_written(
    caller: Caller, records: Records, customer: UUID, owner_engine: AsyncEngine
) -> None:
    department = await records.department(customer)
    before = await everything_of(owner_engine, caller.company_id)
    given = {"name": None, "isDefault": None, "isActive": None, "eanNumber": "5790000000004", "countryCode": "XX"}
    payload = await ask(caller, "update", id=str(department), **given)
    assert (payload["department"], payload["customer"]) == (None, None)
    assert [(problem["code"], problem["path"][1]) for problem in payload["errors"]] == [
        ("FIELD_NOT_CLEARABLE", "name"),
        ("FIELD_NOT_CLEARABLE", "isDefault"),
        ("FIELD_NOT_CLEARABLE", "isActive"),
        ("FIELD_INVALID", "eanNumber"),
        ("FIELD_INVALID", "countryCode"),
    ]
    payload = await ask(caller, "delete", id="nothing")
    assert payload["errors"] == [{"code": "FIELD_INVALID", "path": ["input", "id"], "httpStatus": 400}]
    assert await everything_of(owner_engine, caller.company_id) == before
