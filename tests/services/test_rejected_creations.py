"""createCustomer: everything that it rejects, without writing."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.unit_of_work import UnitOfWork
from app.domain.errors import CustomersProblem, ErrorCode
from tests.services.creations import codes_of, create, problems_of
from tests.support.new_customers import new_customer
from tests.support.records import Records, new_company


@pytest.fixture
async def group(records: Records) -> UUID:
    return await records.group(number="7", name="Retail")


async def test_malformed_fields_are_rejected_all_at_once_together_with_what_is_stored(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records
):
    await records.customer(customer_number="K1")
    fields = new_customer(uuid4(), name="", email="nobody", metadata={"a": None}, customer_number="K1")
    malformed = [
        (ErrorCode.FIELD_REQUIRED, ("name",)),
        (ErrorCode.FIELD_INVALID, ("email",)),
        (ErrorCode.METADATA_VALUE_INVALID, ("metadata", "a")),
    ]
    stored = [
        (ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("customer_group_id",)),
        (ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS, ("customer_number",)),
    ]

    problems = await problems_of(unit_of_work, owner_engine, fields | {"billing_relationship": "PARENT_PAYS"})
    assert [(problem.code, problem.path) for problem in problems] == [
        *malformed,
        *stored,
        (ErrorCode.PARENT_CUSTOMER_REQUIRED, ("billing_relationship",)),
    ]


async def test_rules_of_a_family_are_not_judged_if_one_of_its_fields_is_malformed(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, group: UUID
):
    fields = new_customer(group, consolidation_mode="SINGLE_INVOICE", billing_day=29)

    assert await codes_of(unit_of_work, owner_engine, fields) == [ErrorCode.FIELD_INVALID]


async def test_keys_that_inactive_customers_have_are_taken_too(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, group: UUID
):
    by_number = await records.customer(customer_number="K1", is_active=False)
    by_external_id = await records.customer(external_system_id="crm-1", is_active=False)

    problems = await problems_of(
        unit_of_work, owner_engine, new_customer(group, customer_number=" K1", external_system_id="crm-1 ")
    )

    message = "is already used by another customer."
    assert problems == (
        CustomersProblem(ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS, ("customer_number",), message, (by_number,)),
        CustomersProblem(
            ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS, ("external_system_id",), message, (by_external_id,)
        ),
    )


async def test_one_customer_may_have_both_keys(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records, group: UUID
):
    await records.customer(customer_number="K1", external_system_id="crm-1")

    assert await codes_of(
        unit_of_work, owner_engine, new_customer(group, customer_number="K1", external_system_id="crm-1")
    ) == [
        ErrorCode.CUSTOMER_NUMBER_ALREADY_EXISTS,
        ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS,
    ]


async def test_another_companys_group_and_parent_do_not_exist(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, group: UUID
):
    other_company = Records(owner_engine, await new_company(owner_engine))
    foreign_group, foreign_parent = await other_company.group(), await other_company.customer()

    for group_id, parent_id in ((foreign_group, foreign_parent), (uuid4(), uuid4())):
        problems = await problems_of(unit_of_work, owner_engine, new_customer(group_id, parent_customer_id=parent_id))
        assert [(problem.code, problem.path) for problem in problems] == [
            (ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("customer_group_id",)),
            (ErrorCode.PARENT_CUSTOMER_NOT_FOUND, ("parent_customer_id",)),
        ]
    assert (await create(unit_of_work, new_customer(group))).customer_group_id == group


@pytest.mark.parametrize(
    ("parent", "fields", "code"),
    [
        ({"is_active": False}, {}, "PARENT_CUSTOMER_INACTIVE"),
        ({"child_of_another": True}, {}, "PARENT_CUSTOMER_IS_CHILD"),
        (None, {"billing_relationship": "PARENT_PAYS"}, "PARENT_CUSTOMER_REQUIRED"),
        (
            {"consolidation_mode": "SINGLE_INVOICE", "billing_day": 1, "default_currency": "EUR"},
            {"billing_relationship": "PARENT_PAYS"},
            "PARENT_CURRENCY_MISMATCH",
        ),
        (None, {"consolidation_mode": "SINGLE_INVOICE"}, "BILLING_DAY_REQUIRED"),
        ({}, {"consolidation_mode": "PER_CHILD_INVOICE"}, "CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD"),
        ({}, {"billing_day": 3}, "CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD"),
        ({}, {"parent_invoice_template_id": uuid4()}, "CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD"),
    ],
)
async def test_what_breaks_a_rule_of_parents_or_consolidation_is_rejected(
    unit_of_work: UnitOfWork,
    owner_engine: AsyncEngine,
    records: Records,
    group: UUID,
    parent: dict[str, Any] | None,
    fields: dict[str, Any],
    code: str,
):
    if parent is not None:
        stored = dict(parent)
        if stored.pop("child_of_another", False):
            stored["parent_customer_id"] = await records.customer()
        fields = fields | {"parent_customer_id": await records.customer(**stored)}

    assert await codes_of(unit_of_work, owner_engine, new_customer(group, **fields)) == [code]


async def test_problems_of_all_stages_after_the_shape_come_together_in_their_order(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, records: Records
):
    await records.customer(external_system_id="crm-1")
    parent = await records.customer(is_active=False)

    assert await codes_of(
        unit_of_work,
        owner_engine,
        new_customer(uuid4(), external_system_id="crm-1", parent_customer_id=parent, billing_day=1),
    ) == [
        ErrorCode.CUSTOMER_GROUP_NOT_FOUND,
        ErrorCode.EXTERNAL_SYSTEM_ID_ALREADY_EXISTS,
        ErrorCode.PARENT_CUSTOMER_INACTIVE,
        ErrorCode.CONSOLIDATION_SETTINGS_NOT_ALLOWED_ON_CHILD,
    ]
