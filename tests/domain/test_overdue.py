"""Overdue subscriptions: what a biller has left undone is invoiced to the old payer before the cut."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.domain.billing import BillingDocumentKind, Subscription
from app.domain.calendar import Period
from app.domain.cutting import Cut, cuts
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from tests.support.billing_examples import CUT, JUNE, OWN, PARENT, PAYER, STUB, cut, single

JULY_10 = date(2026, 7, 10)
TRIAL = replace(
    JUNE,
    status=SubscriptionStatus.TRIAL,
    anchor_day=10,
    period=Period(date(2026, 6, 10), date(2026, 6, 24)),
    period_net=Decimal(0),
    billed=Decimal(0),
    next_billing_date=date(2026, 6, 24),
)


def told(made: Cut) -> list[tuple[str, str, str]]:
    return [(str(line.period.start), str(line.period.end), str(line.amount)) for line in made.lines]


def test_the_days_since_the_last_recorded_period_are_invoiced_to_the_old_payer() -> None:
    made = cut(JUNE, JULY_10, single(15))

    (line,) = made.lines
    assert (line.kind, line.payer_id, line.amount) == (BillingDocumentKind.INVOICE, PAYER, Decimal("87.10"))
    assert (line.period, line.period_days) == (Period(date(2026, 7, 1), JULY_10), 31)
    (rolled,) = made.rolled
    assert (rolled.period, rolled.net, rolled.cut_on) == (
        Period(date(2026, 7, 1), date(2026, 8, 1)),
        Decimal("300.00"),
        JULY_10,
    )
    assert (made.closed_on, made.following) == (date(2026, 7, 1), Period(JULY_10, date(2026, 7, 15)))
    assert made.following_net == Decimal("50.00")


@pytest.mark.parametrize(
    ("subscription", "expected"),
    [
        (
            replace(JUNE, billed=Decimal(0)),
            [
                ("2026-06-01", "2026-07-01", "300.00"),
                ("2026-07-01", "2026-08-01", "300.00"),
                ("2026-08-01", "2026-08-04", "29.03"),
            ],
        ),
        (
            replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal("100.00")),
            [
                ("2026-06-01", "2026-07-01", "200.00"),
                ("2026-07-01", "2026-08-01", "300.00"),
                ("2026-08-01", "2026-08-04", "29.03"),
            ],
        ),
        (
            replace(JUNE, ends_on=date(2026, 7, 20), status=SubscriptionStatus.PENDING_CANCELLATION),
            [("2026-07-01", "2026-07-20", "183.87")],
        ),
        (replace(JUNE, ends_on=date(2026, 7, 1), status=SubscriptionStatus.PENDING_CANCELLATION), []),
        (
            replace(JUNE, interval_months=3, period=Period(date(2026, 3, 1), date(2026, 6, 1))),
            [("2026-06-01", "2026-08-04", "208.70")],
        ),
        (replace(JUNE, period_id=None, period_payer_id=None), []),
    ],
    ids=["nothing billed", "partly billed in arrears", "ended since", "ended with it", "quarterly", "not recorded"],
)
def test_each_period_that_has_passed_makes_a_line(
    subscription: Subscription, expected: list[tuple[str, str, str]]
) -> None:
    made = cut(subscription, date(2026, 8, 4))

    assert told(made) == expected
    assert [rolled.billed for rolled in made.rolled] == [line.amount for line in made.lines if line != made.settlement]


def test_a_period_that_ends_today_leaves_nothing_to_roll() -> None:
    assert cut(JUNE, date(2026, 7, 1)).rolled == ()


def test_month_ends_clamp_and_return_to_the_anchor_day() -> None:
    january = replace(JUNE, anchor_day=31, period=Period(date(2026, 1, 31), date(2026, 2, 28)))

    assert told(cut(january, date(2026, 4, 30))) == [
        ("2026-02-28", "2026-03-31", "300.00"),
        ("2026-03-31", "2026-04-30", "300.00"),
    ]


def test_under_a_single_invoice_cycles_follow_the_billing_day() -> None:
    (made,) = cuts([STUB], single(20), OWN, date(2026, 7, 25))

    assert told(made) == [
        ("2026-06-19", "2026-07-15", "260.00"),
        ("2026-07-15", "2026-07-20", "50.00"),
        ("2026-07-20", "2026-07-25", "48.39"),
    ]
    assert {line.payer_id for line in made.lines} == {PARENT}


@pytest.mark.parametrize("anchor_day", [1, 10, 24, 31])
def test_a_trial_that_has_ended_is_rolled_from_its_end_and_is_a_trial_no_more(anchor_day: int) -> None:
    made = cut(replace(TRIAL, anchor_day=anchor_day), date(2026, 6, 30))

    assert told(made) == [("2026-06-24", "2026-06-30", "60.00")]
    assert made.status is SubscriptionStatus.ACTIVE
    assert made.following_net == Decimal("300.00")


def test_a_trial_stays_free_to_its_end_and_then_leads_to_the_billing_day() -> None:
    linked = cut(TRIAL, CUT, single(15))

    assert (linked.lines, linked.status) == ((), SubscriptionStatus.TRIAL)
    assert (linked.following, linked.following_net) == (Period(CUT, date(2026, 6, 24)), 0)
    assert (linked.anchor_day, linked.next_billing_date) == (15, date(2026, 7, 15))
    moved = replace(
        TRIAL,
        period=linked.following,
        anchor_day=linked.anchor_day,
        next_billing_date=linked.next_billing_date,
        period_payer_id=PARENT,
    )
    (left,) = cuts([moved], single(15), OWN, date(2026, 7, 15))
    assert told(left) == [("2026-06-24", "2026-07-15", "210.00")]
    assert {line.payer_id for line in left.lines} == {PARENT}


def test_a_trial_ends_with_its_subscription() -> None:
    ending = replace(TRIAL, ends_on=date(2026, 6, 22))

    made = cut(ending, CUT, single(15))

    assert (made.following, made.next_billing_date) == (Period(CUT, date(2026, 6, 22)), None)
    assert cut(ending, date(2026, 6, 30)).lines == ()


@pytest.mark.parametrize(
    ("direction", "next_billing_date"),
    [(BillingDirection.ADVANCE, date(2026, 6, 24)), (BillingDirection.ARREARS, date(2026, 7, 24))],
)
def test_a_trial_that_leaves_a_single_invoice_is_billed_from_its_own_end(
    direction: BillingDirection, next_billing_date: date
) -> None:
    moved = replace(TRIAL, anchor_day=15, next_billing_date=date(2026, 7, 15), direction=direction)
    (made,) = cuts([moved], single(15), OWN, CUT)

    assert (made.anchor_day, made.next_billing_date) == (24, next_billing_date)
    assert cut(replace(TRIAL, anchor_day=9)).anchor_day == 9
