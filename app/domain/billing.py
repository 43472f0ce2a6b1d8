"""The transition: who pays under which arrangement, what changing it cuts, and whether that was acknowledged."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from app.domain.calendar import Period, months_later, next_billing_day
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.money import rounded
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

ACTIVE = frozenset({SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING_CANCELLATION})
"""Statuses that a change of payer cuts, and that must be acknowledged."""
ENDED = frozenset({SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED})
"""Statuses that never move."""


class DocumentKind(StrEnum):
    """What a cut makes."""

    CREDIT_NOTE = "CREDIT_NOTE"
    INVOICE = "INVOICE"


class AcknowledgementFault(StrEnum):
    """What can be wrong with the list of acknowledged subscriptions."""

    REQUIRED = "SUBSCRIPTION_TRANSITIONS_REQUIRED"
    INCOMPLETE = "SUBSCRIPTION_TRANSITIONS_INCOMPLETE"
    UNKNOWN = "SUBSCRIPTION_TRANSITIONS_UNKNOWN"
    NOT_ACTIVE = "SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE"
    DUPLICATE = "SUBSCRIPTION_TRANSITIONS_DUPLICATE"
    NOT_ALLOWED = "SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED"


@dataclass(frozen=True, slots=True)
class Party:
    """What billing reads of a customer."""

    id: UUID
    parent_id: UUID | None
    relationship: BillingRelationship
    mode: ConsolidationMode | None
    billing_day: int | None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who pays for a customer's subscriptions, and how its invoices are put together."""

    payer_id: UUID
    mode: ConsolidationMode
    billing_day: int | None
    """The day of the consolidated invoice; None unless the payer is a parent with a single invoice."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a cut reads of a subscription and its current period."""

    id: UUID
    customer_id: UUID
    name: str
    status: SubscriptionStatus
    direction: BillingDirection
    currency: str
    net_amount: Decimal
    """The price of a full period."""
    interval_months: int
    anchor_day: int
    ends_on: date | None
    period: Period
    period_net: Decimal
    """The price of the current period: less than net_amount for a stub."""
    billed: Decimal
    credited: Decimal
    next_billing_date: date | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document: a subscription's days that are credited or invoiced."""

    kind: DocumentKind
    payer_id: UUID
    period: Period
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Cut:
    """What happens to one subscription: its period ends at the cut, the document for it, the period that follows."""

    subscription: Subscription
    line: Line | None
    following: Period
    following_net: Decimal
    anchor_day: int
    next_billing_date: date | None


def arrangement(customer: Party, parent: Party | None) -> Arrangement:
    """The arrangement of a customer; a parent without a mode invoices each child."""
    if customer.relationship is BillingRelationship.PARENT_PAYS and parent is not None:
        return _arrangement_under(parent)
    return _arrangement_under(customer)


def _arrangement_under(payer: Party) -> Arrangement:
    mode = payer.mode or ConsolidationMode.PER_CHILD_INVOICE
    single = mode is ConsolidationMode.SINGLE_INVOICE
    return Arrangement(payer.id, mode, payer.billing_day if single else None)


def is_triggered(before: Party, after: Party) -> bool:
    """Whether a change is one that active subscriptions must be acknowledged for."""
    return (before.parent_id, before.relationship, before.mode) != (after.parent_id, after.relationship, after.mode)


def acknowledgement_faults(
    acknowledged: Sequence[UUID] | None, own: Mapping[UUID, SubscriptionStatus], *, triggered: bool
) -> dict[AcknowledgementFault, list[UUID]]:
    """Everything that is wrong with an acknowledgement, each fault with the ids it is about.

    `own` are all subscriptions of the customer. No fault means: the list names exactly the active ones, or none is needed.
    """
    named = list(acknowledged or ())
    active = sorted(each for each, status in own.items() if status in ACTIVE)
    if not (triggered and active):
        return {AcknowledgementFault.NOT_ALLOWED: named} if named else {}
    if not named:
        return {AcknowledgementFault.REQUIRED: active}
    once = list(dict.fromkeys(named))
    found = {
        AcknowledgementFault.INCOMPLETE: [each for each in active if each not in set(named)],
        AcknowledgementFault.UNKNOWN: [each for each in once if each not in own],
        AcknowledgementFault.NOT_ACTIVE: [each for each in once if each in own and own[each] not in ACTIVE],
        AcknowledgementFault.DUPLICATE: [each for each, times in Counter(named).items() if times > 1],
    }
    return {fault: ids for fault, ids in found.items() if ids}


def cuts(subscriptions: Iterable[Subscription], before: Arrangement, after: Arrangement, today: date) -> list[Cut]:
    """The clean cuts of a customer's active subscriptions, by subscription id; none where the arrangement stays the same."""
    if before == after:
        return []
    active = (each for each in subscriptions if each.status in ACTIVE)
    return [_cut(each, before, after, today) for each in sorted(active, key=lambda each: each.id)]


def _cut(subscription: Subscription, before: Arrangement, after: Arrangement, today: date) -> Cut:
    line = _line(subscription, before.payer_id, today)
    if subscription.status is SubscriptionStatus.TRIAL and subscription.period.end > today:
        # A trial is promised until its end, and for nothing: only its payer changes.
        rest = Period(today, subscription.period.end)
        return Cut(subscription, line, rest, Decimal(0), subscription.anchor_day, subscription.next_billing_date)
    if after.billing_day is not None:
        regular, anchor = Period(today, next_billing_day(today, after.billing_day)), after.billing_day
    else:
        regular, anchor = Period(today, months_later(today, subscription.interval_months, today.day)), today.day
    if subscription.ends_on is not None and subscription.ends_on <= today:
        # It has ended and only waits to be closed: nobody pays for days that do not run.
        return Cut(subscription, line, regular, Decimal(0), anchor, None)
    following = _until_its_end(subscription, regular)
    # A consolidated invoice comes on the billing day, whichever way its subscriptions are billed.
    if after.billing_day is not None:
        billed_on = regular.end
    else:
        billed_on = following.start if subscription.direction is BillingDirection.ADVANCE else following.end
    return Cut(subscription, line, following, _price(subscription, following, regular.end, anchor), anchor, billed_on)


def _until_its_end(subscription: Subscription, period: Period) -> Period:
    """A period, shortened to the day from which a canceled subscription no longer runs."""
    ends_on = subscription.ends_on
    return period if ends_on is None else Period(period.start, min(ends_on, period.end))


def _line(subscription: Subscription, payer_id: UUID, today: date) -> Line | None:
    """Credit what was billed for the days that remain, or invoice the days that have passed; to the payer before the change."""
    if subscription.status is SubscriptionStatus.TRIAL:
        return None
    period = subscription.period
    at = min(max(today, period.start), period.end)
    if subscription.direction is BillingDirection.ADVANCE:
        kind, span, base = DocumentKind.CREDIT_NOTE, Period(at, period.end), subscription.billed
    else:
        kind, span, base = DocumentKind.INVOICE, Period(period.start, at), subscription.period_net
    amount = rounded(Fraction(base) * span.days / period.days, subscription.currency)
    if kind is DocumentKind.CREDIT_NOTE:
        amount = min(amount, subscription.billed - subscription.credited)
    return Line(kind, payer_id, span, amount) if span.days > 0 and amount > 0 else None


def _price(subscription: Subscription, following: Period, regular_end: date, anchor_day: int) -> Decimal:
    """A full period's price, or for a stub its share of the full period that would end on the regular day."""
    full = Period(months_later(regular_end, -subscription.interval_months, anchor_day), regular_end)
    if following == full:
        return subscription.net_amount
    return rounded(Fraction(subscription.net_amount) * following.days / full.days, subscription.currency)
