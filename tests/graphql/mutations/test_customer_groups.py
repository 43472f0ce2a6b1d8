"""createCustomerGroup, updateCustomerGroup and deleteCustomerGroup as callers see them."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.asking import Caller
from tests.support.records import Records
from tests.support.untouched import everything_of

PAYLOAD = """{
    customerGroup {
        id number name discount accountId accountNumber accountName metadata version customers { totalCount }
    }
    replayed
    errors {
        __typename code path message httpStatus
        ... on CustomersError { customerIds }
        ... on MetadataError { key }
        ... on VersionConflictError { expectedVersion actualVersion changedFields }
    }
}"""


async def ask(caller: Caller, verb: str, **given: Any) -> dict[str, Any]:
    """The payload of a mutation."""
    field = f"{verb}CustomerGroup"
    document = f"mutation($input: {verb.title()}CustomerGroupInput!) {{ {field}(input: $input) {PAYLOAD} }}"
    return (await caller.data(document, input=given))[field]


async def test_a_group_is_created_with_every_field_and_found_at_once(caller: Caller, records: Records) -> None:
    account = await records.account(number="4010", name="Sales")
    given = {"number": "A-1", "name": "Big", "accountId": str(account), "metadata": {"region": "north", "vip": True}}

    payload = await ask(caller, "create", discount="12.5", **given)

    created = payload["customerGroup"].pop("id")
    assert UUID(created).version == 7
    shown = {"discount": "12.50", "accountNumber": "4010", "accountName": "Sales", "version": 1}
    assert payload == {
        "customerGroup": {**given, **shown, "customers": {"totalCount": 0}},
        "replayed": False,
        "errors": [],
    }
    found = await caller.data('{ customerGroups(where: {metadata: {key: "vip", value: true}}) { id } }')
    assert found == {"customerGroups": [{"id": created}]}


async def test_more_than_two_decimals_of_a_discount_are_rejected_even_if_they_are_zeros(
    caller: Caller, records: Records
) -> None:
    given = {"number": "A-1", "name": "Big", "accountId": str(await records.account())}

    payload = await ask(caller, "create", discount="12.500", **given)

    assert [(problem["code"], problem["path"]) for problem in payload["errors"]] == [
        ("FIELD_INVALID", ["input", "discount"])
    ]


async def test_an_input_may_be_written_into_the_document(caller: Caller, records: Records) -> None:
    group = await records.group(metadata={"gone": 1, "kept": 2})
    document = (
        f'mutation {{ updateCustomerGroup(input: {{id: "{group}", discount: "0.25",'
        ' metadataSet: {text: "x", number: 1.5, flag: false}, metadataUnset: ["gone"]})'
        " { customerGroup { discount metadata } errors { code } } }"
    )
    assert (await caller.data(document))["updateCustomerGroup"] == {
        "customerGroup": {"discount": "0.25", "metadata": {"kept": 2, "text": "x", "number": 1.5, "flag": False}},
        "errors": [],
    }


async def test_a_group_in_use_is_not_removed_and_the_customers_are_named(
    caller: Caller, records: Records, owner_engine: AsyncEngine
) -> None:
    group = await records.group()
    customer = await records.customer(customer_group_id=group)
    before = await everything_of(owner_engine, caller.company_id)
    payload = await ask(caller, "delete", id=str(group))
    assert payload["customerGroup"] is None
    (error,) = payload["errors"]
    assert (error["__typename"], error["code"], error["path"], error["httpStatus"], error["customerIds"]) == (
        "CustomersError",
        "CUSTOMER_GROUP_IN_USE",
        ["input", "id"],
        409,
        [str(customer)],
    )
    assert await everything_of(owner_engine, caller.company_id) == before


async def test_an_unused_group_is_removed_and_shown_as_it_was(caller: Caller, records: Records) -> None:
    group = await records.group(number="7", name="Gone")
    payload = await ask(caller, "delete", id=str(group))
    assert (payload["customerGroup"]["name"], payload["customerGroup"]["customers"]) == ("Gone", {"totalCount": 0})
    assert payload["errors"] == []
    assert await caller.data(f'{{ customerGroup(by: {{id: "{group}"}}) {{ id }} }}') == {"customerGroup": None}


async def test_rejections_come_all_at_once_with_their_kinds_and_nothing_is_written(
    caller: Caller, records: Records, owner_engine: AsyncEngine
) -> None:
    group = await records.group(number="7")
    before = await everything_of(owner_engine, caller.company_id)
    given = {"number": " ", "name": None, "discount": "100.01", "accountId": "x", "metadata": {"k": None}}
    payload = await ask(caller, "update", id=str(group), idempotencyKey="key", **given)
    assert [(problem["__typename"], problem["code"], problem["path"][1:]) for problem in payload["errors"]] == [
        ("InputError", "FIELD_REQUIRED", ["number"]),
        ("InputError", "FIELD_NOT_CLEARABLE", ["name"]),
        ("InputError", "FIELD_INVALID", ["discount"]),
        ("InputError", "FIELD_INVALID", ["accountId"]),
        ("MetadataError", "METADATA_VALUE_INVALID", ["metadata", "k"]),
    ]
    assert payload["errors"][4]["key"] == "k"
    both = await ask(caller, "update", id=str(group), metadata={}, metadataSet={"a": 1})
    assert [problem["code"] for problem in both["errors"]] == ["FIELD_CONFLICT"]
    assert await everything_of(owner_engine, caller.company_id) == before


async def test_a_taken_number_is_a_conflict(caller: Caller, records: Records, owner_engine: AsyncEngine) -> None:
    await records.group(number="7")
    account = str(await records.account())
    before = await everything_of(owner_engine, caller.company_id)
    payload = await ask(caller, "create", number=" 7 ", name="Other", accountId=account)
    assert [(problem["code"], problem["path"], problem["httpStatus"]) for problem in payload["errors"]] == [
        ("CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS", ["input", "number"], 409)
    ]
    assert await everything_of(owner_engine, caller.company_id) == before


async def test_a_version_conflict_shows_what_is_stored(caller: Caller, records: Records) -> None:
    group = await records.group(name="Now", version=2)
    payload = await ask(caller, "update", id=str(group), expectedVersion=1, name="Lost")
    assert (payload["customerGroup"]["name"], payload["customerGroup"]["version"]) == ("Now", 2)
    (error,) = payload["errors"]
    assert (error["code"], error["expectedVersion"], error["actualVersion"]) == ("VERSION_CONFLICT", 1, 2)
    assert error["changedFields"] == []


async def test_the_same_key_answers_the_same_again(caller: Caller, records: Records) -> None:
    given = {"number": "1", "name": "Once", "accountId": str(await records.account()), "metadata": {"a": True, "b": 1}}
    first, second = [await ask(caller, "create", idempotencyKey="key", **given) for _ in range(2)]
    assert first["errors"] == []
    assert second == first | {"replayed": True}
