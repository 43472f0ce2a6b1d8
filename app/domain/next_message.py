"""The rows that a punctual billing system sends for a subscription: see docs/billing.md."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from app.domain.billing import ENDED, Subscription
from app.domain.calendar import Period, months_later
from app.domain.cycles import anchor_day_after, period_from
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

Row = Mapping[str, object]
"""Fields of a row of `upsertSubscriptions`, by attribute."""


def next_message(subscription: Subscription, billing_day: int | None, today: date) -> Row | None:
    """Return the first row that is due by a day, without the subscription's key; None if no row is due.

    Send it before asking for the next one. `billing_day` is the day of the payer's single invoice.
    """
    status, period = subscription.status, subscription.period
    if status in ENDED or status is SubscriptionStatus.PAUSED:
        return None
    if status is SubscriptionStatus.SCHEDULED:
        return _first_period(subscription, billing_day) if period.start <= today else None
    if _is_to_be_billed(subscription, billing_day, today):
        return _billed(subscription, billing_day)
    return None if period.end > today else _after(subscription, billing_day)


def _after(subscription: Subscription, billing_day: int | None) -> Row:
    """Return the row that follows a period that is over and billed."""
    if subscription.ends_on is not None and subscription.ends_on <= subscription.period.end:
        return {"status": SubscriptionStatus.CANCELLED, "next_billing_date": None}
    if subscription.status is SubscriptionStatus.AWAITING_PAYMENT:
        # A first invoice is paid by the end of its period. Sent in a separate message, because a period that awaits
        # its payment may still be moved, so the next period would replace it.
        return {"status": SubscriptionStatus.ACTIVE}
    return _next_period(subscription, billing_day)


def _first_period(subscription: Subscription, billing_day: int | None) -> Row:
    first = _begun(subscription, subscription.period, subscription.net_amount, billing_day)
    return {"status": SubscriptionStatus.ACTIVE, **first}


def _next_period(subscription: Subscription, billing_day: int | None) -> Row:
    anchor_day = anchor_day_after(subscription, billing_day)
    period, net = period_from(subscription, subscription.period.end, anchor_day)
    row = {"anchor_day": anchor_day, **_begun(subscription, period, net, billing_day)}
    return row | {"status": SubscriptionStatus.ACTIVE} if subscription.status is SubscriptionStatus.TRIAL else row


def _begun(subscription: Subscription, period: Period, net: Decimal, billing_day: int | None) -> dict[str, object]:
    days = {"starts_on": period.start, "ends_on": period.end}
    is_billed = net > 0 and _is_billed_at_start(subscription, period, billing_day)
    billed = {"billed_amount": net, "billed_on": period.start} if is_billed else {}
    return {
        "current_period": {**days, "net_amount": net, **billed},
        "next_billing_date": _next_billing_date(subscription, period, billing_day),
    }


def _is_to_be_billed(subscription: Subscription, billing_day: int | None, today: date) -> bool:
    # Without a stored period, it is unknown what was billed.
    if subscription.status is SubscriptionStatus.TRIAL or subscription.period_id is None:
        return False
    if _is_billed_at_start(subscription, subscription.period, billing_day):
        return subscription.billed == 0 < subscription.period_net and subscription.period.start <= today
    return subscription.billed < subscription.period_net and subscription.period.end <= today


def _billed(subscription: Subscription, billing_day: int | None) -> Row:
    period = subscription.period
    billed_on = period.start if _is_billed_at_start(subscription, period, billing_day) else period.end
    billed = {"billed_amount": subscription.period_net, "billed_on": billed_on}
    return {
        "current_period": {"starts_on": period.start, "ends_on": period.end, **billed},
        "next_billing_date": _next_billing_date(subscription, period, billing_day),
    }


def _is_billed_at_start(subscription: Subscription, period: Period, billing_day: int | None) -> bool:
    """Return whether a period is billed at its start; a stub before a single invoice's billing day is not."""
    if subscription.direction is BillingDirection.ARREARS:
        return False
    if billing_day is None:
        return True
    if period.end == subscription.ends_on:
        return period.start == months_later(period.start, 0, billing_day)
    return period.start == months_later(period.end, -subscription.interval_months, billing_day)


def _next_billing_date(subscription: Subscription, period: Period, billing_day: int | None) -> date | None:
    is_last = subscription.ends_on is not None and subscription.ends_on <= period.end
    return None if is_last and _is_billed_at_start(subscription, period, billing_day) else period.end
