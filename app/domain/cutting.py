"""Cuts: how a subscription's current period is closed and settled, and the period that follows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.domain.billing import ACTIVE, Arrangement, BillingDocumentKind, Subscription
from app.domain.calendar import Period, months_later, next_billing_day
from app.domain.cycles import anchor_day_after, period_from, price, until_end_of
from app.domain.money import NOTHING, exact_difference, rounded, rounded_within
from app.domain.moving import schedule
from app.domain.subscriptions import BillingDirection, SubscriptionStatus


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a billing document: the days of a subscription that are credited or invoiced."""

    kind: BillingDocumentKind
    payer_id: UUID
    period: Period
    """Days that are credited or invoiced."""
    period_days: int
    """Length in days of the whole billing period."""
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RolledPeriod:
    """A period that began before the cut but has no row yet, because billing is overdue."""

    payer_id: UUID
    period: Period
    net: Decimal
    cut_on: date | None
    """Day of the cut if the period contains it; None if the period ended before."""
    line: Line | None

    @property
    def billed(self) -> Decimal:
        """Amount that the cut invoices for this period."""
        return NOTHING if self.line is None else self.line.amount


@dataclass(frozen=True, slots=True)
class Cut:
    """The effect of a changed arrangement on one subscription."""

    subscription: Subscription
    closed_on: date
    """First day after the shortened current period."""
    settlement: Line | None
    """Line that settles the current period."""
    rolled: tuple[RolledPeriod, ...]
    """Periods between an overdue current period and the cut, in order."""
    following: Period
    """The next period; empty if the subscription has ended."""
    following_net: Decimal
    status: SubscriptionStatus
    """Status after the cut; a trial that has ended becomes ACTIVE."""
    anchor_day: int
    next_billing_date: date | None

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines of the cut, in the order of their days."""
        made = (self.settlement, *(rolled.line for rolled in self.rolled))
        return tuple(line for line in made if line is not None)

    @property
    def current(self) -> Period:
        """The current period after the cut: the following one, or the last one of a subscription that has ended."""
        if self.following.days > 0:
            return self.following
        return self.rolled[-1].period if self.rolled else self.subscription.period


def cuts(subscriptions: Iterable[Subscription], before: Arrangement, after: Arrangement, today: date) -> list[Cut]:
    """Return the cuts of a customer's active subscriptions, ordered by id; empty if the arrangement is unchanged."""
    if before == after:
        return []
    active = (subscription for subscription in subscriptions if subscription.status in ACTIVE)
    ordered = sorted(active, key=lambda subscription: subscription.id)
    return [_cut(subscription, before, after, today) for subscription in ordered]


def _cut(subscription: Subscription, before: Arrangement, after: Arrangement, today: date) -> Cut:
    period, ends_on = subscription.period, subscription.ends_on
    start = max(today, period.start)
    closed_on = min(start, period.end)
    if ends_on is not None:
        closed_on = min(closed_on, max(ends_on, period.start))
    is_trial = subscription.status is SubscriptionStatus.TRIAL
    is_free = is_trial and start < period.end
    following, net, anchor_day, billed_on = _following(subscription, before, after, start, is_free=is_free)
    rolled = tuple(_rolled(subscription, before, today))
    begins_to_pay = is_trial and not is_free and (following.days > 0 or bool(rolled))
    return Cut(
        subscription=subscription,
        closed_on=closed_on,
        settlement=None if is_trial else _settlement(subscription, closed_on),
        rolled=rolled,
        following=following if following.days > 0 else Period(closed_on, closed_on),
        following_net=net,
        status=SubscriptionStatus.ACTIVE if begins_to_pay else subscription.status,
        anchor_day=anchor_day,
        next_billing_date=billed_on,
    )


def _following(
    subscription: Subscription, before: Arrangement, after: Arrangement, start: date, *, is_free: bool
) -> tuple[Period, Decimal, int, date | None]:
    """Return the next period, its price, its anchor day and the next billing date."""
    if subscription.ends_on is not None and subscription.ends_on <= start:
        return Period(start, start), NOTHING, subscription.anchor_day, None
    if is_free:
        # A trial stays free until its promised end. Only the payer and the later schedule change.
        rest = until_end_of(subscription, Period(start, subscription.period.end))
        return rest, NOTHING, *schedule(subscription, before, after)
    if after.billing_day is not None:
        regular, anchor_day = Period(start, next_billing_day(start, after.billing_day)), after.billing_day
    else:
        regular, anchor_day = Period(start, months_later(start, subscription.interval_months, start.day)), start.day
    following = until_end_of(subscription, regular)
    # A consolidated invoice is issued on the billing day, for subscriptions in advance and in arrears alike.
    if after.billing_day is not None:
        billed_on = regular.end
    else:
        billed_on = following.start if subscription.direction is BillingDirection.ADVANCE else following.end
    return following, price(subscription, following, regular.end, anchor_day), anchor_day, billed_on


def _settlement(subscription: Subscription, closed_on: date) -> Line | None:
    """Return the line that settles the current period, or None if nothing is to be invoiced or credited."""
    if subscription.period_payer_id is None:
        return None
    period = subscription.period
    elapsed, remaining = Period(period.start, closed_on), Period(closed_on, period.end)
    left = exact_difference(subscription.billed, subscription.credited)
    served = Fraction(subscription.period_net) * elapsed.days / period.days
    if subscription.direction is BillingDirection.ARREARS:
        open_ = served - Fraction(left)
        # An amount billed in excess for a period that is over is credited for the days of that period.
        span = elapsed if open_ > 0 or remaining.days == 0 else remaining
    elif subscription.billed > 0:
        open_, span = -Fraction(left) * remaining.days / period.days, remaining
    else:
        open_, span = served, elapsed
    if open_ < 0:
        kind, amount = BillingDocumentKind.CREDIT_NOTE, rounded_within(-open_, left, subscription.currency)
    else:
        kind, amount = BillingDocumentKind.INVOICE, rounded(open_, subscription.currency)
    return _line(kind, subscription.period_payer_id, span, period.days, amount)


def _line(kind: BillingDocumentKind, payer_id: UUID, span: Period, period_days: int, amount: Decimal) -> Line | None:
    return Line(kind, payer_id, span, period_days, amount) if span.days > 0 and amount > 0 else None


def _rolled(subscription: Subscription, before: Arrangement, today: date) -> Iterator[RolledPeriod]:
    """Yield the overdue periods under the old arrangement, up to the cut or to the subscription's end."""
    start = subscription.period.end
    until = today if subscription.ends_on is None else min(today, subscription.ends_on)
    if subscription.period_payer_id is None or start >= until:
        return
    anchor_day = anchor_day_after(subscription, before.billing_day)
    while start < until:
        period, net = period_from(subscription, start, anchor_day)
        served = Period(start, min(period.end, until))
        amount = rounded(Fraction(net) * served.days / period.days, subscription.currency)
        line = _line(BillingDocumentKind.INVOICE, before.payer_id, served, period.days, amount)
        cut_on = until if period.end > until else None
        yield RolledPeriod(before.payer_id, period, net, cut_on, line)
        start = period.end
