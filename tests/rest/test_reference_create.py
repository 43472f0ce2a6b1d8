"""What the reference says of creating a customer."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.rest.reference import CUSTOMER, NEW
from tests.rest.writing import REQUIRED, SENT, SHOWN, required, settled
from tests.support.records import Records, new_company
from tests.support.rest import CUSTOMERS, RestCaller, exactly, read
from tests.support.untouched import everything_of

NOTES = "query($id: ID!) { customer(by: {id: $id}) { notes } }"


async def created(rest: RestCaller, body: dict[str, Any]) -> dict[str, Any]:
    """Create a customer, and return it as it is read afterwards, with its notes."""
    made = await rest.post(CUSTOMERS, body)
    noted = await rest.graphql(NOTES, id=made["id"])
    return {**await rest.get(f"{CUSTOMERS}/{made['id']}"), **noted["customer"]}


async def test_a_creation_answers_201_with_the_id_and_the_assigned_number(rest: RestCaller, records: Records) -> None:
    await records.customer(customer_number="41")
    group = await records.group()

    made = read(await rest.send("POST", CUSTOMERS, required(group)), 201)

    assert list(made) == ["id", "customerNumber"]
    assert made["customerNumber"] == "42"
    assert str(UUID(made["id"])) == made["id"]


async def test_what_was_created_is_read_by_its_id(rest: RestCaller, records: Records) -> None:
    body = required(await records.group())

    made = await rest.post(CUSTOMERS, body)

    shown = await rest.get(f"{CUSTOMERS}/{made['id']}")
    assert tuple(shown) == CUSTOMER
    assert {name: shown[name] for name in (*made, *body)} == {**made, **body}


async def test_a_customer_is_created_in_the_company_of_the_credential(
    rest: RestCaller, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    other = await new_company(owner_engine)
    before = await everything_of(owner_engine, other)

    made = await rest.post(CUSTOMERS, required(await records.group()))

    assert await everything_of(owner_engine, other) == before
    (row,) = (await everything_of(owner_engine, company))["customers"]
    assert made["id"] in row


@pytest.mark.parametrize("field", SENT)
async def test_a_customer_is_created_with_the_value_of_each_field(
    rest: RestCaller, records: Records, field: str
) -> None:
    parent = {"parentCustomerId": str(await records.customer())} if field == "billingRelationship" else {}
    body = required(await records.group(), **parent, **settled(field)) | {field: SENT[field]}

    shown = await created(rest, body)

    assert exactly(shown[field]) == exactly(SHOWN[field])


def test_the_examples_have_every_field_of_the_reference() -> None:
    assert {*SENT, "customerGroupId", "parentCustomerId"} == NEW


async def test_a_new_customer_is_a_business_unless_it_is_said(rest: RestCaller, records: Records) -> None:
    shown = await created(rest, required(await records.group()))

    assert shown["customerType"] == "BUSINESS"
    defaults: dict[str, Any] = {
        "isActive": True,
        "includeChildDetailsPdf": False,
        "billingRelationship": "self",
        "metadata": {},
    }
    assert {name: shown[name] for name in defaults} == defaults


async def test_a_creation_without_required_fields_says_all_of_them(
    rest: RestCaller, owner_engine: AsyncEngine, company: UUID
) -> None:
    problem = await rest.error("POST", CUSTOMERS, {"city": "Rønne"})

    assert (problem.status, problem.code) == (400, "SHARED_VALIDATION_FAILED")
    assert problem.properties == {name: ["FIELD_REQUIRED"] for name in REQUIRED}
    assert (await everything_of(owner_engine, company))["customers"] == []


async def test_a_customer_number_that_is_in_use_is_answered_with_409(rest: RestCaller, records: Records) -> None:
    taken = await records.customer(customer_number="7")
    body = required(await records.group(), customerNumber="7")

    problem = await rest.error("POST", CUSTOMERS, body)

    assert (problem.status, problem.code) == (409, "CUSTOMER_NUMBER_ALREADY_EXISTS")
    assert problem.details["customerIds"] == [str(taken)]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_an_external_id_that_is_in_use_is_answered_with_409(
    rest: RestCaller, records: Records, owner_engine: AsyncEngine, company: UUID, method: str
) -> None:
    taken = await records.customer(external_system_id="crm:1", is_active=False)
    path = CUSTOMERS if method == "POST" else f"{CUSTOMERS}/{await records.customer()}"
    body = required(await records.group(), externalSystemId=" crm:1 ")
    before = await everything_of(owner_engine, company)

    problem = await rest.error(method, path, body)

    assert (problem.status, problem.code) == (409, "EXTERNAL_SYSTEM_ID_ALREADY_EXISTS")
    assert problem.details["customerIds"] == [str(taken)]
    assert await everything_of(owner_engine, company) == before


async def test_an_external_id_of_another_company_is_free(
    rest: RestCaller, records: Records, owner_engine: AsyncEngine
) -> None:
    await Records(owner_engine, await new_company(owner_engine)).customer(external_system_id="crm:1")

    shown = await created(rest, required(await records.group(), externalSystemId="crm:1"))

    assert shown["externalSystemId"] == "crm:1"


@pytest.mark.parametrize("value", ["", "  ", "\t", None])
async def test_an_empty_or_blank_external_id_is_unset(rest: RestCaller, records: Records, value: str | None) -> None:
    group, changed = await records.group(), await records.customer(external_system_id="crm:1")

    # Twice: what is unset is not in use.
    for _ in range(2):
        assert (await created(rest, required(group, externalSystemId=value)))["externalSystemId"] is None
    assert (await rest.patch(changed, externalSystemId=value))["externalSystemId"] is None


async def test_a_new_child_is_billed_itself_unless_the_parent_pays(rest: RestCaller, records: Records) -> None:
    parent, group = str(await records.customer()), await records.group()

    child = await created(rest, required(group, parentCustomerId=parent))
    assert (child["parentCustomerId"], child["billingRelationship"]) == (parent, "self")
    paid = await created(rest, required(group, parentCustomerId=parent, billingRelationship="parent_pays"))
    assert (paid["parentCustomerId"], paid["billingRelationship"]) == (parent, "parent_pays")
    problem = await rest.error("POST", CUSTOMERS, required(group, billingRelationship="parent_pays"))
    assert (problem.status, problem.code) == (422, "PARENT_CUSTOMER_REQUIRED")


async def test_a_null_parent_creates_a_customer_without_one(rest: RestCaller, records: Records) -> None:
    shown = await created(rest, required(await records.group(), parentCustomerId=None))

    assert (shown["parentCustomerId"], shown["billingRelationship"]) == (None, "self")
    problem = await rest.error("POST", CUSTOMERS, required(await records.group(), parentCustomerId=str(uuid4())))
    assert (problem.status, problem.code) == (404, "PARENT_CUSTOMER_NOT_FOUND")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_metadata_has_limits_of_entries_and_characters(rest: RestCaller, records: Records, method: str) -> None:
    group, customer = await records.group(), await records.customer()
    path = CUSTOMERS if method == "POST" else f"{CUSTOMERS}/{customer}"
    most = {f"{place:03}" + "k" * 125: "v" * 500 for place in range(50)}

    answer = await rest.send(method, path, required(group, metadata=most))
    assert answer.status_code in {200, 201}
    assert (await rest.get(f"{CUSTOMERS}/{answer.json()['id']}"))["metadata"] == most
    for entries, codes in (
        (most | {"one more": ""}, {"metadata": ["METADATA_LIMIT_EXCEEDED"]}),
        ({"k" * 129: ""}, {f"metadata.{'k' * 129}": ["METADATA_VALUE_INVALID"]}),
        ({"key": "v" * 501}, {"metadata.key": ["METADATA_VALUE_INVALID"]}),
    ):
        problem = await rest.error(method, path, required(group, metadata=entries))
        assert (problem.status, problem.properties) == (400, codes)
