"""The type CustomerSubscription. The name Subscription is that of GraphQL's root type."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import strawberry

from app.db import graph
from app.graphql.types.customer_connection import LazyCustomer
from app.graphql.types.edges import edge_connection, edge_list, edge_to_one
from app.graphql.types.enums import BillingDirection, SubscriptionStatus
from app.graphql.types.history import Change
from app.graphql.types.node import Node, keys_of

LazyPeriod = Annotated["SubscriptionPeriod", strawberry.lazy("app.graphql.types.subscription")]


@strawberry.type(
    description="A subscription of a customer, billed for each period.", directives=keys_of(graph.subscription)
)
class CustomerSubscription(Node):
    """A subscription, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The subscription's id, a UUID.")
    name: str = strawberry.field(description="The name of the product or service.")
    status: SubscriptionStatus = strawberry.field(description="The status of the subscription.")
    billing_direction: BillingDirection = strawberry.field(
        description="Whether a period is billed at its start or at its end."
    )
    currency: str = strawberry.field(description="The currency of its amounts, three letters (ISO 4217).")
    net_amount: Decimal = strawberry.field(description="The price of a full period without VAT, in major units.")
    interval_months: int = strawberry.field(description="The length of a full period, in months.")
    started_on: date = strawberry.field(description="The day the subscription began or will begin.")
    ends_on: date | None = strawberry.field(
        description="The first day on which the subscription no longer runs; null if it has no end."
    )
    current_period_start: date = strawberry.field(description="The first day of the current period.")
    current_period_end: date = strawberry.field(description="The day after the last day of the current period.")
    next_billing_date: date | None = strawberry.field(
        description="The day of the next invoice; null if there will be none."
    )
    external_system_id: str | None = strawberry.field(
        description="Its id in the billing system, unique among the company's subscriptions; null if it has none."
    )
    anchor_day: int = strawberry.field(
        description="The day of the month on which periods begin, 1 to 31; in shorter months, the last day."
    )
    trial_ends_on: date | None = strawberry.field(
        description="The first day after the trial; null if there was no trial."
    )
    version: int = strawberry.field(
        description="The number of the subscription's latest change, from 1; see `expectedVersion` of"
        " upsertSubscriptions."
    )
    customer = edge_to_one(graph.subscription_customer, LazyCustomer, "The customer that it belongs to.")
    periods = edge_list(
        graph.subscription_periods,
        LazyPeriod,
        "Its periods, the latest first. A change of the payer cuts a period and begins another one.",
    )
    periods_connection = edge_connection(graph.subscription_periods, LazyPeriod)
    history = edge_connection(
        graph.subscription_history,
        Change,
        "Its changes, the newest first: actor, time and fields, named as in `upsertSubscriptions`. `currentPeriod`"
        " is an object, and also has `payerCustomerId` and `cutOn`.",
    )


@strawberry.type(
    description="A span of days for which a subscription is billed, with the billed amounts. Past periods are kept.",
    directives=keys_of(graph.subscription_period),
)
class SubscriptionPeriod(Node):
    """A period of a subscription, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The period's id, a UUID.")
    subscription_id: strawberry.ID = strawberry.field(description="The id of its subscription.")
    sequence: int = strawberry.field(description="The period's number within the subscription, from 1.")
    starts_on: date = strawberry.field(description="Its first day.")
    ends_on: date = strawberry.field(description="The day after its planned last day.")
    cut_on: date | None = strawberry.field(
        description="The first day on which the period no longer applies because the payer was changed; null if it was"
        " not cut."
    )
    net_amount: Decimal = strawberry.field(description="Its price without VAT, in major units.")
    billed_amount: Decimal = strawberry.field(description="The amount invoiced for it, in major units.")
    credited_amount: Decimal = strawberry.field(
        description="The part of the invoiced amount that was credited, in major units."
    )
    billed_on: date | None = strawberry.field(
        description="The day of the billing system's invoice for it; null if it sent none."
        " Invoices of transitions are in `BillingTransition.documents`."
    )
    payer = edge_to_one(graph.period_payer, LazyCustomer, "The customer that pays for it.")
    subscription = edge_to_one(
        graph.period_subscription, CustomerSubscription, "Its subscription, in its current state."
    )
