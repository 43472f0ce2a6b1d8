"""The input of upsertSubscriptions: subscriptions as the billing system has them, and how the list is carried out."""

from datetime import date
from decimal import Decimal

import strawberry
from strawberry import Maybe

from app.graphql.types.controls import FIELD_CODES, VALUE_CODES, dry_run, idempotency_key, on_refusal
from app.graphql.types.enums import BillingDirection, RejectionPolicy, SubscriptionStatus
from app.graphql.types.lookups import CustomerLookup

_AMOUNT = " In major units, without VAT: at least 0, at most 2 decimals and 13 digits before the point."
_DATE = " SUBSCRIPTION_INCONSISTENT if the dates, the status and the period contradict each other."
_NEW = " FIELD_REQUIRED for a new subscription."


@strawberry.input(
    description="The current period of a subscription. If it starts on the same day as the stored period, that one is"
    " changed, and fields that are left out keep their values. If it starts when the stored period is over, it is"
    " the next one: its payer is who pays for the customer now, and the stored period never changes again. Any other"
    " start is rejected with SUBSCRIPTION_PERIOD_CONFLICT, or with SUBSCRIPTION_MOVED if a transition has begun"
    " another period. The next period can't start after today, and needs a stored period that is billed if it has a"
    " price; a period that is billed keeps its dates and its price (SUBSCRIPTION_PERIOD_CONFLICT). A subscription"
    " that is SCHEDULED or AWAITING_PAYMENT may move its period as long as nothing was billed." + VALUE_CODES
)
class CurrentPeriodInput:
    """A period of a subscription in the billing system."""

    starts_on: Maybe[date | None] = strawberry.field(description="Its first day. Always required (FIELD_REQUIRED).")
    ends_on: Maybe[date | None] = strawberry.field(
        description="The day after its last day. Always required (FIELD_REQUIRED)." + _DATE
    )
    net_amount: Maybe[Decimal | None] = strawberry.field(
        description="Its price; 0 for a trial." + _AMOUNT + " FIELD_REQUIRED for a new period."
    )
    billed_amount: Maybe[Decimal | None] = strawberry.field(
        description="The total invoiced for it, at most `netAmount`. It never falls. Default for a new period: 0."
        + _AMOUNT
    )
    credited_amount: Maybe[Decimal | None] = strawberry.field(
        description="The part of `billedAmount` that was credited. Default for a new period: 0." + _AMOUNT
    )
    billed_on: Maybe[date | None] = strawberry.field(
        description="The day of the invoice, at most today; required with `billedAmount`, null if nothing is billed."
        + _DATE
    )


@strawberry.input(
    description="A subscription of the billing system. The key is `id` or, without one, `externalSystemId`; one of"
    " them is required (FIELD_REQUIRED). If a subscription has the key, it is changed, and fields that are left out"
    " keep their values. If none has the `externalSystemId`, one is created. Paths of errors begin with `input`,"
    " `rows` and the row's index, from 0." + FIELD_CODES
)
class UpsertSubscriptionRow:
    """One row of upsertSubscriptions."""

    id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The subscription's id, to give it its first or another `externalSystemId`."
        " SUBSCRIPTION_NOT_FOUND if it doesn't exist in the company."
    )
    external_system_id: Maybe[str | None] = strawberry.field(
        description="Its id in the billing system: at most 255 visible characters, trimmed, case-sensitive;"
        " EXTERNAL_SYSTEM_ID_ALREADY_EXISTS if another subscription has it. With `id`, null removes it."
    )
    customer: Maybe[CustomerLookup | None] = strawberry.field(
        description="The customer that it belongs to, by one of its keys. CUSTOMER_NOT_FOUND if it doesn't exist in the"
        " company; SUBSCRIPTION_FIELD_FIXED if the stored subscription belongs to another customer." + _NEW
    )
    name: Maybe[str | None] = strawberry.field(
        description="The name of the product or service, 1 to 255 characters." + _NEW
    )
    status: Maybe[SubscriptionStatus | None] = strawberry.field(
        description="The status of the subscription. PENDING_CANCELLATION, CANCELLED and EXPIRED need `endsOn`, TRIAL"
        " needs `trialEndsOn`." + _DATE + _NEW
    )
    billing_direction: Maybe[BillingDirection | None] = strawberry.field(
        description="Whether a period is billed at its start or at its end. Default for a new subscription: ADVANCE."
    )
    currency: Maybe[str | None] = strawberry.field(
        description="The currency of its amounts, three letters (ISO 4217). SUBSCRIPTION_FIELD_FIXED if the stored"
        " subscription has another one; PARENT_CURRENCY_MISMATCH under a parent that pays with a single invoice in"
        " another currency." + _NEW
    )
    net_amount: Maybe[Decimal | None] = strawberry.field(description="The price of a full period." + _AMOUNT + _NEW)
    interval_months: Maybe[int | None] = strawberry.field(
        description="The length of a full period in months, 1 to 120. Default for a new subscription: 1."
    )
    anchor_day: Maybe[int | None] = strawberry.field(
        description="The day of the month on which periods begin, 1 to 31; in shorter months, the last day." + _NEW
    )
    started_on: Maybe[date | None] = strawberry.field(
        description="The day it began or will begin; not after the start of `currentPeriod`." + _DATE + _NEW
    )
    ends_on: Maybe[date | None] = strawberry.field(
        description="The first day on which it no longer runs; null if it has no end." + _DATE
    )
    trial_ends_on: Maybe[date | None] = strawberry.field(
        description="The first day after the trial; the period of a TRIAL ends on it. Null if there is no trial."
        + _DATE
    )
    current_period: Maybe[CurrentPeriodInput | None] = strawberry.field(
        description="Its current period, with the billed amounts." + _NEW
    )
    next_billing_date: Maybe[date | None] = strawberry.field(
        description="The day of the next invoice; null if there will be none. CANCELLED and EXPIRED require null."
        + _DATE
    )
    expected_version: Maybe[int | None] = strawberry.field(
        description="The expected version of the subscription. If it has another one and the row would change it, the"
        " row is rejected with VERSION_CONFLICT, or with SUBSCRIPTION_MOVED if a transition or a new billing day"
        " came after the expected version. After one of these, every row that changes the subscription needs it, up"
        " to and including the one that sends the next period; after a transition, later rows without"
        " `currentPeriod` need it to change `status`, `endsOn`, `anchorDay` or `nextBillingDate`."
    )


@strawberry.input(description="Subscriptions to mirror from the billing system.")
class UpsertSubscriptionsInput:
    """What upsertSubscriptions takes."""

    rows: list[UpsertSubscriptionRow] = strawberry.field(
        description="The rows, 1 to 500 (FIELD_REQUIRED, FIELD_TOO_LONG). Rows for the same subscription are all"
        " rejected with FIELD_CONFLICT."
    )
    on_refusal: RejectionPolicy = on_refusal()
    dry_run: bool = dry_run()
    idempotency_key: Maybe[str | None] = idempotency_key()
