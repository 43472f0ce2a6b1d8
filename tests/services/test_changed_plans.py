"""A new interval or anchor day applies from the next period on: the stored period is billed and credited as it is."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode
from app.domain.upserts import RejectionPolicy
from tests.services.updates import PARENT, update
from tests.support.clock import DatabaseClock
from tests.support.mirror import CREATED, JULY, UPDATED, mirror, new_subscription, outcomes, period, problems
from tests.support.records import Records

pytestmark = pytest.mark.usefixtures("clock")
INCONSISTENT = ErrorCode.SUBSCRIPTION_INCONSISTENT
TODAY = date(2026, 7, 1)
LONG: dict[str, Any] = {"starts_on": date(2026, 6, 30), "ends_on": date(2026, 7, 31), "net_amount": 300}
"""From the last day of a month to the last day of a longer one: with any anchor day but 31, it is too long."""
BILL: dict[str, Any] = {"billed_amount": 300, "billed_on": date(2026, 6, 30)}
YEAR: dict[str, Any] = {"starts_on": date(2025, 7, 1), "ends_on": TODAY, "net_amount": 1200}


@pytest.fixture(autouse=True)
def today(clock: DatabaseClock) -> None:
    clock.now = datetime(2026, 7, 1, 10, tzinfo=UTC)


async def sent(unit_of_work: UnitOfWork, **values: Any) -> list[tuple[str, ErrorCode]]:
    """The problems of a row of the subscription."""
    row = {"external_system_id": "s"} | values
    return problems(await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW))


async def stored(unit_of_work: UnitOfWork, records: Records, **values: Any) -> Any:
    """The customer of a new subscription."""
    customer = await records.customer()
    fields: dict[str, Any] = {"anchor_day": 31, "next_billing_date": None} | values
    row = new_subscription(customer, **fields)
    assert outcomes(await mirror(unit_of_work, row)) == [CREATED]
    return customer


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a credit of a pause": (
        {"status": "PAUSED", "current_period": LONG | BILL},
        {"current_period": LONG | {"credited_amount": 50}},
    ),
    "the first payment": (
        {"status": "AWAITING_PAYMENT", "current_period": LONG},
        {"status": "ACTIVE", "current_period": LONG | BILL},
    ),
}


@pytest.mark.parametrize(("before", "row"), CHANGES.values(), ids=CHANGES)
async def test_a_period_is_kept_current_after_a_transition_has_set_another_anchor_day(
    unit_of_work: UnitOfWork, records: Records, before: dict[str, Any], row: dict[str, Any]
) -> None:
    customer = await stored(unit_of_work, records, **before)
    parent = await records.customer(**PARENT | {"billing_day": 27})
    await update(unit_of_work, customer, {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"})

    assert await sent(unit_of_work, expected_version=2, **row) == []


async def test_a_period_is_credited_after_the_billing_system_has_sent_another_anchor_day(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    await stored(unit_of_work, records, current_period=LONG | BILL)
    assert await sent(unit_of_work, anchor_day=15) == []
    assert await sent(unit_of_work, current_period=LONG | {"credited_amount": 50}) == []


@pytest.mark.parametrize("direction", ["ADVANCE", "ARREARS"])
async def test_a_year_is_billed_after_its_subscription_is_paid_by_the_month(
    unit_of_work: UnitOfWork, records: Records, direction: str
) -> None:
    plan = {"billing_direction": direction, "interval_months": 12, "anchor_day": 1, "started_on": YEAR["starts_on"]}
    await stored(unit_of_work, records, current_period=YEAR, **plan)
    assert await sent(unit_of_work, interval_months=1, net_amount=110) == []

    # It was billed 47 days before its first day, which is more than the new interval.
    bill = {"billed_amount": 1200, "billed_on": date(2025, 5, 15)}
    assert await sent(unit_of_work, interval_months=1, current_period=YEAR | bill) == []
    assert await sent(unit_of_work, current_period=YEAR | {"credited_amount": 100}) == []
    month = period(JULY, date(2026, 8, 1), net_amount=110)
    too_long = month | {"ends_on": date(2026, 8, 2)}
    assert await sent(unit_of_work, current_period=too_long) == [("current_period.ends_on", INCONSISTENT)]
    row = {"external_system_id": "s", "current_period": month}
    assert outcomes(await mirror(unit_of_work, row)) == [UPDATED]


async def test_a_period_that_was_not_billed_gets_no_days_beyond_the_new_interval(
    unit_of_work: UnitOfWork, records: Records
) -> None:
    plan = {"billing_direction": "ARREARS", "interval_months": 12, "anchor_day": 1, "started_on": YEAR["starts_on"]}
    await stored(unit_of_work, records, current_period=YEAR, **plan)
    assert await sent(unit_of_work, interval_months=1) == []
    moved = YEAR | {"ends_on": date(2026, 6, 30)}
    assert await sent(unit_of_work, current_period=moved) == [("current_period.ends_on", INCONSISTENT)]
