"""Billing as a person would work it out on paper: periods, cuts and documents, sharing nothing with the service's own
rules."""

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
        return [subscription for subscription in self.subscriptions.values() if subscription.customer == customer]

    def cut(self, customer: UUID, before: Arrangement, after: Arrangement, today: date) -> int:
        """Cut the customer's active subscriptions over; how many there were."""
        totals: dict[tuple[str, UUID, str], Decimal] = {}
        active = [subscription for subscription in self.of(customer) if subscription.status in ACTIVE]
        for subscription in active:
            start = max(today, subscription.current.start)
            is_free = subscription.status == "TRIAL" and start < subscription.current.end
            for kind, payer, amount in [*settle(subscription, today), *roll(subscription, before, today)]:
                key = (kind, payer, subscription.currency)
                totals[key] = totals.get(key, Decimal(0)) + amount
            follow(subscription, before, after, start, is_free=is_free)
        self.documents += [
            (kind, payer, customer, currency, today, total) for (kind, payer, currency), total in totals.items()
        ]
        return len(active)

    def move(self, customer: UUID, before: Arrangement, after: Arrangement) -> int:
        """Move the customer's other subscriptions along; how many there were."""
        moved = [subscription for subscription in self.of(customer) if subscription.status not in ACTIVE | ENDED]
        for subscription in moved:
            if subscription.current.cut_on is None and subscription.current.billed == 0:
                subscription.current.payer = after.payer
            keep_time(subscription, before, after)
        return len(moved)

    def reschedule(self, customer: UUID, before: Arrangement, after: Arrangement) -> int:
        """Let the customer's subscriptions follow a new billing day; how many that changes."""
        changed = 0
        for subscription in self.of(customer):
            was = subscription.anchor, subscription.next_billing
            if subscription.status not in ENDED:
                keep_time(subscription, before, after)
            changed += was != (subscription.anchor, subscription.next_billing)
        return changed


def settle(subscription: Subscription, today: date) -> list[tuple[str, UUID, Decimal]]:
    """Close the current period; what that credits or invoices to its payer."""
    period = subscription.current
    if period.cut_on is not None:
        return []
    at = min(max(today, period.start), period.end)
    if subscription.ends_on is not None and subscription.ends_on < at:
        at = max(subscription.ends_on, period.start)
    period.cut_on = at
    if subscription.status == "TRIAL":
        return []
    days, elapsed, paid = (period.end - period.start).days, (at - period.start).days, period.billed - period.credited
    credited, invoiced = Decimal(0), Decimal(0)
    if subscription.direction == "ADVANCE" and period.billed:
        credited = share(paid, days - elapsed, days, subscription.currency)
    elif subscription.direction == "ADVANCE" or paid == 0:
        invoiced = share(period.net, elapsed, days, subscription.currency)
    else:
        with localcontext() as exactly:
            exactly.prec = 60
            due = period.net * elapsed - paid * days
        credited = share(max(-due, Decimal(0)), 1, days, subscription.currency)
        invoiced = share(max(due, Decimal(0)), 1, days, subscription.currency)
    period.billed += invoiced
    period.credited += credited
    lines = [("CREDIT_NOTE", period.payer, credited), ("INVOICE", period.payer, invoiced)]
    return [line for line in lines if line[2] > 0]


def roll(subscription: Subscription, before: Arrangement, today: date) -> list[tuple[str, UUID, Decimal]]:
    """Record and invoice the periods that a late biller has left out."""
    last = subscription.current
    stop = today if subscription.ends_on is None else min(today, subscription.ends_on)
    if last.cut_on != last.end:
        return []
    lines: list[tuple[str, UUID, Decimal]] = []
    start, anchor = last.end, before.billing_day or subscription.anchor
    if before.billing_day is None and not is_on(start, anchor):
        anchor = start.day
    while start < stop:
        period = next_period(subscription, before.payer, start, anchor)
        served = min(period.end, stop)
        amount = share(period.net, (served - start).days, (period.end - start).days, subscription.currency)
        period.billed, period.cut_on = amount, stop if stop < period.end else None
        subscription.periods.append(period)
        lines += [("INVOICE", before.payer, amount)] if amount else []
        start = period.end
    return lines


def follow(subscription: Subscription, before: Arrangement, after: Arrangement, start: date, *, is_free: bool) -> None:
    """Begin the period that follows a cut."""
    last, old = subscription.ends_on, subscription.current
    if last is not None and last <= start:
        subscription.next_billing = None
        return
    if is_free:
        keep_time(subscription, before, after)
        end = old.end if last is None else min(old.end, last)
        subscription.periods.append(Period(after.payer, start, end, Decimal(0), Decimal(0)))
        return
    if subscription.status == "TRIAL":
        subscription.status = "ACTIVE"
    if after.billing_day is not None:
        end, subscription.anchor = next_on(start, after.billing_day), after.billing_day
    else:
        end, subscription.anchor = in_months(start, subscription.months, start.day), start.day
    period = until(subscription, after.payer, start, end)
    subscription.periods.append(period)
    if after.billing_day is not None:
        subscription.next_billing = end
    else:
        subscription.next_billing = start if subscription.direction == "ADVANCE" else period.end


def next_period(subscription: Subscription, payer: UUID, start: date, anchor: int) -> Period:
    """The period that follows in the rhythm of an anchor day."""
    end = in_months(start, subscription.months, anchor) if is_on(start, anchor) else next_on(start, anchor)
    return until(subscription, payer, start, end, anchor)


def until(subscription: Subscription, payer: UUID, start: date, end: date, anchor: int | None = None) -> Period:
    """A period that would end on a day unless its subscription ends before, with its price."""
    full_days = (end - in_months(end, -subscription.months, anchor or subscription.anchor)).days
    last = end if subscription.ends_on is None else min(end, subscription.ends_on)
    days, net = (last - start).days, subscription.net
    if days != full_days:
        net = share(net, days, full_days, subscription.currency)
    return Period(payer, start, last, net, Decimal(0))


def keep_time(subscription: Subscription, before: Arrangement, after: Arrangement) -> None:
    """Let a subscription that keeps its period follow the billing day of a single invoice, or leave it."""
    if before.billing_day is None and after.billing_day is None:
        return
    is_new, last = subscription.status in {"TRIAL", "SCHEDULED"}, subscription.ends_on
    edge = subscription.current.start if subscription.status == "SCHEDULED" else subscription.current.end
    subscription.anchor = after.billing_day or edge.day
    if is_new and last is not None and last <= edge:
        subscription.next_billing = None
    elif not is_new and subscription.next_billing is None and (subscription.status == "PAUSED" or last is not None):
        pass
    elif after.billing_day is not None:
        is_there = edge.day == after.billing_day and not is_new
        subscription.next_billing = edge if is_there else next_on(edge, after.billing_day)
    elif is_new and subscription.direction == "ARREARS":
        subscription.next_billing = in_months(edge, subscription.months, edge.day)
    else:
        subscription.next_billing = edge


def is_on(day: date, anchor: int) -> bool:
    """Whether periods of an anchor day begin on a day: on the last of a month that is too short as well."""
    return day == in_months(day, 0, anchor)


def next_on(day: date, anchor: int) -> date:
    """Day by day to the next one that periods of an anchor day begin on."""
    day += timedelta(days=1)
    while not is_on(day, anchor):
        day += timedelta(days=1)
    return day


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
