"""A customer by a unique key: every plain field, and what a look-up answers where there is nothing to find."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.rows import CustomerRow
from app.domain.fields import schema_name
from tests.support.asking import Caller
from tests.support.records import Records, new_company

FIND = "query($by: CustomerLookup!) { customer(by: $by) { id name } }"
FIELDS = """
id customerNumber customerType name vatZone customerGroupId customerGroupNumber customerGroupName isActive
billingRelationship includeChildDetailsPdf email phone address city postalCode countryCode vatNumber website
externalSystemId notes creditLimit openingBalance paymentTerms paymentTermType defaultCurrency parentCustomerId
consolidationMode billingDay parentInvoiceTemplateId metadata version createdAt updatedAt
"""
EVERY_FIELD = f"query($id: ID!) {{ customer(by: {{id: $id}}) {{ {FIELDS} }} }}"
MOMENT = datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)


async def test_a_customer_is_found_by_each_of_its_keys(caller: Caller, records: Records) -> None:
    customer = await records.customer(customer_number="A-17", external_system_id="crm:1", name="Fjord")
    keys = [{"id": str(customer)}, {"customerNumber": " A-17 "}, {"externalSystemId": "crm:1"}]

    for by in keys:
        data = await caller.data(FIND, by=by)
        assert data == {"customer": {"id": str(customer), "name": "Fjord"}}


async def test_every_plain_field_shows_what_is_stored(caller: Caller, records: Records) -> None:
    group = await records.group(number="G-7", name="Wholesale")
    template = uuid4()
    stored: dict[str, Any] = {
        "customer_number": "10042",
        "customer_type": "PRIVATE",
        "name": "Åse & Søn",
        "vat_zone": "EU",
        "customer_group_id": group,
        "is_active": False,
        "include_child_details_pdf": True,
        "email": "aase@example.com",
        "phone": "+45 12345678",
        "address": 'Ny "Havn" 1\nbaghuset',
        "city": "Ærøskøbing",
        "postal_code": "5970",
        "country_code": "SE",
        "vat_number": "SE556036079301",
        "website": "https://example.com",
        "external_system_id": "crm\\1",
        "notes": "🙂" * 10_000,
        "credit_limit": "1234567890123.45",
        "opening_balance": "-0.50",
        "payment_terms": 365,
        "payment_term_type": "END_OF_MONTH",
        "default_currency": "SEK",
        "consolidation_mode": "SINGLE_INVOICE",
        "billing_day": 28,
        "parent_invoice_template_id": template,
        "metadata": {"tier": "gold"},
        "version": 7,
        "created_at": MOMENT,
        "updated_at": MOMENT.replace(microsecond=0),
    }
    customer = await records.customer(**stored)

    data = await caller.data(EVERY_FIELD, id=str(customer))

    assert data["customer"] == {
        "id": str(customer),
        "customerGroupNumber": "G-7",
        "customerGroupName": "Wholesale",
        "billingRelationship": "SELF",
        "parentCustomerId": None,
        **{schema_name(name): value for name, value in stored.items()},
        "customerGroupId": str(group),
        "parentInvoiceTemplateId": str(template),
        "createdAt": "2026-02-28T23:59:59.123456Z",
        "updatedAt": "2026-02-28T23:59:59.000000Z",
    }


async def test_what_was_left_out_shows_as_null_or_as_its_default(caller: Caller, records: Records) -> None:
    parent = await records.customer()
    child = await records.customer(parent_customer_id=parent, billing_relationship="PARENT_PAYS")

    data = await caller.data(EVERY_FIELD, id=str(child))

    shown = data["customer"]
    assert {name for name, value in shown.items() if value is None} == {
        *("email", "phone", "address", "city", "postalCode", "vatNumber", "website", "externalSystemId", "notes"),
        *("creditLimit", "openingBalance", "paymentTerms", "paymentTermType"),
        *("consolidationMode", "billingDay", "parentInvoiceTemplateId"),
    }
    assert shown["parentCustomerId"] == str(parent)
    assert shown["billingRelationship"] == "PARENT_PAYS"
    assert (shown["customerType"], shown["isActive"], shown["includeChildDetailsPdf"]) == ("BUSINESS", True, False)
    assert (shown["metadata"], shown["version"]) == ({}, 1)


def test_the_tests_above_ask_for_every_plain_field() -> None:
    assert set(FIELDS.split()) == {schema_name(name) for name in CustomerRow._fields}


@pytest.mark.parametrize(
    "by",
    [{"id": str(uuid4())}, {"customerNumber": "404"}, {"externalSystemId": "CRM:1"}],
    ids=["id", "number", "external id in another case"],
)
async def test_an_unknown_key_finds_null(caller: Caller, records: Records, by: dict[str, str]) -> None:
    await records.customer(external_system_id="crm:1")
    assert await caller.data(FIND, by=by) == {"customer": None}


async def test_another_company_s_customer_does_not_exist(
    caller: Caller, owner_engine: AsyncEngine, database: Database
) -> None:
    other_company = Records(owner_engine, await new_company(owner_engine))
    customer = await other_company.customer(customer_number="A-1", external_system_id="crm:1")
    keys = [{"id": str(customer)}, {"customerNumber": "A-1"}, {"externalSystemId": "crm:1"}]

    for by in keys:
        assert await caller.data(FIND, by=by) == {"customer": None}
        assert (await Caller(database, other_company.company_id).data(FIND, by=by))["customer"] is not None


@pytest.mark.parametrize(
    ("by", "path", "message"),
    [
        ({"id": "17"}, ["by", "id"], "must be a UUID"),
        ({"id": ""}, ["by", "id"], "must be a UUID"),
        ({"customerNumber": " \t"}, ["by", "customerNumber"], "must not be blank"),
        ({"externalSystemId": ""}, ["by", "externalSystemId"], "must not be blank"),
        ({"customerNumber": "1" * 256}, ["by", "customerNumber"], "at most 255"),
        ({"externalSystemId": "a\0b"}, ["by", "externalSystemId"], "U+0000"),
    ],
)
async def test_a_malformed_key_is_rejected_at_its_path(
    caller: Caller, by: dict[str, str], path: list[str], message: str
) -> None:
    rejection = await caller.rejection(FIND, by=by)
    assert rejection["code"] == "BAD_USER_INPUT"
    assert rejection["field"] == ["customer"]
    assert [problem["path"] for problem in rejection["problems"]] == [path]
    assert message in rejection["message"]
    assert "leave it out" not in rejection["message"]


@pytest.mark.parametrize("by", [{}, {"id": None}, {"id": str(UUID(int=1)), "customerNumber": "1"}])
async def test_a_look_up_takes_exactly_one_key(caller: Caller, by: dict[str, str | None]) -> None:
    result = await caller.run(FIND, by=by)
    assert result.data is None
    assert result.errors is not None
    assert "xactly one" in result.errors[0].message or "must not be null" in result.errors[0].message
