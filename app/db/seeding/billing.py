"""Subscriptions of the demo data and their periods, arranged around a given day."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from uuid import UUID

from app.db.seeding.draw import Draw
from app.db.seeding.rows import Customer, Subscription, SubscriptionPeriod
from app.domain.money import NOTHING
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

_MONTHS = 12
_ENDED = (SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED)
_BEFORE_THE_SECOND_PERIOD = (
    SubscriptionStatus.SCHEDULED,
    SubscriptionStatus.TRIAL,
    SubscriptionStatus.AWAITING_PAYMENT,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a subscription, and its progress."""

    name: str
    net_amount: Decimal
    anchor_day: int
    direction: BillingDirection = BillingDirection.ADVANCE
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    interval_months: int = 1
    months_into_period: int = 0
    """Number of whole months of the current period that have passed; less than the interval."""
    periods_before: int = 0
    """Number of periods before the current one; ignored for statuses that precede a second period."""


def subscribe(
    draw: Draw, customer: Customer, payer_id: UUID, terms: Terms, today: date
) -> tuple[Subscription, list[SubscriptionPeriod]]:
    """Return a customer's subscription with these terms, and all of its periods."""
    starts = _current_start(terms, today)
    before = 0 if terms.status in _BEFORE_THE_SECOND_PERIOD else terms.periods_before
    start, end = (_day(terms, starts + months) for months in (0, terms.interval_months))
    subscription = Subscription(
        company_id=customer.company_id,
        id=draw.uuid_beside(customer.id),
        customer_id=customer.id,
        name=terms.name,
        status=terms.status,
        billing_direction=terms.direction,
        currency=customer.default_currency,
        net_amount=terms.net_amount,
        interval_months=terms.interval_months,
        anchor_day=terms.anchor_day,
        started_on=_day(terms, starts - before * terms.interval_months),
        ends_on=end if terms.status in (*_ENDED, SubscriptionStatus.PENDING_CANCELLATION) else None,
        trial_ends_on=end if terms.status is SubscriptionStatus.TRIAL else None,
        current_period_start=start,
        current_period_end=end,
        next_billing_date=_next_billing(terms, starts),
        created_at=customer.created_at,
        updated_at=customer.created_at,
    )
    return subscription, list(_periods(draw, subscription, payer_id, terms, starts))


def _current_start(terms: Terms, today: date) -> int:
    # Months are counted from year 0. The current period began on the latest anchor day up to today, or some months
    # earlier.
    month = today.year * _MONTHS + today.month - 1
    if _day(terms, month) > today:
        month -= 1
    if terms.status in _ENDED:
        return month - terms.interval_months
    if terms.status is SubscriptionStatus.SCHEDULED:
        return month + 1
    return month - terms.months_into_period


def _day(terms: Terms, month: int) -> date:
    return _clamped(month, terms.anchor_day)


@cache
def _clamped(month: int, day: int) -> date:
    # Cached, because each subscription needs a dozen of these few dates.
    year, month_of_year = divmod(month, _MONTHS)
    return date(year, month_of_year + 1, min(day, monthrange(year, month_of_year + 1)[1]))


def _next_billing(terms: Terms, starts: int) -> date | None:
    in_advance = terms.direction is BillingDirection.ADVANCE
    match terms.status:
        case SubscriptionStatus.SCHEDULED:
            return _day(terms, starts if in_advance else starts + terms.interval_months)
        case SubscriptionStatus.TRIAL:
            # A trial is never billed. The first invoice is for the period after it.
            return _day(terms, starts + terms.interval_months * (1 if in_advance else 2))
        case SubscriptionStatus.AWAITING_PAYMENT | SubscriptionStatus.ACTIVE:
            return _day(terms, starts + terms.interval_months)
        case SubscriptionStatus.PENDING_CANCELLATION:
            return None if in_advance else _day(terms, starts + terms.interval_months)
        case _:
            return None


def _periods(
    draw: Draw, subscription: Subscription, payer_id: UUID, terms: Terms, starts: int
) -> Iterator[SubscriptionPeriod]:
    if terms.status is SubscriptionStatus.SCHEDULED:
        return
    net = NOTHING if terms.status is SubscriptionStatus.TRIAL else terms.net_amount
    before = 0 if terms.status in _BEFORE_THE_SECOND_PERIOD else terms.periods_before
    for sequence in range(before + 1):
        month = starts - (before - sequence) * terms.interval_months
        is_over = sequence < before or terms.status in _ENDED
        in_advance = terms.direction is BillingDirection.ADVANCE
        billed = net if is_over or in_advance else NOTHING
        starts_on, ends_on = _day(terms, month), _day(terms, month + terms.interval_months)
        yield SubscriptionPeriod(
            company_id=subscription.company_id,
            id=draw.uuid_beside(subscription.id),
            subscription_id=subscription.id,
            sequence=sequence + 1,
            payer_customer_id=payer_id,
            starts_on=starts_on,
            ends_on=ends_on,
            net_amount=net,
            billed_amount=billed,
            credited_amount=NOTHING,
            billed_on=(starts_on if in_advance else ends_on) if billed else None,
            created_at=subscription.created_at,
        )
