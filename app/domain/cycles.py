"""Billing cycles: the period that follows another one, and its price."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from app.domain.billing import Subscription
from app.domain.calendar import Period, cycle_end, months_later
from app.domain.money import rounded


def anchor_day_after(subscription: Subscription, billing_day: int | None) -> int:
    """Return the anchor day from the end of the current period on.

    It is the billing day of a single invoice, or the subscription's own, or the day on which a trial or a stub ends.
    """
    if billing_day is not None:
        return billing_day
    end = subscription.period.end
    return subscription.anchor_day if end == months_later(end, 0, subscription.anchor_day) else end.day


def period_from(subscription: Subscription, start: date, anchor_day: int) -> tuple[Period, Decimal]:
    """Return the period that starts on a day, and its price."""
    regular_end = cycle_end(start, subscription.interval_months, anchor_day)
    period = until_end_of(subscription, Period(start, regular_end))
    return period, price(subscription, period, regular_end, anchor_day)


def until_end_of(subscription: Subscription, period: Period) -> Period:
    """Return a period, shortened to the end of a canceled subscription."""
    ends_on = subscription.ends_on
    return period if ends_on is None else Period(period.start, min(ends_on, period.end))


def price(subscription: Subscription, period: Period, regular_end: date, anchor_day: int) -> Decimal:
    """Return the price of a period: for a stub, its share of the full period that would end on the same regular day."""
    full = Period(months_later(regular_end, -subscription.interval_months, anchor_day), regular_end)
    if period == full:
        return subscription.net_amount
    return rounded(Fraction(subscription.net_amount) * period.days / full.days, subscription.currency)
