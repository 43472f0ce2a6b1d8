"""The input of upsertSubscriptions: subscriptions as the billing system has them, and how the list is carried out."""

from datetime import date
from decimal import Decimal

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import FIELD_CODES, IDEMPOTENCY_KEY
from app.graphql.types.enums import BillingDirection, RejectionPolicy, SubscriptionStatus
from app.graphql.types.lookups import CustomerLookup

_AMOUNT = " In major units, without VAT: at least 0, at most 2 decimals and 13 digits before the point."
_DATE = " SUBSCRIPTION_INCONSISTENT if the dates, the status and the period contradict each other."
_NEW = " FIELD_REQUIRED for a new subscription."


@strawberry.input(
    description="The current period of a subscription. The stored period that starts on the same day is changed, a field"
    " that is left out staying as it is; a period that starts when the stored one is over follows it, and the stored one"
    " stays as history, with its payer. The next period's payer is who pays for the customer now. Any other start is"
    " SUBSCRIPTION_PERIOD_CONFLICT, or SUBSCRIPTION_MOVED where a transition has begun another period. A"
    " subscription that is SCHEDULED or AWAITING_PAYMENT and not billed may move its period." + FIELD_CODES
)
class CurrentPeriodInput:
    """A period as the system that bills has it."""

    starts_on: Maybe[date | None] = strawberry.field(description="Its first day. Always FIELD_REQUIRED.")
    ends_on: Maybe[date | None] = strawberry.field(
        description="The day after its last day. Always FIELD_REQUIRED." + _DATE
    )
    net_amount: Maybe[Decimal | None] = strawberry.field(
        description="Its price; 0 for a trial." + _AMOUNT + " FIELD_REQUIRED for a period that is new."
    )
    billed_amount: Maybe[Decimal | None] = strawberry.field(
        description="What was invoiced for it, in all; 0 for a new period that doesn't say." + _AMOUNT
    )
    credited_amount: Maybe[Decimal | None] = strawberry.field(
        description="What was credited of that, at most what was billed; 0 for a new period that doesn't say." + _AMOUNT
    )
    billed_on: Maybe[date | None] = strawberry.field(description="The day of the invoice; null for none.")


@strawberry.input(
    description="A subscription as the system that bills has it. `id` or else `externalSystemId` is the key, FIELD_REQUIRED"
    " where both are missing. The subscription that has it is changed, a field that is left out staying as it is; if none has"
    " the `externalSystemId`, one is made. Paths of errors begin with `input`, `rows` and the row's place, from 0."
    + FIELD_CODES
)
class UpsertSubscriptionRow:
    """One row of upsertSubscriptions."""

    id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The subscription's id, for one that has no `externalSystemId` yet or is to get another one."
        " SUBSCRIPTION_NOT_FOUND if the company has none with it."
    )
    external_system_id: Maybe[str | None] = strawberry.field(
        description="Its identifier in the system that bills: at most 255 visible characters, trimmed, case-sensitive;"
        " EXTERNAL_SYSTEM_ID_ALREADY_EXISTS if another subscription has it. With `id`, null removes it."
    )
    customer: Maybe[CustomerLookup | None] = strawberry.field(
        description="Its customer, by exactly one key. CUSTOMER_NOT_FOUND if the company has none with it;"
        " SUBSCRIPTION_FIELD_FIXED if the stored subscription has another one." + _NEW
    )
    name: Maybe[str | None] = strawberry.field(description="What is subscribed to, 1 to 255 characters." + _NEW)
    status: Maybe[SubscriptionStatus | None] = strawberry.field(
        description="Where it is in its life. PENDING_CANCELLATION, CANCELLED and EXPIRED need `endsOn`, TRIAL needs"
        " `trialEndsOn`." + _DATE + _NEW
    )
    billing_direction: Maybe[BillingDirection | None] = strawberry.field(
        description="Whether a period is billed at its start or at its end; ADVANCE for a new subscription that doesn't say."
    )
    currency: Maybe[str | None] = strawberry.field(
        description="The currency of its amounts, three letters (ISO 4217). SUBSCRIPTION_FIELD_FIXED if the stored one is"
        " another; PARENT_CURRENCY_MISMATCH under a parent that pays with a single invoice in another currency." + _NEW
    )
    net_amount: Maybe[Decimal | None] = strawberry.field(description="The price of a full period." + _AMOUNT + _NEW)
    interval_months: Maybe[int | None] = strawberry.field(
        description="The length of a full period in months, 1 to 120; 1 for a new subscription that doesn't say."
    )
    anchor_day: Maybe[int | None] = strawberry.field(
        description="The day of the month that periods begin on, 1 to 31; a shorter month ends earlier." + _NEW
    )
    started_on: Maybe[date | None] = strawberry.field(
        description="The day it began or will begin, not after its period." + _DATE + _NEW
    )
    ends_on: Maybe[date | None] = strawberry.field(
        description="The day from which it no longer runs; null while no end is known." + _DATE
    )
    trial_ends_on: Maybe[date | None] = strawberry.field(
        description="The day from which its trial is over: where the period of a TRIAL ends; null for none." + _DATE
    )
    current_period: Maybe[CurrentPeriodInput | None] = strawberry.field(
        description="Its current period, and what was billed for it." + _NEW
    )
    next_billing_date: Maybe[date | None] = strawberry.field(
        description="The day of the next invoice; null where none will come, as for one that is CANCELLED or EXPIRED."
        + _DATE
    )
    expected_version: Maybe[int | None] = strawberry.field(
        description="Only if this is still the version: otherwise VERSION_CONFLICT, or SUBSCRIPTION_MOVED where a transition"
        " or a new billing day came after it. Once one of these has moved the subscription, a row that changes it needs this"
        " until the next period has been sent."
    )


@strawberry.input(description="Subscriptions to mirror from the system that bills.")
class UpsertSubscriptionsInput:
    """What upsertSubscriptions takes."""

    rows: list[UpsertSubscriptionRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). No two may mean the same subscription: all that do"
        " are rejected with FIELD_CONFLICT."
    )
    on_refusal: RejectionPolicy = strawberry.field(
        default=RejectionPolicy.ALL_OR_NOTHING, description="What a rejected row means for the others."
    )
    dry_run: bool = strawberry.field(
        default=False,
        description="Whether to decide everything and write nothing. A dry run uses up no idempotency key.",
    )
    idempotency_key: Maybe[str | None] = strawberry.field(description=IDEMPOTENCY_KEY)
