"""The type CustomerSubscription; a schema keeps the name Subscription for its root operation."""

from collections.abc import Awaitable
from datetime import date
from decimal import Decimal

import strawberry

from app.db import graph
from app.db.rows import CustomerRow, SubscriptionPeriodRow, SubscriptionRow
from app.graphql.context import Info
from app.graphql.field_arguments import read_list
from app.graphql.permissions import READS
from app.graphql.planning.reading import DEFAULT_LIST
from app.graphql.types.customer_connection import LazyCustomer
from app.graphql.types.enums import BillingDirection, SubscriptionStatus
from app.graphql.types.node import Node, keys_of
from app.graphql.types.paging import ListFirst


@strawberry.type(
    description="A subscription of a customer: what is billed again and again.", directives=keys_of(graph.subscription)
)
class CustomerSubscription(Node):
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

    @strawberry.field(
        description="Its periods, the latest first; a change of who pays cuts one and begins another. Needs customers-read.",
        graphql_type=list["SubscriptionPeriod"],
        extensions=READS,
    )
    @staticmethod
    def periods(
        subscription: strawberry.Parent[SubscriptionRow], info: Info, first: ListFirst = DEFAULT_LIST
    ) -> Awaitable[list[SubscriptionPeriodRow]]:
        """The edge graph.subscription_periods."""
        return info.context.loaders.periods(graph.subscription_periods, read_list(first=first)).load(subscription.id)


@strawberry.type(
    description="A span of days that a subscription is billed for, and what was billed for it. Past ones stay.",
    directives=keys_of(graph.subscription_period),
)
class SubscriptionPeriod(Node):
    """How a period's row is shown."""

    id: strawberry.ID = strawberry.field(description="The period's unique identifier, a UUID.")
    subscription_id: strawberry.ID = strawberry.field(description="The id of its subscription.")
    sequence: int = strawberry.field(description="Its place among the subscription's periods, from 1.")
    starts_on: date = strawberry.field(description="Its first day.")
    ends_on: date = strawberry.field(description="The day after its last day, as it was planned.")
    cut_on: date | None = strawberry.field(
        description="The day from which it no longer counts, because who pays was changed; null if it was not cut."
    )
    net_amount: Decimal = strawberry.field(description="Its price without VAT, in major units.")
    billed_amount: Decimal = strawberry.field(description="What was invoiced for it, in major units.")
    credited_amount: Decimal = strawberry.field(description="What was credited of that, in major units.")

    @strawberry.field(
        description="The customer that pays for it. Needs customers-read.", graphql_type=LazyCustomer, extensions=READS
    )
    @staticmethod
    def payer(period: strawberry.Parent[SubscriptionPeriodRow], info: Info) -> Awaitable[CustomerRow | None]:
        """The edge graph.period_payer; a foreign key holds that it exists."""
        return info.context.loaders.customer().load(period.payer_customer_id)

    @strawberry.field(
        description="Its subscription, as it is now. Needs customers-read.",
        graphql_type=CustomerSubscription,
        extensions=READS,
    )
    @staticmethod
    def subscription(period: strawberry.Parent[SubscriptionPeriodRow], info: Info) -> Awaitable[SubscriptionRow | None]:
        """The edge graph.period_subscription; a foreign key holds that it exists."""
        return info.context.loaders.subscription().load(period.subscription_id)
