"""Moving subscriptions without a cut: who pays for what was not billed yet, and when the next billing comes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.domain.billing import ACTIVE, ENDED, Arrangement, Subscription
from app.domain.calendar import billing_day_from, months_later, next_billing_day
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

_NOT_YET_PAID = frozenset({SubscriptionStatus.TRIAL, SubscriptionStatus.SCHEDULED})
"""Statuses whose first paid period is still to come."""


@dataclass(frozen=True, slots=True)
class Move:
    """What happens to a subscription that keeps its period when an arrangement changes."""

    subscription: Subscription
    payer_id: UUID | None
    """The new payer on the record of its period; None if the record keeps its payer or does not exist."""
    anchor_day: int
    next_billing_date: date | None

    @property
    def is_change(self) -> bool:
        """Whether the subscription itself changes."""
        before = self.subscription
        return (self.anchor_day, self.next_billing_date) != (before.anchor_day, before.next_billing_date)


def moves(subscriptions: Iterable[Subscription], before: Arrangement, after: Arrangement) -> list[Move]:
    """Return the moves of a customer's subscriptions that are neither active nor ended, by id.

    A period that was billed keeps its payer, who is the one to credit later.
    """
    if before == after:
        return []
    found = (each for each in subscriptions if each.status not in ACTIVE | ENDED)
    return [_move(each, before, after) for each in sorted(found, key=lambda each: each.id)]


def reschedulings(subscriptions: Iterable[Subscription], before: Arrangement, after: Arrangement) -> list[Move]:
    """Return the moves that a new billing day alone makes, by id: no payer changes, and nothing is cut."""
    if before == after:
        return []
    found = (each for each in subscriptions if each.status not in ENDED)
    return [Move(each, None, *rhythm(each, before, after)) for each in sorted(found, key=lambda each: each.id)]


def _move(subscription: Subscription, before: Arrangement, after: Arrangement) -> Move:
    takes_payer = subscription.period_id is not None and subscription.billed == 0
    return Move(subscription, after.payer_id if takes_payer else None, *rhythm(subscription, before, after))


def rhythm(subscription: Subscription, before: Arrangement, after: Arrangement) -> tuple[int, date | None]:
    """Return the anchor day and the next billing date of a subscription that keeps its period."""
    if before.billing_day is None and after.billing_day is None:
        return subscription.anchor_day, subscription.next_billing_date
    is_new = subscription.status in _NOT_YET_PAID
    is_scheduled = subscription.status is SubscriptionStatus.SCHEDULED
    boundary = subscription.period.start if is_scheduled else subscription.period.end
    anchor_day = after.billing_day or boundary.day
    if _is_billed_no_more(subscription, boundary, is_new=is_new):
        return anchor_day, None
    if after.billing_day is not None:
        following = next_billing_day if is_new else billing_day_from
        return anchor_day, following(boundary, after.billing_day)
    if is_new and subscription.direction is BillingDirection.ARREARS:
        return anchor_day, months_later(boundary, subscription.interval_months, anchor_day)
    return anchor_day, boundary


def _is_billed_no_more(subscription: Subscription, boundary: date, *, is_new: bool) -> bool:
    ends_on = subscription.ends_on
    if is_new:
        return ends_on is not None and ends_on <= boundary
    is_paused = subscription.status is SubscriptionStatus.PAUSED
    return subscription.next_billing_date is None and (is_paused or ends_on is not None)
