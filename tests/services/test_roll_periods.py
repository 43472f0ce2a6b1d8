"""Old demo data is rolled to today as a billing system would have sent it: no day is left out or billed twice."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.seed import demo_companies, seed
from app.domain.subscriptions import SubscriptionStatus
from app.services.roll_periods import Rolled, roll_due_periods
from tests.support.billing_year import DAY, Course, Cycle, Terms, months_on, to_cents
from tests.support.clock import DatabaseClock

CUSTOMERS = 120
_SEEDS = count(7100)
_TRIAL, _PAUSED = SubscriptionStatus.TRIAL, SubscriptionStatus.PAUSED
_RUNNING = {_TRIAL, SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING_CANCELLATION}
_ENDED = {SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED}

SPANS = {
    "the same day": [date(2026, 3, 31), date(2026, 3, 31)],
    "the next month": [date(2026, 6, 19), date(2026, 7, 19)],
    "14 months": [date(2026, 6, 19), date(2027, 8, 19)],
    "14 months in steps": [
        date(2026, 6, 19),
        *(months_on(date(2026, 6, 19), months, 27) for months in range(1, 15, 2)),
    ],
    "to a leap day": [date(2028, 1, 31), date(2028, 2, 29)],
    "from a leap day": [date(2028, 2, 29), date(2029, 3, 1)],
    "over short months": [date(2026, 12, 31), date(2027, 2, 28), date(2027, 3, 1), date(2027, 4, 30)],
}


async def seeded(owner_dsn: str, today: date) -> UUID:
    """A demo company that was seeded on a day."""
    report = await seed(
        owner_dsn, companies=1, customers=CUSTOMERS, seed=next(_SEEDS), today=today, progress=lambda _done, _total: None
    )
    return report.companies[0]


async def roll_on(clock: DatabaseClock, day: date, database: Database, company: UUID) -> Rolled:
    clock.now = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    return await roll_due_periods(database, company)


async def stored(engine: AsyncEngine, company: UUID) -> dict[UUID, tuple[Any, list[Any]]]:
    """The company's subscriptions with who pays for them, and their periods."""
    subscriptions = text(
        """SELECT subscriptions.*, payer.id AS payer_id,
            CASE payer.consolidation_mode WHEN 'SINGLE_INVOICE' THEN payer.billing_day END AS billing_day
        FROM subscriptions
            JOIN customers ON customers.company_id = subscriptions.company_id AND customers.id = customer_id
            JOIN customers AS payer ON payer.company_id = customers.company_id AND payer.id =
                CASE customers.billing_relationship WHEN 'SELF' THEN customers.id ELSE customers.parent_customer_id END
        WHERE subscriptions.company_id = :company"""
    )
    periods = text("SELECT * FROM subscription_periods WHERE company_id = :company ORDER BY subscription_id, sequence")
    async with engine.connect() as connection:
        found = {row.id: (row, list[Any]()) for row in await connection.execute(subscriptions, {"company": company})}
        for row in await connection.execute(periods, {"company": company}):
            found[row.subscription_id][1].append(row)
    return found


def expected_cycles(subscription: Any, periods: list[Any], since: date, today: date) -> list[Cycle]:
    """What the rules on paper make of a subscription, day by day, from the day it was seeded on."""
    cycles = [
        Cycle(
            row.starts_on,
            row.ends_on,
            Fraction(row.net_amount) / (row.ends_on - row.starts_on).days,
            str(row.payer_customer_id),
        )
        for row in periods
    ]
    if subscription.status == SubscriptionStatus.SCHEDULED:
        start, end = subscription.current_period_start, subscription.current_period_end
        cycles = [Cycle(start, end, Fraction(subscription.net_amount) / (end - start).days, str(subscription.payer_id))]
    course = Course(
        Fraction(subscription.net_amount),
        subscription.interval_months,
        cycles,
        subscription.anchor_day,
        subscription.ends_on,
        is_trial=subscription.status == _TRIAL,
        is_paused=subscription.status == _PAUSED,
    )
    terms = Terms(str(subscription.payer_id), subscription.billing_day, "")
    for days in range((today - since).days + 1):
        course.dawn(since + days * DAY, terms)
    return [cycle for cycle in course.cycles if cycle.start <= today]


@pytest.mark.parametrize("days", SPANS.values(), ids=SPANS.keys())
async def test_every_missing_period_is_there_once_and_billed_once(
    days: list[date], owner_dsn: str, owner_engine: AsyncEngine, database: Database, clock: DatabaseClock
) -> None:
    seeded_on, *starts = days
    today = starts[-1]
    company = await seeded(owner_dsn, seeded_on)
    before = await stored(owner_engine, company)
    messages = 0
    for day in starts:
        rolled = await roll_on(clock, day, database, company)
        assert rolled.left == set()
        messages += rolled.messages
    after = await stored(owner_engine, company)

    assert (messages == 0) == (seeded_on == today)
    for id_, (old, old_periods) in before.items():
        new, periods = after[id_]
        cycles = expected_cycles(old, old_periods, seeded_on, today)
        assert [(row.starts_on, row.ends_on, str(row.payer_customer_id)) for row in periods] == [
            (cycle.start, cycle.end, cycle.payer) for cycle in cycles
        ]
        for row, cycle in zip(periods, cycles, strict=True):
            assert row.net_amount == to_cents(cycle.rate * (cycle.end - cycle.start).days)
            is_due = row.ends_on <= today or is_billed_at_start(new, row)
            is_paused = new.status == _PAUSED and row is periods[-1]
            assert row.billed_amount == (row.net_amount if is_due and not is_paused else old_billed(old_periods, row))
            assert row.credited_amount == 0
        assert_is_of_today(new, today)
    again = await roll_on(clock, today, database, company)
    assert again == Rolled()
    async with owner_engine.connect() as connection:
        events = text(
            "SELECT count(*) FROM outbox_events WHERE company_id = :company AND type = 'subscription.updated'"
        )
        assert (await connection.execute(events, {"company": company})).scalar_one() == messages


def is_billed_at_start(subscription: Any, period: Any) -> bool:
    """Whether a period is billed in advance: a stub before a single invoice's billing day isn't."""
    day = subscription.billing_day
    return subscription.billing_direction == "ADVANCE" and (day is None or period.starts_on.day == day)


def old_billed(periods: list[Any], period: Any) -> Decimal:
    """What was billed for a period on the day of seeding."""
    return next((row.billed_amount for row in periods if row.id == period.id), Decimal(0))


def assert_is_of_today(subscription: Any, today: date) -> None:
    """The subscription stands as it does on the day: nothing of it is due, and nothing active lies in the past."""
    status = subscription.status
    if status in _ENDED:
        assert subscription.ends_on <= today
        assert subscription.next_billing_date is None
    elif status == SubscriptionStatus.SCHEDULED:
        assert subscription.current_period_start > today
    elif status != _PAUSED:
        assert subscription.current_period_start <= today < subscription.current_period_end
        assert (
            status not in _RUNNING or subscription.next_billing_date is None or subscription.next_billing_date > today
        )


async def test_a_subscription_of_another_system_is_left_to_it(
    owner_dsn: str, owner_engine: AsyncEngine, database: Database, clock: DatabaseClock
) -> None:
    seeded_on = date(2026, 6, 19)
    company = await seeded(owner_dsn, seeded_on)
    found = await stored(owner_engine, company)
    kept = next(id_ for id_, (row, _) in found.items() if row.status == "ACTIVE" and row.interval_months == 1)
    async with owner_engine.begin() as connection:
        take = text("UPDATE subscriptions SET external_system_id = 'theirs' WHERE company_id = :company AND id = :id")
        await connection.execute(take, {"company": company, "id": kept})
    rolled = await roll_on(clock, seeded_on + timedelta(days=60), database, company)
    assert rolled.messages > 0
    assert kept not in rolled.subscriptions
    assert (await stored(owner_engine, company))[kept][1] == found[kept][1]


async def test_companies_of_any_seed_are_demo_companies_and_others_are_not(
    owner_dsn: str, owner_engine: AsyncEngine, company: UUID
) -> None:
    demo = await seeded(owner_dsn, date(2026, 6, 19))
    found = await demo_companies(owner_engine)
    assert demo in found
    assert company not in found
