"""What billing knows of customers and subscriptions: who pays, under which arrangement, and what must be acknowledged."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from app.domain.calendar import Period
from app.domain.customers import BillingRelationship, ConsolidationMode
from app.domain.subscriptions import BillingDirection, SubscriptionStatus

ACTIVE = frozenset({SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING_CANCELLATION})
"""Statuses that a change of payer cuts, and that must be acknowledged."""
MOST_ACKNOWLEDGED = 5_000
"""Maximum number of subscriptions that one change acknowledges."""
ENDED = frozenset({SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED})
"""Statuses that never move."""


class DocumentKind(StrEnum):
    """The kind of a billing document."""

    CREDIT_NOTE = "CREDIT_NOTE"
    INVOICE = "INVOICE"


class AcknowledgementProblem(StrEnum):
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
    period_id: UUID | None
    """The record of the current period; None where there is none, in which case nobody here knows what was billed."""
    period_payer_id: UUID | None
    """The payer on that record."""


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


def check_acknowledgement(
    acknowledged: Sequence[UUID] | None, own: Mapping[UUID, SubscriptionStatus], *, triggered: bool
) -> dict[AcknowledgementProblem, list[UUID]]:
    """Everything that is wrong with an acknowledgement, each problem with the ids it is about.

    `own` are all subscriptions of the customer. No problem means: the list names exactly the active ones, or none is needed.
    """
    named = list(acknowledged or ())
    active = sorted(each for each, status in own.items() if status in ACTIVE)
    if not (triggered and active):
        return {AcknowledgementProblem.NOT_ALLOWED: named} if named else {}
    if not named:
        return {AcknowledgementProblem.REQUIRED: active}
    times = Counter(named)
    found = {
        AcknowledgementProblem.INCOMPLETE: [each for each in active if each not in times],
        AcknowledgementProblem.UNKNOWN: [each for each in times if each not in own],
        AcknowledgementProblem.NOT_ACTIVE: [each for each in times if each in own and own[each] not in ACTIVE],
        AcknowledgementProblem.DUPLICATE: [each for each, count in times.items() if count > 1],
    }
    return {problem: ids for problem, ids in found.items() if ids}
