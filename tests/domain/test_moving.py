"""Subscriptions that keep their period: who pays for it from now on, and when the next billing comes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from app.domain.billing import Subscription
from app.domain.calendar import Period
from app.domain.moving import Move, moves, reschedulings
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from tests.support.billing_examples import JUNE, OTHER, OWN, PARENT, single

PAUSED = replace(JUNE, status=SubscriptionStatus.PAUSED, next_billing_date=None)
SCHEDULED = replace(
    JUNE,
    status=SubscriptionStatus.SCHEDULED,
    period=Period(date(2026, 6, 25), date(2026, 7, 25)),
    anchor_day=25,
    next_billing_date=date(2026, 6, 25),
    billed=Decimal(0),
    period_id=None,
    period_payer_id=None,
)


def move(subscription: Subscription) -> Move:
    (made,) = moves([subscription], OWN, single(15))
    return made


def rescheduled(subscription: Subscription, day: int) -> tuple[int, date | None]:
    (made,) = reschedulings([subscription], single(15), single(day))
    assert made.payer_id is None
    return made.anchor_day, made.next_billing_date


@pytest.mark.parametrize(
    ("subscription", "payer"),
    [
        (PAUSED, None),
        (replace(PAUSED, billed=Decimal(0)), PARENT),
        (replace(PAUSED, credited=PAUSED.billed), None),
        (SCHEDULED, None),
        (replace(SCHEDULED, period_id=UUID(int=4), period_payer_id=UUID(int=1)), PARENT),
    ],
    ids=["billed", "not billed", "billed and credited", "not recorded", "recorded before its start"],
)
def test_only_a_period_that_was_not_billed_takes_the_new_payer(subscription: Subscription, payer: UUID | None) -> None:
    assert move(subscription).payer_id == payer


@pytest.mark.parametrize(
    ("subscription", "next_billing_date"),
    [
        (SCHEDULED, date(2026, 7, 15)),
        (replace(SCHEDULED, period=Period(date(2026, 7, 15), date(2026, 8, 15))), date(2026, 8, 15)),
        (replace(SCHEDULED, ends_on=date(2026, 6, 25)), None),
        (PAUSED, None),
        (replace(JUNE, status=SubscriptionStatus.AWAITING_PAYMENT), date(2026, 7, 15)),
    ],
    ids=["scheduled", "scheduled for a billing day", "scheduled and ended", "paused", "awaiting payment"],
)
def test_under_a_single_invoice_the_next_billing_is_on_the_billing_day(
    subscription: Subscription, next_billing_date: date | None
) -> None:
    made = move(subscription)

    assert (made.anchor_day, made.next_billing_date) == (15, next_billing_date)


def test_what_leaves_a_single_invoice_returns_to_its_own_days() -> None:
    under = replace(SCHEDULED, anchor_day=15, next_billing_date=date(2026, 7, 15))

    for direction, expected in {BillingDirection.ADVANCE: (6, 25), BillingDirection.ARREARS: (7, 25)}.items():
        (made,) = moves([replace(under, direction=direction)], single(15), OWN)
        assert (made.anchor_day, made.next_billing_date) == (25, date(2026, *expected))


def test_between_payers_without_a_single_invoice_no_date_moves() -> None:
    for subscription in (SCHEDULED, PAUSED):
        (made,) = moves([subscription], OWN, OTHER)
        assert not made.is_change


def test_active_and_ended_subscriptions_and_equal_arrangements_move_nothing() -> None:
    assert moves([JUNE, replace(JUNE, status=SubscriptionStatus.EXPIRED)], OWN, OTHER) == []
    assert moves([PAUSED], OWN, OWN) == []
    assert reschedulings([JUNE], single(15), single(15)) == []
    assert reschedulings([replace(JUNE, status=SubscriptionStatus.CANCELLED)], single(15), single(20)) == []


@pytest.mark.parametrize(
    ("day", "ends", "expected"),
    [
        (20, date(2026, 7, 15), date(2026, 7, 20)),
        (15, date(2026, 7, 15), date(2026, 7, 15)),
        (10, date(2026, 7, 15), date(2026, 8, 10)),
        (20, date(2026, 7, 20), date(2026, 7, 20)),
    ],
)
def test_a_new_billing_day_moves_the_next_billing_to_the_first_after_the_period(
    day: int, ends: date, expected: date
) -> None:
    stub = replace(JUNE, anchor_day=15, period=Period(date(2026, 6, 20), ends), next_billing_date=ends)

    if day != 15:
        assert rescheduled(stub, day) == (day, expected)
        assert rescheduled(replace(stub, next_billing_date=None), day) == (day, expected)
        leaving = replace(stub, status=SubscriptionStatus.PENDING_CANCELLATION, ends_on=ends, next_billing_date=None)
        assert rescheduled(leaving, day) == (day, None)


def test_a_new_billing_day_means_for_a_trial_what_linking_under_it_means() -> None:
    trial = replace(JUNE, status=SubscriptionStatus.TRIAL, period=Period(date(2026, 6, 10), date(2026, 7, 20)))

    assert rescheduled(trial, 20) == (20, date(2026, 8, 20))
    assert rescheduled(SCHEDULED, 20) == (20, date(2026, 7, 20))
