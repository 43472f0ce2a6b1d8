"""Billing arrangements (who pays, and how invoices are grouped), and which subscriptions a change must acknowledge."""

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
"""Statuses of subscriptions that a change of payer cuts and that callers must acknowledge."""
MOST_ACKNOWLEDGED = 5_000
"""Maximum number of subscriptions that one change can acknowledge."""
ENDED = frozenset({SubscriptionStatus.CANCELLED, SubscriptionStatus.EXPIRED})
"""Final statuses."""


class BillingDocumentKind(StrEnum):
    """The kind of a billing document."""

    CREDIT_NOTE = "CREDIT_NOTE"
    INVOICE = "INVOICE"


class AcknowledgementProblem(StrEnum):
    """A problem with the list of acknowledged subscriptions."""

    REQUIRED = "SUBSCRIPTION_TRANSITIONS_REQUIRED"
    INCOMPLETE = "SUBSCRIPTION_TRANSITIONS_INCOMPLETE"
    UNKNOWN = "SUBSCRIPTION_TRANSITIONS_UNKNOWN"
    NOT_ACTIVE = "SUBSCRIPTION_TRANSITIONS_NOT_ACTIVE"
    DUPLICATE = "SUBSCRIPTION_TRANSITIONS_DUPLICATE"
    NOT_ALLOWED = "SUBSCRIPTION_TRANSITIONS_NOT_ALLOWED"


@dataclass(frozen=True, slots=True)
class Party:
    """The attributes of a customer that billing depends on."""

    id: UUID
    parent_id: UUID | None
    relationship: BillingRelationship
    mode: ConsolidationMode | None
    billing_day: int | None


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Who pays for a customer's subscriptions, and how its invoices are grouped."""

    payer_id: UUID
    mode: ConsolidationMode
    billing_day: int | None
    """Day of the consolidated invoice; None unless the payer has a single invoice."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription and its current period, as cuts read them."""

    id: UUID
    customer_id: UUID
    name: str
    status: SubscriptionStatus
    direction: BillingDirection
    currency: str
    net_amount: Decimal
    """Price of a full period."""
    interval_months: int
    anchor_day: int
    ends_on: date | None
    period: Period
    period_net: Decimal
    """Price of the current period; less than net_amount for a stub period."""
    billed: Decimal
    credited: Decimal
    next_billing_date: date | None
    period_id: UUID | None
    """Id of the current period's row; None if there is no row, in which case the billed amount is unknown."""
    period_payer_id: UUID | None
    """Payer of the current period's row."""


def arrangement(customer: Party, parent: Party | None) -> Arrangement:
    """Return the arrangement of a customer. A parent without a mode invoices each child."""
    if customer.relationship is BillingRelationship.PARENT_PAYS and parent is not None:
        return _arrangement_under(parent)
    return _arrangement_under(customer)


def _arrangement_under(payer: Party) -> Arrangement:
    mode = payer.mode or ConsolidationMode.PER_CHILD_INVOICE
    single = mode is ConsolidationMode.SINGLE_INVOICE
    return Arrangement(payer.id, mode, payer.billing_day if single else None)


def is_triggered(before: Party, after: Party) -> bool:
    """Return whether callers must acknowledge the active subscriptions of this change."""
    return (before.parent_id, before.relationship, before.mode) != (after.parent_id, after.relationship, after.mode)


def check_acknowledgement(
    acknowledged: Sequence[UUID] | None, own: Mapping[UUID, SubscriptionStatus], *, triggered: bool
) -> dict[AcknowledgementProblem, list[UUID]]:
    """Return all problems of an acknowledgement, each with the ids of the subscriptions concerned.

    `own` maps all subscriptions of the customer to their status. An empty result means that the list names exactly the
    active subscriptions, or that no list is needed and none was given.
    """
    named = list(acknowledged or ())
    active = sorted(id_ for id_, status in own.items() if status in ACTIVE)
    if not (triggered and active):
        return {AcknowledgementProblem.NOT_ALLOWED: named} if named else {}
    if not named:
        return {AcknowledgementProblem.REQUIRED: active}
    times = Counter(named)
    found = {
        AcknowledgementProblem.INCOMPLETE: [id_ for id_ in active if id_ not in times],
        AcknowledgementProblem.UNKNOWN: [id_ for id_ in times if id_ not in own],
        AcknowledgementProblem.NOT_ACTIVE: [id_ for id_ in times if id_ in own and own[id_] not in ACTIVE],
        AcknowledgementProblem.DUPLICATE: [id_ for id_, count in times.items() if count > 1],
    }
    return {problem: ids for problem, ids in found.items() if ids}
