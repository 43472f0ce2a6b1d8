"""Check a sent subscription by the calendar and by what is billed: no period is early, skipped or moved."""

from collections.abc import Callable, Collection, Iterator
from datetime import date

from app.domain.billing import ACTIVE, ENDED
from app.domain.calendar import DateOutOfRange, months_later
from app.domain.errors import ErrorCode, Path, Problem
from app.domain.fields import schema_name
from app.domain.late_messages import NOT_BEGUN
from app.domain.mirroring import MirroredPeriod, MirroredSubscription, in_period, inconsistent
from app.domain.partly_read import checked
from app.domain.subscription_fields import of_period
from app.domain.subscriptions import SubscriptionStatus

_RUNS_ON = ACTIVE - {SubscriptionStatus.TRIAL}
"""Statuses that no period follows that has not begun: the first payment of a trial may still be awaited."""
_BEGUN = ACTIVE | {SubscriptionStatus.PAUSED}


def next_period_problem(now: MirroredSubscription, *, is_open: bool, starts_on: date, today: date) -> Problem | None:
    """Return the problem of a next period that is sent too early; `now` is what is stored.

    `is_open` is whether the stored period is recorded and no transition has ended it: that has billed what it ends.
    """
    if starts_on > today:
        message = f"must be at most today, {today}: send the next period on the day that it starts, or later."
        return _conflict("starts_on", message)
    period = now.current_period
    if not is_open or now.status is SubscriptionStatus.TRIAL or _owes_nothing(now):
        return None
    amount, billed, billed_on = map(schema_name, ("net_amount", "billed_amount", "billed_on"))
    due = f"{billed} {period.net_amount} and {billed_on}"
    if now.status is SubscriptionStatus.PAUSED:
        due = f"{billed} and {billed_on}, or with {amount} 0 if nothing is billed for it"
    message = (
        f"is too early: of the period that starts on {period.starts_on}, {period.billed_amount} of"
        f" {period.net_amount} is billed. Send that period first, with {due}, in an earlier list."
    )
    return _conflict("starts_on", message)


def _owes_nothing(now: MirroredSubscription) -> bool:
    period, ends_on = now.current_period, now.ends_on
    if period.billed_amount >= period.net_amount or (ends_on is not None and ends_on <= period.starts_on):
        return True
    # Only the billing system knows the price of the days before the end or the pause.
    is_shorter = now.status is SubscriptionStatus.PAUSED or (ends_on is not None and ends_on < period.ends_on)
    return is_shorter and period.billed_on is not None


def unbegun_problem(
    now: MirroredSubscription, status: SubscriptionStatus, today: date, *, begins: bool
) -> Problem | None:
    """Return the problem of a subscription that has begun, `now`, and would be as if it had not.

    Its period could then move, and the days that were served would be in no period. `begins` is whether the row sends
    the next period.
    """
    if status not in NOT_BEGUN or now.status in NOT_BEGUN:
        return None
    starts_on = now.current_period.starts_on
    if now.status not in _RUNS_ON if begins else starts_on > today:
        return None
    message = (
        f"must not be {status}: the subscription is {now.status}, in the period that starts on {starts_on}."
        " What doesn't run for a while is PAUSED."
    )
    return inconsistent("status", message)


def kept_period_problems(stored: MirroredPeriod, sent: MirroredPeriod) -> Iterator[Problem]:
    """Yield the problems of a period that is billed and would get other days, another price, or less billed."""
    if stored.billed_amount:
        fixed = (_other_value(stored, sent, field) for field in ("starts_on", "ends_on", "net_amount"))
        yield from checked(*fixed, _less_billed(stored, sent))


def _other_value(stored: MirroredPeriod, sent: MirroredPeriod, field: str) -> Iterator[Problem]:
    value = getattr(stored, field)
    if getattr(sent, field) != value:
        yield _conflict(field, f"must be {value}, as stored: the period that starts on {stored.starts_on} is billed.")


def _less_billed(stored: MirroredPeriod, sent: MirroredPeriod) -> Iterator[Problem]:
    if sent.billed_amount < stored.billed_amount:
        credited = schema_name("credited_amount")
        message = f"must be at least {stored.billed_amount}, as stored. Send what is credited as {credited}."
        yield _conflict("billed_amount", message)


def _early_end(subscription: MirroredSubscription, today: date) -> Iterator[Problem]:
    ends_on = subscription.ends_on
    if subscription.status not in ENDED or ends_on is None or ends_on <= today:
        return
    if ends_on > subscription.current_period.starts_on:
        yield inconsistent("status", f"must be PENDING_CANCELLATION until {schema_name('ends_on')}, {ends_on}.")


def _early_period(subscription: MirroredSubscription, today: date) -> Iterator[Problem]:
    if subscription.status in _BEGUN and subscription.current_period.starts_on > today:
        message = f"must be at most today, {today}, unless the subscription is SCHEDULED or AWAITING_PAYMENT."
        yield in_period("starts_on", message)


def _length(subscription: MirroredSubscription, _: date) -> Iterator[Problem]:
    period = subscription.current_period
    if subscription.status is SubscriptionStatus.TRIAL:
        return
    months, anchor_day = subscription.interval_months, _day(period.starts_on, subscription.anchor_day)
    latest = _later(period.starts_on, months, anchor_day)
    if period.ends_on > latest:
        message = (
            f"must be at most {latest}, {schema_name('interval_months')} after {schema_name('starts_on')}: a period is"
            " one interval, a stub is shorter."
        )
        yield in_period("ends_on", message)


def _excess_bill(subscription: MirroredSubscription, _: date) -> Iterator[Problem]:
    period = subscription.current_period
    if period.billed_amount > period.net_amount and subscription.status is not SubscriptionStatus.TRIAL:
        message = f"must be at most {schema_name('net_amount')}, {period.net_amount}, the price of the period."
        yield in_period("billed_amount", message)


def _missing_day_of_bill(subscription: MirroredSubscription, _: date) -> Iterator[Problem]:
    period = subscription.current_period
    if period.billed_on is None and period.billed_amount:
        yield in_period("billed_on", "must be given, as the day of the invoice, for a period that is billed.")


def _day_without_bill(subscription: MirroredSubscription, _: date) -> Iterator[Problem]:
    period = subscription.current_period
    if period.billed_on is not None and period.net_amount and not period.billed_amount:
        billed = schema_name("billed_amount")
        yield in_period("billed_on", f"must be null as long as nothing is billed: send {billed} with it.")


def _day_of_bill(subscription: MirroredSubscription, today: date) -> Iterator[Problem]:
    period = subscription.current_period
    if period.billed_on is None:
        return
    # The period may be of an earlier, longer interval.
    months = max(subscription.interval_months, _months_between(period.starts_on, period.ends_on))
    earliest = _later(period.starts_on, -months, period.starts_on.day)
    if not earliest <= period.billed_on <= today:
        message = f"must be from {earliest}, one interval before the period starts, to today, {today}."
        yield in_period("billed_on", message)


def _next_billing_date(subscription: MirroredSubscription, _: date) -> Iterator[Problem]:
    period, day = subscription.current_period, subscription.next_billing_date
    if day is None or subscription.status in ENDED or subscription.status is SubscriptionStatus.PAUSED:
        return
    anchor_day = _day(period.ends_on, subscription.anchor_day)
    latest = _later(period.ends_on, subscription.interval_months, anchor_day)
    if not period.starts_on <= day <= latest:
        message = (
            f"must be from {period.starts_on}, when the period starts, to {latest}, one interval after it ends."
            " Send it with each period."
        )
        yield inconsistent("next_billing_date", message)


_RULES: tuple[tuple[frozenset[str], Callable[[MirroredSubscription, date], Iterator[Problem]]], ...] = (
    (frozenset({"status", "ends_on"}), _early_end),
    (of_period("starts_on") | {"status"}, _early_period),
    (of_period("starts_on", "ends_on"), _length),
    (of_period("net_amount", "billed_amount"), _excess_bill),
    (of_period("billed_amount", "billed_on"), _missing_day_of_bill),
    (of_period("net_amount", "billed_amount", "billed_on"), _day_without_bill),
    (of_period("starts_on", "billed_on"), _day_of_bill),
    (of_period("starts_on", "ends_on") | {"next_billing_date"}, _next_billing_date),
)
"""Rules, each with the fields that it is about, in the order in which problems are reported.

A new interval or anchor day asks no rule: it applies from the next period on.
"""


def calendar_problems(subscription: MirroredSubscription, changed: Collection[str], today: date) -> Iterator[Problem]:
    """Yield the problems of a subscription whose changed fields don't fit each other or today.

    `changed` also has the changed fields of the current period. What is stored and does not change is not judged: it
    may be older than these rules, or than the interval and the anchor day.
    """
    return checked(*(rule(subscription, today) for fields, rule in _RULES if not fields.isdisjoint(changed)))


def _day(day: date, anchor_day: int) -> int:
    """Return the anchor day if a date is on it, because a short month clamps it; otherwise the date's own day."""
    return anchor_day if day == months_later(day, 0, anchor_day) else day.day


def _months_between(day: date, later: date) -> int:
    return (later.year - day.year) * 12 + later.month - day.month


def _later(day: date, months: int, anchor_day: int) -> date:
    try:
        return months_later(day, months, anchor_day)
    except DateOutOfRange:
        return date.max if months > 0 else date.min


def _conflict(field: str, message: str) -> Problem:
    path: Path = ("current_period", field)
    return Problem(ErrorCode.SUBSCRIPTION_PERIOD_CONFLICT, path, message)
