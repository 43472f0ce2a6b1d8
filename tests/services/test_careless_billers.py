"""A billing system that sends too early, too late, twice or half: no day is billed twice or lost."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode
from app.domain.upserts import RejectionPolicy
from tests.support.clock import DatabaseClock
from tests.support.mirror import (
    AUGUST,
    CREATED,
    JULY,
    JUNE,
    UPDATED,
    mirror,
    new_subscription,
    outcomes,
    period,
    problems,
)
from tests.support.records import Records
from tests.support.untouched import everything_of

pytestmark = pytest.mark.usefixtures("clock")
CONFLICT, INCONSISTENT = ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, ErrorCode.SUBSCRIPTION_INCONSISTENT
DAY = date(2026, 6, 19)
"""Today."""
STARTS_ON = "current_period.starts_on"


def at(clock: DatabaseClock, day: date) -> None:
    clock.now = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)


async def sent(unit_of_work: UnitOfWork, **values: Any) -> list[tuple[str, ErrorCode]]:
    """The problems of a row of the subscription."""
    row = {"external_system_id": "s"} | values
    return problems(await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW))


def following(**values: Any) -> dict[str, Any]:
    return {"current_period": period(JULY, AUGUST, **values), "next_billing_date": AUGUST}


@pytest.mark.parametrize("direction", ["ADVANCE", "ARREARS"])
async def test_a_period_is_not_passed_over_before_it_is_over_and_billed(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock, direction: str
) -> None:
    await mirror(
        unit_of_work, new_subscription(await records.customer(), billing_direction=direction, current_period=period())
    )

    # The 30th in Copenhagen; in UTC it is the 29th.
    clock.now = datetime(2026, 6, 29, 22, 30, tzinfo=UTC)
    assert await sent(unit_of_work, **following()) == [(STARTS_ON, CONFLICT)]
    at(clock, JULY)
    row = {"external_system_id": "s"} | following()
    (problem,) = (await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW)).results[0].errors
    assert problem.message == (
        "is too early: of the period that starts on 2026-06-01, 0.00 of 300.00 is billed. Send that period first, with"
        " billedAmount 300.00 and billedOn, in an earlier list."
    )
    assert await sent(unit_of_work, current_period=period(billed_amount=100, billed_on=JULY)) == []
    assert await sent(unit_of_work, **following()) == [(STARTS_ON, CONFLICT)]
    assert await sent(unit_of_work, current_period=period(billed_amount=300, billed_on=JULY)) == []
    assert await sent(unit_of_work, **following()) == []


OWES_NOTHING: dict[str, dict[str, Any]] = {
    "a price of 0": {"current_period": period(net_amount=0)},
    "a trial": {"status": "TRIAL", "trial_ends_on": JULY, "current_period": period(net_amount=0)},
    "a pause that is billed in part": {
        "status": "PAUSED",
        "current_period": period(billed_amount=100, billed_on=JUNE),
    },
    "a pause of the whole period": {"status": "PAUSED", "current_period": period(net_amount=0)},
    "an end before the period": {
        "status": "CANCELLED",
        "ends_on": JUNE,
        "next_billing_date": None,
        "current_period": period(),
    },
}


@pytest.mark.parametrize("values", OWES_NOTHING.values(), ids=OWES_NOTHING)
async def test_what_owes_nothing_is_followed_without_a_bill(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock, values: dict[str, Any]
) -> None:
    await mirror(unit_of_work, new_subscription(await records.customer(), **values))
    at(clock, JULY)
    assert await sent(unit_of_work, status="ACTIVE", ends_on=None, **following()) == []


async def test_what_ended_within_its_period_is_billed_before_it_begins_again(
    unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock
) -> None:
    ended: dict[str, Any] = {"status": "CANCELLED", "ends_on": date(2026, 6, 10), "next_billing_date": None}
    await mirror(unit_of_work, new_subscription(await records.customer(), current_period=period(), **ended))
    at(clock, JULY)
    again = {"status": "ACTIVE", "ends_on": None} | following()
    assert await sent(unit_of_work, **again) == [(STARTS_ON, CONFLICT)]
    assert await sent(unit_of_work, current_period=period(billed_amount=90, billed_on=DAY)) == []
    assert await sent(unit_of_work, **again) == []


BILLED: dict[str, Any] = {"billed_amount": 300, "billed_on": JUNE}
MOVED: list[tuple[dict[str, Any], str]] = [
    (period(JUNE, date(2026, 6, 15), **BILLED), "ends_on"),
    (period(JUNE, date(2099, 1, 1), **BILLED), "ends_on"),
    (period(net_amount=400, **BILLED), "net_amount"),
    (period(billed_amount=0, billed_on=None), "billed_amount"),
]


@pytest.mark.parametrize(("values", "field"), MOVED)
async def test_a_billed_period_keeps_its_dates_and_its_price(
    unit_of_work: UnitOfWork,
    records: Records,
    owner_engine: AsyncEngine,
    company: UUID,
    values: dict[str, Any],
    field: str,
) -> None:
    await mirror(unit_of_work, new_subscription(await records.customer()))
    before = await everything_of(owner_engine, company)
    found = await sent(unit_of_work, current_period=values, next_billing_date=None)
    assert found[0] == (f"current_period.{field}", CONFLICT)
    assert await everything_of(owner_engine, company) == before


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"current_period": period(billed_amount=900, billed_on=JUNE)}, ["current_period.billed_amount"]),
    ({"current_period": period(billed_amount=300)}, ["current_period.billed_on"]),
    ({"current_period": period(billed_on=JUNE)}, ["current_period.billed_on"]),
    ({"current_period": period(net_amount=0, billed_on=JUNE)}, []),
    ({"current_period": period(billed_amount=300, billed_on=date(2026, 6, 20))}, ["current_period.billed_on"]),
    ({"current_period": period(billed_amount=300, billed_on=date(2026, 4, 30))}, ["current_period.billed_on"]),
    ({"current_period": period(billed_amount=300, billed_on=date(2026, 5, 1))}, []),
    ({"next_billing_date": date(1999, 1, 1)}, ["next_billing_date"]),
    ({"next_billing_date": date(2026, 8, 2)}, ["next_billing_date"]),
    ({"next_billing_date": AUGUST}, []),
    ({"next_billing_date": None}, []),
    ({"current_period": period(JUNE, date(2026, 7, 2))}, ["current_period.ends_on"]),
    ({"current_period": period(JUNE, date(2026, 6, 15))}, []),
    ({"current_period": period(JUNE, date(2026, 9, 1)), "interval_months": 3}, []),
    ({"current_period": period(date(2026, 2, 28), date(2026, 3, 31)), "anchor_day": 31, "next_billing_date": None}, []),
    ({"current_period": period(JULY, AUGUST)}, [STARTS_ON]),
    ({"current_period": period(JULY, AUGUST), "status": "PAUSED"}, [STARTS_ON]),
    ({"current_period": period(JULY, AUGUST), "status": "SCHEDULED", "started_on": JULY}, []),
    ({"current_period": period(JULY, AUGUST), "status": "AWAITING_PAYMENT"}, []),
    ({"status": "CANCELLED", "ends_on": JULY, "next_billing_date": None}, ["status"]),
    ({"status": "EXPIRED", "ends_on": JULY, "next_billing_date": None}, ["status"]),
    ({"status": "CANCELLED", "ends_on": DAY, "next_billing_date": None}, []),
    (
        {
            "status": "CANCELLED",
            "started_on": JULY,
            "ends_on": JULY,
            "current_period": period(JULY, AUGUST),
            "next_billing_date": None,
        },
        [],
    ),
]


@pytest.mark.parametrize(("values", "paths"), WRONG)
async def test_amounts_and_dates_fit_each_other_and_today(
    unit_of_work: UnitOfWork, records: Records, values: dict[str, Any], paths: list[str]
) -> None:
    row = new_subscription(await records.customer(), **values)
    found = await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW)
    assert problems(found) == [(path, INCONSISTENT) for path in paths]
    if not paths:
        assert outcomes(found) == [CREATED]


async def test_what_is_scheduled_does_not_run_before_its_first_day(unit_of_work: UnitOfWork, records: Records) -> None:
    later: dict[str, Any] = {"status": "SCHEDULED", "started_on": JULY, "current_period": period(JULY, AUGUST)}
    await mirror(unit_of_work, new_subscription(await records.customer(), **later))
    assert await sent(unit_of_work, status="ACTIVE") == [(STARTS_ON, INCONSISTENT)]


async def test_what_is_stored_from_before_the_rules_is_changed_beside_what_breaks_them(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    await mirror(unit_of_work, new_subscription(await records.customer()))
    async with owner_engine.begin() as connection:
        for trigger in ("keep_billed_periods", "check_raised_bill"):
            await connection.execute(text(f"ALTER TABLE subscription_periods DISABLE TRIGGER {trigger}"))
        await connection.execute(
            text("UPDATE subscription_periods SET billed_on = NULL, billed_amount = 900 WHERE company_id = :company"),
            {"company": company},
        )
        await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        for trigger in ("keep_billed_periods", "check_raised_bill"):
            await connection.execute(text(f"ALTER TABLE subscription_periods ENABLE TRIGGER {trigger}"))
    assert await sent(unit_of_work, name="New") == []
    assert await sent(unit_of_work, current_period=period(billed_amount=900, credited_amount=1)) == []
    assert await sent(unit_of_work, current_period=period(billed_amount=901)) == [
        ("current_period.billed_amount", INCONSISTENT),
        ("current_period.billed_on", INCONSISTENT),
    ]


async def test_a_wrong_start_is_told_with_the_starts_that_are_right(unit_of_work: UnitOfWork, records: Records) -> None:
    await mirror(unit_of_work, new_subscription(await records.customer()))
    row = {"external_system_id": "s", "current_period": period(date(2026, 6, 9), JULY)}
    (problem,) = (await mirror(unit_of_work, row, on_refusal=RejectionPolicy.ROW_BY_ROW)).results[0].errors
    assert problem.message == (
        "must be 2026-06-01, the start of the current period, or 2026-07-01, the start of the next one: no day is left"
        " out or billed twice."
    )


async def test_a_correct_row_is_taken(unit_of_work: UnitOfWork, records: Records, clock: DatabaseClock) -> None:
    await mirror(unit_of_work, new_subscription(await records.customer()))
    at(clock, JULY)
    row = {"external_system_id": "s"} | following(billed_amount=Decimal(300), billed_on=JULY)
    assert outcomes(await mirror(unit_of_work, row)) == [UPDATED]
