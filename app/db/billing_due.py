"""Read the subscriptions of a company for which a billing system has rows to send."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, all_, and_, literal, or_
from sqlalchemy.dialects.postgresql import ARRAY

from app.db.booking import subscription_of, with_current_period
from app.db.declarations import narrowed
from app.db.tables import subscriptions
from app.db.unit_of_work import Session
from app.domain.billing import ACTIVE, Subscription
from app.domain.subscriptions import SubscriptionStatus

_RUNNING = (*sorted(ACTIVE), SubscriptionStatus.AWAITING_PAYMENT)


class DueSubscription(NamedTuple):
    """A subscription with its current period, and its version."""

    subscription: Subscription
    version: int


async def due_without_key(session: Session, today: date, *, limit: int, but: Collection[UUID]) -> list[DueSubscription]:
    """Return subscriptions whose period, start or next billing date has come, the earliest periods first.

    Only those without an external system id: the others belong to the system that sent them. Without those of `but`.
    """
    its = subscriptions.c
    is_due = or_(
        and_(its.status.in_(_RUNNING), or_(its.current_period_end <= today, its.next_billing_date <= today)),
        and_(its.status == SubscriptionStatus.SCHEDULED, its.current_period_start <= today),
    )
    others = its.id != all_(literal(list(but), ARRAY(Uuid())))
    query = (
        with_current_period(and_(narrowed(subscriptions), its.external_system_id.is_(None), is_due, others))
        .order_by(None)
        .order_by(its.current_period_end, its.id)
        .limit(limit)
    )
    return [DueSubscription(subscription_of(row), row.version) for row in await session.rows(query, {})]
