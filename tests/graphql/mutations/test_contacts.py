"""createContact, updateContact and deleteContact as callers see them."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.asking import Caller
from tests.support.records import Records
from tests.support.untouched import everything_of

PAYLOAD = """{
    contact { id name isDefaultForCustomer email phone version }
    customer { contacts { name isDefaultForCustomer } }
    replayed
    errors {
        __typename code path message httpStatus
        ... on LimitError { limit actual }
        ... on VersionConflictError { expectedVersion actualVersion changedFields }
    }
}"""


async def ask(caller: Caller, verb: str, **given: Any) -> dict[str, Any]:
    """The payload of a mutation."""
    field = f"{verb}Contact"
    document = f"mutation($input: {verb.title()}ContactInput!) {{ {field}(input: $input) {PAYLOAD} }}"
    return (await caller.data(document, input=given))[field]


@pytest.fixture
async def customer(records: Records) -> UUID:
    return await records.customer()


async def test_a_contact_is_created_with_every_field_and_its_customer_is_read_anew(
    caller: Caller, records: Records, customer: UUID
) -> None:
    await records.contact(customer, name="Ann", is_default_for_customer=True)
    given = {"name": " Bo ", "isDefaultForCustomer": True, "email": "bo@example.com", "phone": "12"}

    payload = await ask(caller, "create", customerId=str(customer), **given)

    created = payload["contact"].pop("id")
    assert UUID(created).version == 7
    assert payload == {
        "contact": {**given, "name": "Bo", "version": 1},
        "customer": {
            "contacts": [{"name": "Bo", "isDefaultForCustomer": True}, {"name": "Ann", "isDefaultForCustomer": False}]
        },
        "replayed": False,
        "errors": [],
    }


async def test_what_an_update_leaves_out_stays_and_null_unsets(
    caller: Caller, records: Records, customer: UUID
) -> None:
    contact = await records.contact(customer, name="Ann", email="ann@example.com", phone="12")
    payload = await ask(caller, "update", id=str(contact), email=None)
    expected = {"name": "Ann", "isDefaultForCustomer": False, "email": None, "phone": "12", "version": 2}
    assert payload["contact"] == {"id": str(contact), **expected}
    assert payload["errors"] == []


async def test_a_removed_contact_is_shown_as_it_was_and_gone_from_its_customer(
    caller: Caller, records: Records, customer: UUID
) -> None:
    contact = await records.contact(customer, name="Ann", is_default_for_customer=True)
    new_default = await records.contact(customer, name="Bo")
    payload = await ask(caller, "delete", id=str(contact), newDefaultId=str(new_default), expectedVersion=1)
    assert (payload["contact"]["name"], payload["contact"]["isDefaultForCustomer"]) == ("Ann", True)
    assert payload["customer"] == {"contacts": [{"name": "Bo", "isDefaultForCustomer": True}]}
    assert payload["errors"] == []


async def test_rejections_come_all_at_once_with_their_kinds_and_nothing_is_written(
    caller: Caller, customer: UUID, owner_engine: AsyncEngine
) -> None:
    before = await everything_of(owner_engine, caller.company_id)
    given = {"name": "n" * 256, "isDefaultForCustomer": None, "email": "nobody"}
    payload = await ask(caller, "create", customerId=str(customer), idempotencyKey="key", **given)

    assert (payload["contact"], payload["customer"], payload["replayed"]) == (None, None, False)
    assert [
        (problem["__typename"], problem["code"], problem["path"], problem["httpStatus"])
        for problem in payload["errors"]
    ] == [
        ("LimitError", "FIELD_TOO_LONG", ["input", "name"], 400),
        ("InputError", "FIELD_NOT_CLEARABLE", ["input", "isDefaultForCustomer"], 400),
        ("InputError", "FIELD_INVALID", ["input", "email"], 400),
    ]
    assert (payload["errors"][0]["limit"], payload["errors"][0]["actual"]) == (255, 256)
    assert await everything_of(owner_engine, caller.company_id) == before


async def test_the_default_does_not_go_unless_one_follows(
    caller: Caller, records: Records, customer: UUID, owner_engine: AsyncEngine
) -> None:
    default = await records.contact(customer, is_default_for_customer=True)
    await records.contact(customer)
    before = await everything_of(owner_engine, caller.company_id)
    for verb, given in (("update", {"isDefaultForCustomer": False}), ("delete", {})):
        payload = await ask(caller, verb, id=str(default), **given)
        assert [(problem["code"], problem["path"], problem["httpStatus"]) for problem in payload["errors"]] == [
            ("DEFAULT_REQUIRED", ["input", "newDefaultId"], 422)
        ]
    assert await everything_of(owner_engine, caller.company_id) == before


async def test_a_version_conflict_shows_what_is_stored(
    caller: Caller, records: Records, customer: UUID, owner_engine: AsyncEngine
) -> None:
    contact = await records.contact(customer, name="Now", version=2)
    before = await everything_of(owner_engine, caller.company_id)
    for verb in ("update", "delete"):
        payload = await ask(caller, verb, id=str(contact), expectedVersion=1)
        assert (payload["contact"]["name"], payload["contact"]["version"]) == ("Now", 2)
        (error,) = payload["errors"]
        assert (error["__typename"], error["code"], error["httpStatus"]) == (
            "VersionConflictError",
            "VERSION_CONFLICT",
            409,
        )
        assert (error["expectedVersion"], error["actualVersion"], error["changedFields"]) == (1, 2, [])
    assert await everything_of(owner_engine, caller.company_id) == before


async def test_the_same_key_answers_the_same_again(caller: Caller, customer: UUID) -> None:
    given = {"customerId": str(customer), "name": "Ann", "idempotencyKey": "key"}
    first, second = [await ask(caller, "create", **given) for _ in range(2)]
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert second == first | {"replayed": True}
    other = await ask(caller, "create", **given | {"name": "Bo"})
    assert [problem["code"] for problem in other["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert [contact["name"] for contact in second["customer"]["contacts"]] == ["Ann"]
