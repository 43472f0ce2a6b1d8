"""What an inactive parent may keep, and what it may not get; where a single invoice of two currencies is refused."""

from dataclasses import replace
from uuid import UUID

import pytest

from app.domain.customer_rules import Record, rule_problems
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.errors import ErrorCode

PARENT = Record(
    id=UUID(int=1),
    is_active=False,
    currency="DKK",
    parent_id=None,
    relationship=BillingRelationship.SELF,
    mode=None,
    billing_day=None,
    template_id=None,
)
LINKED = replace(PARENT, id=UUID(int=2), is_active=True, parent_id=PARENT.id)
PAID = replace(LINKED, relationship=BillingRelationship.PARENT_PAYS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, LINKED),
        (replace(LINKED, parent_id=None), LINKED),
        (LINKED, PAID),
        (replace(LINKED, is_active=False), replace(PAID, is_active=False)),
        (replace(PAID, is_active=False), PAID),
    ],
    ids=["created under it", "linked to it", "paid for from now on", "paid for while inactive", "active again"],
)
def test_no_customer_may_begin_to_rely_on_an_inactive_parent(before: Record | None, after: Record) -> None:
    assert [problem.code for problem in rule_problems(after, PARENT, (), before)] == [
        ErrorCode.PARENT_CUSTOMER_INACTIVE
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LINKED, replace(LINKED, currency="EUR")),
        (replace(LINKED, is_active=False), LINKED),
        (replace(PAID, is_active=False), replace(PAID, is_active=False, currency="EUR")),
        (replace(PAID, is_active=False), replace(LINKED, is_active=False)),
        (PAID, replace(LINKED, parent_id=None)),
    ],
    ids=["linked", "active again", "paid for while inactive", "pays for itself from now on", "detached"],
)
def test_a_child_of_an_inactive_parent_may_stay_and_may_leave(before: Record, after: Record) -> None:
    parent = PARENT if after.parent_id else None
    assert rule_problems(after, parent, (), before) == []


@pytest.mark.parametrize(
    ("before", "field"),
    [({"currency": "EUR"}, "default_currency"), ({"mode": None}, "consolidation_mode")],
    ids=["the currency changed", "the mode changed"],
)
def test_a_single_invoice_of_two_currencies_is_rejected_at_the_field_that_changed(
    before: dict[str, str | None], field: str
) -> None:
    parent = replace(PARENT, is_active=True, mode=ConsolidationMode.SINGLE_INVOICE, billing_day=1)
    (problem,) = rule_problems(parent, None, [replace(PAID, currency="EUR")], replace(parent, **before))
    assert (problem.code, problem.path) == (ErrorCode.PARENT_CURRENCY_MISMATCH, (field,))
