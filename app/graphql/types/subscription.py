"""The type CustomerSubscription; a schema keeps the name Subscription for its root operation."""

from datetime import date
from decimal import Decimal

import strawberry

from app.graphql.types.enums import BillingDirection, SubscriptionStatus


@strawberry.type(description="A subscription of a customer: what is billed again and again.")
class CustomerSubscription:
    """How a subscription's row is shown."""

    id: strawberry.ID = strawberry.field(description="The subscription's unique identifier, a UUID.")
    name: str = strawberry.field(description="What is subscribed to.")
    status: SubscriptionStatus = strawberry.field(description="Where the subscription is in its life.")
    billing_direction: BillingDirection = strawberry.field(
        description="Whether a period is billed at its start or at its end."
    )
    currency: str = strawberry.field(description="The currency of its amounts, three letters (ISO 4217).")
    net_amount: Decimal = strawberry.field(description="The price of a full period without VAT, in major units.")
    interval_months: int = strawberry.field(description="The length of a full period, in months.")
    started_on: date = strawberry.field(description="The day the subscription began or will begin.")
    ends_on: date | None = strawberry.field(
        description="The day from which the subscription no longer runs; null while no end is known."
    )
    current_period_start: date = strawberry.field(description="The first day of the current period.")
    current_period_end: date = strawberry.field(
        description="The day after the current period's last day: the first of the next one."
    )
    next_billing_date: date | None = strawberry.field(
        description="The day of the next invoice; null where none will come."
    )
