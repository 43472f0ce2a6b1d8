"""createCustomer, as a caller sees it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.domain.identity import Scope
from tests.support.asking import Caller
from tests.support.new_customers import new_customer_input
from tests.support.records import Records, new_company
from tests.support.untouched import everything_of

CREATE = """
mutation ($input: CreateCustomerInput!) {
  createCustomer(input: $input) {
    customer {
      id customerNumber customerType name vatZone customerGroupId isActive billingRelationship includeChildDetailsPdf
      email phone address city postalCode countryCode vatNumber website externalSystemId notes creditLimit
      openingBalance paymentTerms paymentTermType defaultCurrency parentCustomerId consolidationMode billingDay
      parentInvoiceTemplateId metadata version
    }
    replayed
    errors {
      __typename code path message httpStatus
      ... on LimitError { limit actual } ... on MetadataError { key } ... on CustomersError { customerIds }
    }
  }
}
"""


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group(number="7", name="Retail")


async def create(caller: Caller, given: dict[str, Any]) -> dict[str, Any]:
    return (await caller.data(CREATE, input=given))["createCustomer"]


async def errors_of(caller: Caller, owner_engine: AsyncEngine, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors of a rejected creation, which wrote nothing and shows no customer."""
    before = await everything_of(owner_engine, caller.company_id)
    payload = await create(caller, given)
    assert await everything_of(owner_engine, caller.company_id) == before
    assert (payload["customer"], payload["replayed"]) == (None, False)
    return payload["errors"]


async def test_every_field_is_written_and_shown(caller: Caller, group: UUID):
    given = new_customer_input(
        group,
        customerNumber="K-1",
        customerType="PRIVATE",
        isActive=False,
        billingRelationship="SELF",
        includeChildDetailsPdf=True,
        email="freja@fjord.example",
        phone="+45 12 34 56 78",
        address="Havnen 1",
        city="Ribe",
        postalCode="6760",
        vatNumber="DK12345678",
        website="https://fjord.example",
        externalSystemId="crm-1",
        notes="Pays late.",
        creditLimit="1000.50",
        openingBalance="-0.05",
        paymentTerms=30,
        paymentTermType="END_OF_MONTH",
        parentCustomerId=None,
        consolidationMode="SINGLE_INVOICE",
        billingDay=28,
        parentInvoiceTemplateId=str(uuid4()),
        metadata={"vip": True, "rating": 4.5, "size": 12, "segment": "gold"},
    )

    payload = await create(caller, given)

    assert (payload["replayed"], payload["errors"]) == (False, [])
    assert payload["customer"] == given | {"id": payload["customer"]["id"], "version": 1}


async def test_what_is_left_out_or_null_is_unset_or_by_default(caller: Caller, group: UUID):
    customer = (await create(caller, new_customer_input(group, email=None, billingDay=None, phone=" ")))["customer"]

    assert {name: value for name, value in customer.items() if value is not None} == {
        "id": customer["id"],
        "customerNumber": "1",
        "customerType": "BUSINESS",
        "name": "Fjord",
        "vatZone": "DOMESTIC",
        "customerGroupId": str(group),
        "isActive": True,
        "billingRelationship": "SELF",
        "includeChildDetailsPdf": False,
        "countryCode": "DK",
        "defaultCurrency": "DKK",
        "metadata": {},
        "version": 1,
    }


async def test_the_payload_leads_on_into_the_graph(caller: Caller, records: Records, group: UUID):
    parent = await records.customer(name="Parent")
    document = """
    mutation ($input: CreateCustomerInput!) {
      createCustomer(input: $input) {
        customer { group { number } customerGroupName parent { name children { nodes { name } } } contacts { id } }
      }
    }
    """

    data = await caller.data(document, input=new_customer_input(group, parentCustomerId=str(parent)))

    assert data["createCustomer"]["customer"] == {
        "group": {"number": "7"},
        "customerGroupName": "Retail",
        "parent": {"name": "Parent", "children": {"nodes": [{"name": "Fjord"}]}},
        "contacts": [],
    }


async def test_each_problem_says_its_code_its_path_its_status_and_its_data(
    caller: Caller, owner_engine: AsyncEngine, group: UUID
):
    given = new_customer_input(
        group,
        customerNumber=None,
        name=" ",
        phone="x" * 256,
        website="ftp://fjord.example",
        metadata={"a": None},
    )

    errors = await errors_of(caller, owner_engine, given)
    too_many = {"metadata": {str(number): None for number in range(51)}}
    errors += await errors_of(caller, owner_engine, new_customer_input(group) | too_many)

    assert [(error["__typename"], error["code"], error["path"], error["httpStatus"]) for error in errors] == [
        ("InputError", "FIELD_NOT_CLEARABLE", ["input", "customerNumber"], 400),
        ("InputError", "FIELD_REQUIRED", ["input", "name"], 400),
        ("LimitError", "FIELD_TOO_LONG", ["input", "phone"], 400),
        ("InputError", "FIELD_INVALID", ["input", "website"], 400),
        ("MetadataError", "METADATA_VALUE_INVALID", ["input", "metadata", "a"], 400),
        ("LimitError", "METADATA_LIMIT_EXCEEDED", ["input", "metadata"], 400),
    ]
    assert (errors[2]["limit"], errors[2]["actual"]) == (255, 256)
    assert errors[4]["key"] == "a"
    assert (
        errors[3]["message"]
        == 'Website must be an http or https URL, such as https://company.example, not "ftp://fjord.example".'
    )


async def test_a_taken_key_names_the_customer_that_has_it(
    caller: Caller, owner_engine: AsyncEngine, records: Records, group: UUID
):
    holder = await records.customer(external_system_id="crm-1", is_active=False)

    (error,) = await errors_of(caller, owner_engine, new_customer_input(group, externalSystemId=" crm-1"))

    assert (error["__typename"], error["code"], error["httpStatus"]) == (
        "CustomersError",
        "EXTERNAL_SYSTEM_ID_ALREADY_EXISTS",
        409,
    )
    assert error["customerIds"] == [str(holder)]


async def test_references_that_the_company_does_not_have_are_404(
    caller: Caller, owner_engine: AsyncEngine, database: Database, group: UUID
):
    other_company = Records(owner_engine, await new_company(owner_engine))
    given = new_customer_input(await other_company.group(), parentCustomerId=str(await other_company.customer()))

    errors = await errors_of(caller, owner_engine, given)

    assert [(error["code"], error["httpStatus"]) for error in errors] == [
        ("CUSTOMER_GROUP_NOT_FOUND", 404),
        ("PARENT_CUSTOMER_NOT_FOUND", 404),
    ]
    other = Caller(database, await new_company(owner_engine))
    (error,) = await errors_of(other, owner_engine, new_customer_input(group))
    assert error["code"] == "CUSTOMER_GROUP_NOT_FOUND"


async def test_the_same_key_and_input_is_answered_again(caller: Caller, owner_engine: AsyncEngine, group: UUID):
    given = new_customer_input(group, idempotencyKey="key", metadata={"a": 1, "b": 2}, creditLimit="1.50")
    first = await create(caller, given)
    before = await everything_of(owner_engine, caller.company_id)

    second = await create(caller, given | {"metadata": {"b": 2, "a": 1}})

    assert second == first | {"replayed": True}
    assert await everything_of(owner_engine, caller.company_id) == before
    (error,) = await errors_of(caller, owner_engine, given | {"name": "Another"})
    assert (error["code"], error["path"], error["httpStatus"]) == (
        "IDEMPOTENCY_KEY_REUSED",
        ["input", "idempotencyKey"],
        409,
    )


async def test_a_malformed_key_is_reported_with_the_problems_of_the_fields(
    caller: Caller, owner_engine: AsyncEngine, group: UUID
):
    problems = await errors_of(
        caller, owner_engine, new_customer_input(group, email="no address", idempotencyKey="k" * 256)
    )
    assert [(problem["code"], problem["path"][1]) for problem in problems] == [
        ("FIELD_INVALID", "email"),
        ("FIELD_TOO_LONG", "idempotencyKey"),
    ]


async def test_it_needs_the_scope_to_write_and_says_so(
    database: Database, owner_engine: AsyncEngine, company: UUID, group: UUID
):
    reader = Caller(database, company, scopes=[Scope.CUSTOMERS_READ])
    before = await everything_of(owner_engine, company)

    rejection = await reader.rejection(CREATE, input=new_customer_input(group))

    assert (rejection["code"], rejection["requiredScope"]) == ("FORBIDDEN", "customers-write")
    assert await everything_of(owner_engine, company) == before


async def test_with_the_scope_to_write_alone_only_the_new_customer_itself_is_shown(
    database: Database, owner_engine: AsyncEngine, company: UUID, group: UUID
):
    writer = Caller(database, company, scopes=[Scope.CUSTOMERS_WRITE])

    payload = await create(writer, new_customer_input(group))

    assert payload["customer"]["name"] == "Fjord"
    before = await everything_of(owner_engine, company)
    around = "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { group { id } } } }"
    rejection = await writer.rejection(around, input=new_customer_input(group))
    assert (rejection["code"], rejection["requiredScope"]) == ("FORBIDDEN", "customers-read")
    assert await everything_of(owner_engine, company) == before
