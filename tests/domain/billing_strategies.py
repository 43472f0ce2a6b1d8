"""What billing may meet: subscriptions, arrangements and days, drawn by Hypothesis."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from app.domain.billing import Arrangement, Subscription
from app.domain.calendar import Period
from app.domain.customers import ConsolidationMode
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

PAYER = UUID(int=1)
MINOR_DIGITS = {"DKK": 2, "JPY": 0, "BHD": 3}

days = st.dates(date(2020, 1, 1), date(2032, 12, 31))
ids = st.uuids(version=4)
statuses = st.sampled_from(SubscriptionStatus)


@st.composite
def amounts(draw: st.DrawFn, currency: str, most: Decimal = Decimal(100_000)) -> Decimal:
    """An amount with the decimals that its currency has."""
    unit = Decimal(1).scaleb(-MINOR_DIGITS[currency])
    return draw(st.integers(0, int(most / unit))) * unit


@st.composite
def subscriptions(draw: st.DrawFn, id_: UUID | None = None) -> Subscription:
    """A subscription whose period was billed in full, in part or not at all, and credited no more than that."""
    start, currency = draw(days), draw(st.sampled_from(sorted(MINOR_DIGITS)))
    net, billed = draw(amounts(currency)), draw(amounts(currency))
    return Subscription(
        id=id_ or draw(ids),
        customer_id=draw(ids),
        name="Subscription",
        status=draw(statuses),
        direction=draw(st.sampled_from(BillingDirection)),
        currency=currency,
        net_amount=net,
        interval_months=draw(st.integers(1, 120)),
        anchor_day=draw(st.integers(1, 31)),
        ends_on=draw(st.none() | days),
        period=Period(start, start + timedelta(days=draw(st.integers(1, 3_700)))),
        period_net=net,
        billed=billed,
        credited=draw(amounts(currency, billed)),
        next_billing_date=draw(st.none() | days),
        period_id=UUID(int=4),
        period_payer_id=PAYER,
    )


@st.composite
def arrangements(draw: st.DrawFn) -> Arrangement:
    """Any payer and mode; a billing day where invoices are consolidated."""
    mode = draw(st.sampled_from(ConsolidationMode))
    single = mode is ConsolidationMode.SINGLE_INVOICE
    return Arrangement(draw(ids), mode, draw(st.integers(1, 28)) if single else None)


@st.composite
def moments_of(draw: st.DrawFn, subscription: Subscription) -> date:
    """A day in a subscription's period, at its edges, or somewhat outside of it."""
    period = subscription.period
    return draw(
        st.sampled_from([period.start, period.end])
        | st.dates(period.start - timedelta(days=40), period.end + timedelta(days=40))
    )
