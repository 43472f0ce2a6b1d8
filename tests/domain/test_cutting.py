"""The clean cut, by the amounts and days that the domain gives."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from app.domain.billing import Arrangement, BillingDocumentKind, Subscription
from app.domain.calendar import Period
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from tests.support.billing_examples import CUT, JUNE, OTHER, PARENT, PAYER, STUB, cut, single


def amount(subscription: Subscription, today: date = CUT) -> Decimal | None:
    line = cut(subscription, today).settlement
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

    line = cut(subscription, today).settlement

    assert line is not None
    assert (line.kind, line.payer_id, line.period) == (BillingDocumentKind.CREDIT_NOTE, PAYER, Period(today, end))
    assert str(line.amount) == expected


def test_the_days_that_have_passed_are_invoiced_where_billing_is_in_arrears() -> None:
    line = cut(replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal(0))).settlement

    assert line is not None
    assert (line.kind, line.payer_id, line.period) == (
        BillingDocumentKind.INVOICE,
        PAYER,
        Period(JUNE.period.start, CUT),
    )
    assert str(line.amount) == "180.00"


@pytest.mark.parametrize(
    ("today", "credited", "invoiced"),
    [
        (date(2026, 5, 20), "300.00", None),
        (date(2026, 6, 1), "300.00", None),
        (date(2026, 6, 2), "290.00", "10.00"),
        (date(2026, 6, 30), "10.00", "290.00"),
        (date(2026, 7, 1), None, "300.00"),
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
        replace(JUNE, billed=Decimal("0.01")),
        replace(JUNE, billed=Decimal(0), period_net=Decimal(0)),
        replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal(0), period_net=Decimal(0)),
        replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal("190.00")),
        replace(JUNE, credited=Decimal("300.00")),
        replace(JUNE, billed=Decimal(0), period_id=None, period_payer_id=None),
        replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal(0), period_id=None, period_payer_id=None),
    ],
    ids=[
        "trial",
        "trial in arrears",
        "rounds to nothing",
        "costs nothing",
        "costs nothing in arrears",
        "settled in arrears",
        "credited already",
        "not recorded",
        "not recorded in arrears",
    ],
)
def test_what_costs_nothing_makes_no_document(subscription: Subscription) -> None:
    assert cut(subscription, date(2026, 6, 20)).settlement is None


def test_what_was_credited_already_is_not_credited_again() -> None:
    assert amount(replace(JUNE, credited=Decimal("100.00"))) == Decimal("80.00")


def test_a_credit_never_exceeds_an_invoice_that_is_not_in_whole_minor_units() -> None:
    assert amount(replace(JUNE, billed=Decimal("0.015")), date(2026, 6, 1)) == Decimal("0.01")


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
def test_a_period_that_would_end_on_no_day_ends_with_the_month_at_the_full_price(
    today: date, months: int, end: date
) -> None:
    period = Period(today - timedelta(days=9), today + timedelta(days=9))
    made = cut(replace(JUNE, interval_months=months, period=period), today)

    assert (made.following, made.anchor_day) == (Period(today, end), today.day)
    assert made.following_net == JUNE.net_amount


@pytest.mark.parametrize(("today", "billed"), [(CUT, "0"), (date(2026, 7, 1), "0"), (CUT, "100.00"), (CUT, "250.00")])
def test_billing_in_arrears_settles_what_was_billed_and_credited_before(today: date, billed: str) -> None:
    subscription = replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal(billed), credited=Decimal(0))
    served = Decimal("180.00") if today == CUT else Decimal("300.00")

    line = cut(subscription, today).settlement

    assert line is not None
    assert line.kind == (BillingDocumentKind.INVOICE if served > Decimal(billed) else BillingDocumentKind.CREDIT_NOTE)
    assert line.amount == abs(served - Decimal(billed))
    assert cut(replace(subscription, billed=Decimal(400), credited=400 - served), today).settlement is None


def test_arrears_billed_beyond_a_period_that_is_over_are_credited_for_its_days() -> None:
    line = cut(replace(JUNE, direction=BillingDirection.ARREARS, billed=Decimal("310.00")), JUNE.period.end).settlement

    assert line is not None
    assert (line.kind, line.amount, line.period) == (BillingDocumentKind.CREDIT_NOTE, Decimal("10.00"), JUNE.period)


def test_the_unbilled_days_of_a_recorded_period_are_invoiced_to_its_payer() -> None:
    line = cut(STUB, date(2026, 7, 10)).settlement

    assert line is not None
    assert (line.kind, line.payer_id, line.amount) == (BillingDocumentKind.INVOICE, PARENT, Decimal("210.00"))
    assert (line.period, line.period_days) == (Period(CUT, date(2026, 7, 10)), 26)


def test_the_payer_on_the_record_gets_the_document_whoever_pays_now() -> None:
    line = cut(replace(JUNE, period_payer_id=UUID(int=9))).settlement

    assert line is not None
    assert line.payer_id == UUID(int=9)


@pytest.mark.parametrize(
    ("direction", "billed", "kind", "settled"),
    [
        (BillingDirection.ADVANCE, "300.00", BillingDocumentKind.CREDIT_NOTE, "210.00"),
        (BillingDirection.ADVANCE, "0", BillingDocumentKind.INVOICE, "90.00"),
        (BillingDirection.ARREARS, "0", BillingDocumentKind.INVOICE, "90.00"),
    ],
)
@pytest.mark.parametrize("today", [CUT, date(2026, 6, 10), date(2026, 7, 20)])
def test_a_subscription_that_has_ended_is_settled_to_its_end_and_begins_nothing(
    direction: BillingDirection, billed: str, kind: BillingDocumentKind, settled: str, today: date
) -> None:
    ended = replace(
        JUNE,
        status=SubscriptionStatus.PENDING_CANCELLATION,
        ends_on=date(2026, 6, 10),
        direction=direction,
        billed=Decimal(billed),
    )

    for made in (cut(ended, today), cut(ended, today, single(10))):
        (line,) = made.lines
        assert (line.kind, line.amount) == (kind, Decimal(settled))
        assert (made.closed_on, made.following.days, made.next_billing_date) == (date(2026, 6, 10), 0, None)


def test_a_cancelled_subscription_is_not_billed_beyond_its_end() -> None:
    leaving = replace(JUNE, status=SubscriptionStatus.PENDING_CANCELLATION, ends_on=date(2026, 7, 1))

    alone, consolidated = cut(leaving), cut(leaving, after=single(10))

    assert (alone.following, alone.following_net) == (Period(CUT, date(2026, 7, 1)), Decimal("120.00"))
    assert (consolidated.following, consolidated.following_net) == (Period(CUT, date(2026, 7, 1)), Decimal("120.00"))
    assert consolidated.next_billing_date == date(2026, 7, 10)


@pytest.mark.parametrize(
    ("after", "following", "net"),
    [
        (OTHER, Period(date(2026, 6, 20), date(2026, 7, 20)), "300.00"),
        (single(15), Period(date(2026, 6, 20), date(2026, 7, 15)), "250.00"),
    ],
)
def test_a_period_that_begins_later_is_credited_in_whole_and_begins_the_next(
    after: Arrangement, following: Period, net: str
) -> None:
    tomorrow = replace(JUNE, period=Period(date(2026, 6, 20), date(2026, 7, 20)))

    made = cut(tomorrow, CUT, after)

    assert made.settlement is not None
    assert (made.settlement.amount, made.closed_on) == (Decimal("300.00"), date(2026, 6, 20))
    assert (made.following, made.following_net) == (following, Decimal(net))
