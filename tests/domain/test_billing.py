"""The clean cut, by the amounts and days that the domain gives."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.domain.billing import (
    DocumentKind,
    Subscription,
)
from app.domain.calendar import Period
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from tests.domain.billing_examples import CUT, JUNE, PAYER, cut, single


def amount(subscription: Subscription, today: date = CUT) -> Decimal | None:
    line = cut(subscription, today).line
    return None if line is None else line.amount


@pytest.mark.parametrize(
    ("billed", "start", "end", "today", "expected"),
    [
        ("300.00", date(2026, 6, 1), date(2026, 7, 1), CUT, "120.00"),
        ("99.99", date(2026, 3, 1), date(2026, 4, 1), date(2026, 3, 15), "54.83"),
        ("99.99", date(2026, 2, 1), date(2026, 3, 1), date(2026, 2, 19), "35.71"),
        ("200.00", date(2026, 5, 1), date(2026, 6, 1), date(2026, 5, 11), "135.48"),
        ("290.00", date(2028, 2, 1), date(2028, 3, 1), date(2028, 2, 29), "10.00"),
    ],
)
def test_the_days_that_remain_are_credited(billed: str, start: date, end: date, today: date, expected: str) -> None:
    subscription = replace(JUNE, billed=Decimal(billed), period=Period(start, end))

    line = cut(subscription, today).line

    assert line is not None
    assert (line.kind, line.payer_id, line.period) == (DocumentKind.CREDIT_NOTE, PAYER, Period(today, end))
    assert str(line.amount) == expected


def test_the_days_that_have_passed_are_invoiced_where_billing_is_in_arrears() -> None:
    line = cut(replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal(0))).line

    assert line is not None
    assert (line.kind, line.payer_id, line.period) == (DocumentKind.INVOICE, PAYER, Period(JUNE.period.start, CUT))
    assert str(line.amount) == "180.00"


@pytest.mark.parametrize(
    ("today", "credited", "invoiced"),
    [
        (date(2026, 5, 20), "300.00", None),
        (date(2026, 6, 1), "300.00", None),
        (date(2026, 6, 2), "290.00", "10.00"),
        (date(2026, 6, 30), "10.00", "290.00"),
        (date(2026, 7, 1), None, "300.00"),
        (date(2026, 7, 9), None, "300.00"),
    ],
)
def test_at_and_beyond_the_edges_of_the_period_all_or_nothing_is_billed(
    today: date, credited: str | None, invoiced: str | None
) -> None:
    arrears = replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal(0))

    assert amount(JUNE, today) == (None if credited is None else Decimal(credited))
    assert amount(arrears, today) == (None if invoiced is None else Decimal(invoiced))


@pytest.mark.parametrize(
    "subscription",
    [
        replace(JUNE, status=SubscriptionStatus.TRIAL),
        replace(JUNE, status=SubscriptionStatus.TRIAL, direction=BillingDirection.ARREARS),
        replace(JUNE, billed=Decimal(0)),
        replace(JUNE, billed=Decimal("0.01")),
        replace(JUNE, direction=BillingDirection.ARREARS, period_net=Decimal(0)),
        replace(JUNE, credited=Decimal("300.00")),
    ],
    ids=["trial", "trial in arrears", "nothing billed", "rounds to nothing", "costs nothing", "credited already"],
)
def test_what_costs_nothing_makes_no_document(subscription: Subscription) -> None:
    assert cut(subscription, date(2026, 6, 20)).line is None


def test_what_was_credited_already_is_not_credited_again() -> None:
    assert amount(replace(JUNE, credited=Decimal("200.00"))) == Decimal("100.00")


@pytest.mark.parametrize(
    ("currency", "billed", "expected"),
    [("DKK", "0.01", "0.01"), ("DKK", "0.05", "0.03"), ("JPY", "1", "1"), ("JPY", "5", "3"), ("BHD", "0.005", "0.003")],
)
def test_half_a_minor_unit_is_rounded_away_from_zero(currency: str, billed: str, expected: str) -> None:
    half_gone = replace(JUNE, currency=currency, billed=Decimal(billed))

    assert str(amount(half_gone, date(2026, 6, 16))) == expected


def test_a_new_period_begins_on_the_day_of_the_cut_and_is_billed_at_once_in_advance() -> None:
    made = cut(JUNE)

    assert (made.following, made.following_net) == (Period(CUT, date(2026, 7, 19)), Decimal("300.00"))
    assert (made.anchor_day, made.next_billing_date) == (19, CUT)


def test_a_new_period_is_billed_at_its_end_in_arrears() -> None:
    assert cut(replace(JUNE, direction=BillingDirection.ARREARS)).next_billing_date == date(2026, 7, 19)


@pytest.mark.parametrize(
    ("today", "billing_day", "end", "net"),
    [
        (CUT, 25, date(2026, 6, 25), "58.06"),
        (CUT, 20, date(2026, 6, 20), "9.68"),
        (CUT, 19, date(2026, 7, 19), "300.00"),
        (CUT, 5, date(2026, 7, 5), "160.00"),
        (date(2026, 12, 31), 28, date(2027, 1, 28), "270.97"),
        (date(2028, 2, 29), 1, date(2028, 3, 1), "10.34"),
    ],
)
def test_under_a_single_invoice_a_stub_leads_to_the_next_billing_day(
    today: date, billing_day: int, end: date, net: str
) -> None:
    made = cut(JUNE, today, single(billing_day))

    assert made.following == Period(today, end)
    assert str(made.following_net) == net
    assert (made.anchor_day, made.next_billing_date) == (billing_day, end)


@pytest.mark.parametrize(
    ("today", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
    ],
)
def test_a_period_that_would_end_on_no_day_ends_with_the_month_and_costs_the_full_price(
    today: date, months: int, end: date
) -> None:
    made = cut(replace(JUNE, interval_months=months), today)

    assert (made.following, made.anchor_day) == (Period(today, end), today.day)
    assert made.following_net == JUNE.net_amount


def test_a_trial_keeps_its_end_its_billing_date_and_its_price_of_nothing() -> None:
    made = cut(replace(JUNE, status=SubscriptionStatus.TRIAL, anchor_day=1), after=single(25))

    assert (made.following, made.following_net) == (Period(CUT, date(2026, 7, 1)), 0)
    assert (made.anchor_day, made.next_billing_date) == (1, JUNE.next_billing_date)


def test_a_cancelled_subscription_is_not_billed_beyond_its_end() -> None:
    leaving = replace(JUNE, status=SubscriptionStatus.PENDING_CANCELLATION, ends_on=date(2026, 7, 1))

    alone, consolidated = cut(leaving), cut(leaving, after=single(10))

    assert (alone.following, alone.following_net) == (Period(CUT, date(2026, 7, 1)), Decimal("120.00"))
    assert (consolidated.following, consolidated.following_net) == (Period(CUT, date(2026, 7, 1)), Decimal("120.00"))
    assert consolidated.next_billing_date == date(2026, 7, 10)


@pytest.mark.parametrize("ends_on", [CUT, CUT - timedelta(days=1)])
def test_a_cancelled_subscription_that_has_ended_costs_nothing_more(ends_on: date) -> None:
    ended = replace(JUNE, status=SubscriptionStatus.PENDING_CANCELLATION, ends_on=ends_on)

    for made in (cut(ended), cut(ended, after=single(10))):
        assert (made.following.start, made.following_net, made.next_billing_date) == (CUT, Decimal(0), None)
