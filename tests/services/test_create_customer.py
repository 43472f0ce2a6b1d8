"""createCustomer: what it writes."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.rows import CustomerRow
from app.db.tables import customers, history, outbox_events
from app.db.unit_of_work import UnitOfWork
from app.domain.customer_fields import read_fields
from app.domain.errors import ErrorCode
from tests.services.creations import create, problems_of
from tests.support.customer_values import valid_fields
from tests.support.new_customers import new_customer
from tests.support.records import Records, new_company

DECIDED_BY_RULES = ("customer_group_id", "parent_customer_id", "billing_relationship", "consolidation_mode")


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group(number="7", name="Retail")


async def test_a_customer_with_no_more_than_it_must_have_gets_the_defaults(unit_of_work: UnitOfWork, group: UUID):
    customer = await create(unit_of_work, new_customer(group, name=" Fjord A/S ", country_code="dk"))

    assert customer == CustomerRow(
        id=customer.id,
        customer_number="1",
        customer_type="BUSINESS",
        name="Fjord A/S",
        vat_zone="DOMESTIC",
        customer_group_id=group,
        customer_group_number="7",
        customer_group_name="Retail",
        is_active=True,
        billing_relationship="SELF",
        include_child_details_pdf=False,
        email=None,
        phone=None,
        address=None,
        city=None,
        postal_code=None,
        country_code="DK",
        vat_number=None,
        website=None,
        external_system_id=None,
        notes=None,
        credit_limit=None,
        opening_balance=None,
        payment_terms=None,
        payment_term_type=None,
        default_currency="DKK",
        parent_customer_id=None,
        consolidation_mode=None,
        billing_day=None,
        parent_invoice_template_id=None,
        metadata={},
        version=1,
        created_at=customer.created_at,
        updated_at=customer.created_at,
    )
    assert customer.id.version == 7


async def test_every_field_is_stored(unit_of_work: UnitOfWork, group: UUID):
    given: dict[str, Any] = new_customer(
        group,
        customer_number="K-1",
        customer_type="PRIVATE",
        is_active=False,
        include_child_details_pdf=True,
        email="freja@fjord.example",
        phone="+45 12 34 56 78",
        address="Havnen 1",
        city="Ribe",
        postal_code="6760",
        vat_number="DK12345678",
        website="https://fjord.example",
        external_system_id="crm-1",
        notes="Pays late.\nAlways.",
        credit_limit=Decimal("100.00"),
        opening_balance=Decimal("-0.05"),
        payment_terms=30,
        payment_term_type="END_OF_MONTH",
        consolidation_mode="SINGLE_INVOICE",
        billing_day=28,
        parent_invoice_template_id=uuid4(),
        metadata={"vip": True, "rating": 4.5, "size": 12, "segment": "gold"},
    )

    customer = await create(unit_of_work, given)

    assert {name: getattr(customer, name) for name in given} == given


async def test_a_new_customer_begins_its_history_and_is_told_of(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, group: UUID
):
    customer = await create(
        unit_of_work, new_customer(group, credit_limit=Decimal(5), metadata={"vip": True}, notes=None)
    )

    async with owner_engine.connect() as connection:
        (entry,) = await connection.execute(select(history).where(history.c.subject_id == customer.id))
        (event,) = await connection.execute(
            select(outbox_events).where(outbox_events.c.company_id == unit_of_work.company_id)
        )
    assert (entry.version, entry.operation, entry.actor) == (1, "CREATED", "freja")
    assert {name: change["after"] for name, change in entry.changes.items()} == {
        "customerNumber": "1",
        "customerType": "BUSINESS",
        "name": "Fjord",
        "vatZone": "DOMESTIC",
        "customerGroupId": str(group),
        "isActive": True,
        "billingRelationship": "SELF",
        "includeChildDetailsPdf": False,
        "countryCode": "DK",
        "creditLimit": "5.00",
        "defaultCurrency": "DKK",
        "metadata": {"vip": True},
    }
    assert {change["before"] for change in entry.changes.values()} == {None}
    assert (event.type, event.subject_id, event.actor) == ("customer.created", customer.id, "freja")
    assert event.data == {"version": 1, "customerNumber": "1"}


async def test_the_next_number_follows_the_highest_all_digit_one_by_value(
    unit_of_work: UnitOfWork, records: Records, group: UUID
):
    for number in ("9", "0010", "99a", "Z", "2"):
        await records.customer(customer_number=number, is_active=False)

    assert [(await create(unit_of_work, new_customer(group))).customer_number for _ in range(2)] == ["11", "12"]


async def test_another_companys_numbers_don_t_count(unit_of_work: UnitOfWork, owner_engine: AsyncEngine, group: UUID):
    await Records(owner_engine, await new_company(owner_engine)).customer(customer_number="500")

    assert (await create(unit_of_work, new_customer(group))).customer_number == "1"


async def test_numbers_may_have_fifty_digits_and_not_one_more(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, group: UUID
):
    await records.customer(customer_number="9" * 49 + "8")
    assert (await create(unit_of_work, new_customer(group))).customer_number == "9" * 50

    (problem,) = await problems_of(unit_of_work, owner_engine, new_customer(group))

    assert (problem.code, problem.path) == (ErrorCode.FIELD_REQUIRED, ("customer_number",))
    assert (await create(unit_of_work, new_customer(group, customer_number="A1"))).customer_number == "A1"


async def test_a_number_that_is_given_is_kept_as_it_is(unit_of_work: UnitOfWork, group: UUID):
    assert (await create(unit_of_work, new_customer(group, customer_number=" 007 "))).customer_number == "007"
    assert (await create(unit_of_work, new_customer(group, customer_number="7"))).customer_number == "7"
    assert (await create(unit_of_work, new_customer(group))).customer_number == "8"


async def test_keys_are_compared_with_their_case_and_within_the_company(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, group: UUID
):
    await records.customer(customer_number="K1", external_system_id="crm-1")
    other_company = Records(owner_engine, await new_company(owner_engine))
    await other_company.customer(customer_number="k1", external_system_id="CRM-1")

    customer = await create(unit_of_work, new_customer(group, customer_number="k1", external_system_id="CRM-1"))

    assert (customer.customer_number, customer.external_system_id) == ("k1", "CRM-1")


async def test_blank_external_ids_are_unset_and_never_collide(unit_of_work: UnitOfWork, group: UUID):
    created = [await create(unit_of_work, new_customer(group, external_system_id=blank)) for blank in ("", " ", None)]

    assert {customer.external_system_id for customer in created} == {None}


async def test_a_child_is_created_under_its_parent(unit_of_work: UnitOfWork, records: Records, group: UUID):
    parent = await records.customer(consolidation_mode="SINGLE_INVOICE", billing_day=15)

    child = await create(
        unit_of_work, new_customer(group, parent_customer_id=parent, billing_relationship="PARENT_PAYS")
    )

    assert (child.parent_customer_id, child.billing_relationship) == (parent, "PARENT_PAYS")


async def test_a_parent_is_configured_before_its_first_child(unit_of_work: UnitOfWork, group: UUID):
    customer = await create(unit_of_work, new_customer(group, consolidation_mode="SINGLE_INVOICE", billing_day=1))

    assert (customer.consolidation_mode, customer.billing_day) == ("SINGLE_INVOICE", 1)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(fields=valid_fields(*DECIDED_BY_RULES))
async def test_the_database_takes_every_value_that_has_its_form_and_keeps_it(
    owner_engine: AsyncEngine, company: UUID, records: Records, fields: dict[str, Any]
):
    values, problems = read_fields(fields, creating=False)
    assert problems == []
    keys = {"company_id": company, "id": uuid4(), "customer_group_id": await records.group()}
    columns = [customers.c[name] for name in values]

    async with owner_engine.connect() as connection:  # nothing is committed
        row = {"customer_number": "1"} | values | keys
        stored = (await connection.execute(insert(customers).values(row).returning(*columns))).one()

    found = dict(zip(values, stored, strict=True))
    assert found == values
    # Equal numbers may still be written differently: 1.0 is not 1.
    assert json.dumps(found.get("metadata"), sort_keys=True) == json.dumps(values.get("metadata"), sort_keys=True)
