"""Billing as a person would work it out on paper: periods, cuts and documents, sharing nothing with the service's own rules."""

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from uuid import UUID

ACTIVE = {"TRIAL", "ACTIVE", "PENDING_CANCELLATION"}
ENDED = {"CANCELLED", "EXPIRED"}
DECIMALS = {"DKK": 2, "EUR": 2, "JPY": 0}


@dataclass
class Period:
    payer: UUID
    start: date
    end: date
    net: Decimal
    billed: Decimal
    credited: Decimal = Decimal(0)
    cut_on: date | None = None


@dataclass
class Subscription:
    id: UUID
    customer: UUID
    status: str
    direction: str
    currency: str
    net: Decimal
    months: int
    anchor: int
    next_billing: date | None
    periods: list[Period]
    ends_on: date | None = None

    @property
    def current(self) -> Period:
        return self.periods[-1]


@dataclass(frozen=True)
class Arrangement:
    payer: UUID
    single: bool
    billing_day: int | None


@dataclass
class Books:
    """What was booked: total by kind, payer, customer, currency and day, in the order of booking."""

    subscriptions: dict[UUID, Subscription] = field(default_factory=dict[UUID, Subscription])
    documents: list[tuple[str, UUID, UUID, str, date, Decimal]] = field(
        default_factory=list[tuple[str, UUID, UUID, str, date, Decimal]]
    )

    def of(self, customer: UUID) -> list[Subscription]:
        return [each for each in self.subscriptions.values() if each.customer == customer]

    def cut(self, customer: UUID, before: Arrangement, after: Arrangement, today: date) -> int:
        """Cut the customer's active subscriptions over; how many there were."""
        totals: dict[tuple[str, str], Decimal] = {}
        active = [each for each in self.of(customer) if each.status in ACTIVE]
        for each in active:
            kind, amount = settle(each, today)
            if amount > 0:
                key = (kind, each.currency)
                totals[key] = totals.get(key, Decimal(0)) + amount
            follow(each, after, today)
        self.documents += [
            (kind, before.payer, customer, currency, today, total) for (kind, currency), total in totals.items()
        ]
        return len(active)


def settle(subscription: Subscription, today: date) -> tuple[str, Decimal]:
    """Close the current period, and what that credits or invoices."""
    period = subscription.current
    at = min(max(today, period.start), period.end)
    days, elapsed = (period.end - period.start).days, (at - period.start).days
    period.cut_on = at
    if subscription.direction == "ADVANCE":
        kind, amount = "CREDIT_NOTE", share(period.billed, days - elapsed, days, subscription.currency)
        amount = min(amount, period.billed - period.credited)
    else:
        kind, amount = "INVOICE", share(period.net, elapsed, days, subscription.currency)
    if subscription.status == "TRIAL":
        return kind, Decimal(0)
    if kind == "INVOICE":
        period.billed += amount
    else:
        period.credited += amount
    return kind, amount


def follow(subscription: Subscription, after: Arrangement, today: date) -> None:
    """Begin the period that follows a cut."""
    old = subscription.current
    if subscription.status == "TRIAL" and old.end > today:
        subscription.periods.append(Period(after.payer, today, old.end, Decimal(0), Decimal(0)))
        return
    if after.billing_day is not None:
        end, subscription.anchor = today + timedelta(days=1), after.billing_day
        while end.day != after.billing_day:
            end += timedelta(days=1)
    else:
        end, subscription.anchor = in_months(today, subscription.months, today.day), today.day
    full_days = (end - in_months(end, -subscription.months, subscription.anchor)).days
    last = subscription.ends_on
    if last is not None and last <= today:
        subscription.periods.append(Period(after.payer, today, end, Decimal(0), Decimal(0)))
        subscription.next_billing = None
        return
    until = end if last is None else min(last, end)
    days, net = (until - today).days, subscription.net
    if days != full_days:
        net = share(net, days, full_days, subscription.currency)
    subscription.periods.append(Period(after.payer, today, until, net, Decimal(0)))
    if after.billing_day is not None:
        subscription.next_billing = end
    else:
        subscription.next_billing = today if subscription.direction == "ADVANCE" else until


def share(amount: Decimal, part: int, whole: int, currency: str) -> Decimal:
    """A part of an amount by days, rounded once, half away from zero."""
    with localcontext() as exactly:
        exactly.prec = 60
        return (amount * part / whole).quantize(Decimal(1).scaleb(-DECIMALS[currency]), ROUND_HALF_UP)


def in_months(day: date, months: int, anchor: int) -> date:
    """Month by month along the calendar; a month that is too short ends earlier."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    return date(year, month, min(anchor, calendar.monthrange(year, month)[1]))
