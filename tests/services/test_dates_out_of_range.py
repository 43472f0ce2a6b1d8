"""A change that would give a subscription dates after the year 9999 is rejected by its id, by updates, previews and
lists."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Problem, Rejected, SubscriptionsProblem
from app.domain.upserts import MatchKey, RejectionPolicy
from app.services.customers.upsert_rows import UpsertRow
from app.services.preview_transition import preview_transition
from app.services.update_customer import UpdateCustomerCommand, update_customer
from app.services.upsert_customers import UpsertCustomersCommand, upsert_customers
from tests.support.records import Records
from tests.support.untouched import everything_of

LAST: dict[str, Any] = {"current_period_start": date(9999, 12, 1), "current_period_end": date(9999, 12, 30)}
CHANGES: dict[str, dict[str, Any]] = {
    "a mode": {"consolidation_mode": None},
    "a billing day": {"billing_day": 20},
}


def named(problems: tuple[Problem, ...]) -> list[tuple[ErrorCode, tuple[UUID, ...]]]:
    return [
        (problem.code, problem.subscription_ids if isinstance(problem, SubscriptionsProblem) else ())
        for problem in problems
    ]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_is_rejected_for_subscriptions_whose_dates_can_not_be_computed(
    unit_of_work: UnitOfWork,
    database: Database,
    owner_engine: AsyncEngine,
    company: UUID,
    records: Records,
    change: str,
) -> None:
    parent = await records.customer(customer_number="parent", consolidation_mode="SINGLE_INVOICE", billing_day=15)
    fine, last = await records.subscription(parent), await records.subscription(parent, **LAST)
    acknowledged = (fine, last) if change == "a mode" else None
    command = UpdateCustomerCommand(parent, CHANGES[change], acknowledged)
    row = UpsertRow(CHANGES[change] | {"customer_number": "parent"}, acknowledged and tuple(map(str, acknowledged)))
    rows = UpsertCustomersCommand((row,), RejectionPolicy.ROW_BY_ROW, match_by=MatchKey.CUSTOMER_NUMBER)
    before = await everything_of(owner_engine, company)

    with pytest.raises(Rejected) as rejected:
        await update_customer(unit_of_work, "tester", command, None)
    async with database.read(company) as session:
        preview = await preview_transition(session, command)
    (result,) = (await upsert_customers(unit_of_work, "tester", rows, None))[0].results

    expected = [(ErrorCode.SUBSCRIPTION_DATES_OUT_OF_RANGE, (last,))]
    assert named(rejected.value.problems) == named(preview.errors) == named(result.errors) == expected
    assert result.errors[0].path == ("rows", 0)
    assert await everything_of(owner_engine, company) == before


async def test_it_is_told_beside_what_is_wrong_with_the_acknowledgement(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    parent = await records.customer(consolidation_mode="SINGLE_INVOICE", billing_day=15)
    last = await records.subscription(parent, **LAST)

    with pytest.raises(Rejected) as rejected:
        await update_customer(
            unit_of_work, "tester", UpdateCustomerCommand(parent, CHANGES["a mode"], digest="previewed"), None
        )

    assert named(rejected.value.problems) == [
        (ErrorCode.SUBSCRIPTION_TRANSITIONS_REQUIRED, (last,)),
        (ErrorCode.SUBSCRIPTION_DATES_OUT_OF_RANGE, (last,)),
    ]
