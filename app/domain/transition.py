"""A whole transition: what a change of payer cuts for a customer and its children, and the documents it makes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.domain.billing import (
    ACTIVE,
    ENDED,
    AcknowledgementFault,
    Arrangement,
    Cut,
    DocumentKind,
    Subscription,
    acknowledgement_faults,
    arrangement,
    cuts,
    is_triggered,
)
from app.domain.customer_rules import Record
from app.domain.errors import ErrorCode, Fault, SubscriptionsFault

_PATH = ("input", "subscriptionTransitions")
_MESSAGES = {
    AcknowledgementFault.REQUIRED: "must name every active subscription: the change moves them.",
    AcknowledgementFault.INCOMPLETE: "must name every active subscription; some are missing.",
    AcknowledgementFault.UNKNOWN: "names ids that are no subscriptions of this customer.",
    AcknowledgementFault.NOT_ACTIVE: "names subscriptions that are not active; leave them out.",
    AcknowledgementFault.DUPLICATE: "names subscriptions more than once.",
    AcknowledgementFault.NOT_ALLOWED: "must be left out: this change moves no active subscription.",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A credit note or an invoice that a transition makes, one per kind, payer, customer and currency."""

    kind: DocumentKind
    payer_id: UUID
    customer_id: UUID
    currency: str
    cuts: tuple[Cut, ...]
    """Each has a line."""

    @property
    def total(self) -> Decimal:
        """The sum of the lines."""
        return sum((cut.line.amount for cut in self.cuts if cut.line is not None), Decimal(0))


@dataclass(frozen=True, slots=True)
class PayerTotal:
    """What one payer is credited and invoiced in all, in one currency."""

    payer_id: UUID
    currency: str
    credited: Decimal
    invoiced: Decimal


@dataclass(frozen=True, slots=True)
class Transition:
    """What a change would do to billing."""

    customer_id: UUID
    effective_on: date
    before: Arrangement
    after: Arrangement
    cuts: tuple[Cut, ...]
    """Those of the customer and of the children that it pays for, by subscription id."""
    arrangements_after: Mapping[UUID, Arrangement]
    """The arrangement of every customer with a cut or a moved subscription."""
    moved: tuple[Subscription, ...]
    """Subscriptions that are not active and move along without a cut."""
    to_acknowledge: tuple[UUID, ...]
    """The customer's own active subscriptions."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents, in a stable order."""
        grouped: dict[tuple[DocumentKind, UUID, UUID, str], list[Cut]] = {}
        for cut in self.cuts:
            if cut.line is not None:
                key = (cut.line.kind, cut.line.payer_id, cut.subscription.customer_id, cut.subscription.currency)
                grouped.setdefault(key, []).append(cut)
        return tuple(Document(*key, tuple(grouped[key])) for key in sorted(grouped))

    @property
    def totals(self) -> tuple[PayerTotal, ...]:
        """The totals per payer and currency, in a stable order."""
        documents = self.documents
        payers = sorted({(document.payer_id, document.currency) for document in documents})

        def total(kind: DocumentKind, payer: tuple[UUID, str]) -> Decimal:
            its = (each for each in documents if each.kind is kind and (each.payer_id, each.currency) == payer)
            return sum((each.total for each in its), Decimal(0))

        return tuple(
            PayerTotal(*payer, total(DocumentKind.CREDIT_NOTE, payer), total(DocumentKind.INVOICE, payer))
            for payer in payers
        )


def plan(
    before: Record,
    after: Record,
    parents: Mapping[UUID, Record],
    children: Sequence[Record],
    subscriptions: Iterable[Subscription],
    today: date,
) -> Transition | None:
    """The transition that a change makes; None for a change that moves nothing.

    `parents` holds the parent before and the one after; `subscriptions` are those of the customer and of its children.
    """
    if not is_triggered(before.party, after.party):
        return None
    by_customer: dict[UUID, list[Subscription]] = {}
    for subscription in subscriptions:
        by_customer.setdefault(subscription.customer_id, []).append(subscription)
    own = by_customer.get(before.id, [])
    moves = [(before.id, _under(before, parents), _under(after, parents))]
    moves += [
        (child.id, arrangement(child.party, before.party), arrangement(child.party, after.party))
        for child in children
        if child.is_paid_for
    ]
    made = [cut for id_, old, new in moves for cut in cuts(by_customer.get(id_, []), old, new, today)]
    moved = [
        each
        for id_, old, new in moves
        if old != new
        for each in by_customer.get(id_, [])
        if each.status not in ACTIVE | ENDED
    ]
    active = sorted(each.id for each in own if each.status in ACTIVE)
    if not (active or made or moved):
        return None
    return Transition(
        before.id,
        today,
        moves[0][1],
        moves[0][2],
        tuple(sorted(made, key=lambda cut: cut.subscription.id)),
        {id_: new for id_, _, new in moves},
        tuple(sorted(moved, key=lambda each: each.id)),
        tuple(active),
    )


def acknowledgement_refusals(
    transition: Transition | None, acknowledged: Sequence[UUID] | None, own: Iterable[Subscription]
) -> list[Fault]:
    """What is wrong with an acknowledgement, as refusals; `own` are all subscriptions of the customer."""
    statuses = {each.id: each.status for each in own}
    found = acknowledgement_faults(acknowledged, statuses, triggered=transition is not None)
    return [SubscriptionsFault(ErrorCode(fault), _PATH, _MESSAGES[fault], tuple(ids)) for fault, ids in found.items()]


def _under(customer: Record, parents: Mapping[UUID, Record]) -> Arrangement:
    parent = None if customer.parent_id is None else parents.get(customer.parent_id)
    return arrangement(customer.party, None if parent is None else parent.party)
