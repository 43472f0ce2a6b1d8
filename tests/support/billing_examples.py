"""Examples for tests of billing: one subscription, one day, two arrangements."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.domain.billing import Arrangement, Subscription
from app.domain.calendar import Period
from app.domain.customers import ConsolidationMode
from app.domain.cutting import Cut, cuts
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

PAYER, PARENT = UUID(int=1), UUID(int=2)
OWN = Arrangement(PAYER, ConsolidationMode.PER_CHILD_INVOICE, None)
OTHER = Arrangement(PARENT, ConsolidationMode.PER_CHILD_INVOICE, None)
JUNE = Subscription(
    id=UUID(int=3),
    customer_id=PAYER,
    name="Fiber",
    status=SubscriptionStatus.ACTIVE,
    direction=BillingDirection.ADVANCE,
    currency="DKK",
    net_amount=Decimal("300.00"),
    interval_months=1,
    anchor_day=1,
    ends_on=None,
    period=Period(date(2026, 6, 1), date(2026, 7, 1)),
    period_net=Decimal("300.00"),
    billed=Decimal("300.00"),
    credited=Decimal(0),
    next_billing_date=date(2026, 7, 1),
    period_id=UUID(int=4),
    period_payer_id=PAYER,
)
CUT = date(2026, 6, 19)
STUB = replace(
    JUNE,
    period=Period(CUT, date(2026, 7, 15)),
    period_net=Decimal("260.00"),
    billed=Decimal(0),
    period_payer_id=PARENT,
)
"""The same subscription after a cut, in the unbilled rest of its period, which its parent pays for."""


def single(billing_day: int) -> Arrangement:
    return Arrangement(PARENT, ConsolidationMode.SINGLE_INVOICE, billing_day)


def cut(subscription: Subscription, today: date = CUT, after: Arrangement = OTHER) -> Cut:
    """Return the only cut of an active subscription."""
    (made,) = cuts([subscription], OWN, after, today)
    return made
