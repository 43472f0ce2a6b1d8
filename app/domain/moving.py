"""Moves: new payers and billing dates for subscriptions whose current period is not cut."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.domain.billing import ACTIVE, ENDED, Arrangement, Subscription
from app.domain.calendar import billing_day_from, months_later, next_billing_day
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

_NOT_YET_PAID = frozenset({SubscriptionStatus.TRIAL, SubscriptionStatus.SCHEDULED})
"""Statuses before the first paid period."""


@dataclass(frozen=True, slots=True)
class Move:
    """The effect of a changed arrangement on a subscription that keeps its current period."""

    subscription: Subscription
    payer_id: UUID | None
    """New payer of the current period's row; None if the row keeps its payer or doesn't exist."""
    anchor_day: int
    next_billing_date: date | None

    @property
    def is_change(self) -> bool:
        """Whether the subscription itself changes."""
        before = self.subscription
        return (self.anchor_day, self.next_billing_date) != (before.anchor_day, before.next_billing_date)


def moves(subscriptions: Iterable[Subscription], before: Arrangement, after: Arrangement) -> list[Move]:
    """Return the moves of a customer's subscriptions that are neither active nor ended, ordered by id.

    A billed period keeps its payer, because later credit notes must go to that payer.
    """
    if before == after:
        return []
    found = (subscription for subscription in subscriptions if subscription.status not in ACTIVE | ENDED)
    return [_move(subscription, before, after) for subscription in sorted(found, key=_id)]


def reschedulings(subscriptions: Iterable[Subscription], before: Arrangement, after: Arrangement) -> list[Move]:
    """Return the moves caused by a new billing day alone, ordered by id. No payer changes and no period is cut."""
    if before == after:
        return []
    found = (subscription for subscription in subscriptions if subscription.status not in ENDED)
    return [Move(subscription, None, *schedule(subscription, before, after)) for subscription in sorted(found, key=_id)]


def _id(subscription: Subscription) -> UUID:
    return subscription.id


def _move(subscription: Subscription, before: Arrangement, after: Arrangement) -> Move:
    takes_payer = subscription.period_id is not None and subscription.billed == 0
    return Move(subscription, after.payer_id if takes_payer else None, *schedule(subscription, before, after))


def schedule(subscription: Subscription, before: Arrangement, after: Arrangement) -> tuple[int, date | None]:
    """Return the anchor day and the next billing date of a subscription that keeps its period."""
    if before.billing_day is None and after.billing_day is None:
        return subscription.anchor_day, subscription.next_billing_date
    is_new = subscription.status in _NOT_YET_PAID
    is_scheduled = subscription.status is SubscriptionStatus.SCHEDULED
    boundary = subscription.period.start if is_scheduled else subscription.period.end
    anchor_day = after.billing_day or boundary.day
    if _has_no_next_billing(subscription, boundary, is_new=is_new):
        return anchor_day, None
    if after.billing_day is not None:
        following = next_billing_day if is_new else billing_day_from
        return anchor_day, following(boundary, after.billing_day)
    if is_new and subscription.direction is BillingDirection.ARREARS:
        return anchor_day, months_later(boundary, subscription.interval_months, anchor_day)
    return anchor_day, boundary


def _has_no_next_billing(subscription: Subscription, boundary: date, *, is_new: bool) -> bool:
    ends_on = subscription.ends_on
    if is_new:
        return ends_on is not None and ends_on <= boundary
    is_paused = subscription.status is SubscriptionStatus.PAUSED
    return subscription.next_billing_date is None and (is_paused or ends_on is not None)
