"""A whole transition: what a change of payer cuts for a customer and its children, and the documents it makes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.domain.billing import (
    ACTIVE,
    MOST_ACKNOWLEDGED,
    AcknowledgementProblem,
    Arrangement,
    DocumentKind,
    Subscription,
    arrangement,
    check_acknowledgement,
    is_triggered,
)
from app.domain.calendar import DateOutOfRange
from app.domain.customer_rules import Record
from app.domain.cutting import Cut, Line, cuts
from app.domain.errors import ErrorCode, LimitProblem, Problem, Rejected, SubscriptionsProblem
from app.domain.money import total
from app.domain.moving import Move, moves, reschedulings

_PATH = ("input", "subscriptionTransitions")
_MESSAGES = {
    AcknowledgementProblem.REQUIRED: "must name every active subscription: the change moves them.",
    AcknowledgementProblem.INCOMPLETE: "must name every active subscription; some are missing.",
    AcknowledgementProblem.UNKNOWN: "names ids that are no subscriptions of this customer.",
    AcknowledgementProblem.NOT_ACTIVE: "names subscriptions that are not active; leave them out.",
    AcknowledgementProblem.DUPLICATE: "names subscriptions more than once.",
    AcknowledgementProblem.NOT_ALLOWED: "must be left out: this change moves no active subscription.",
}


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line of a document with the subscription that it is about."""

    subscription: Subscription
    line: Line


@dataclass(frozen=True, slots=True)
class Document:
    """A credit note or an invoice that a transition makes, one per kind, payer, customer and currency."""

    kind: DocumentKind
    payer_id: UUID
    customer_id: UUID
    currency: str
    lines: tuple[DocumentLine, ...]

    @property
    def total(self) -> Decimal:
        """The exact sum of the lines."""
        return total(each.line.amount for each in self.lines)


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
    moves: tuple[Move, ...]
    """Subscriptions that keep their period, by id."""
    to_acknowledge: tuple[UUID, ...]
    """The customer's own active subscriptions; empty if none must be acknowledged."""
    is_triggered: bool = True
    """Whether it is a change of payer or mode; False for a new billing day, which only moves the next billing."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents, in a stable order."""
        grouped: dict[tuple[DocumentKind, UUID, UUID, str], list[DocumentLine]] = {}
        for cut in self.cuts:
            for line in cut.lines:
                key = (line.kind, line.payer_id, cut.subscription.customer_id, cut.subscription.currency)
                grouped.setdefault(key, []).append(DocumentLine(cut.subscription, line))
        return tuple(Document(*key, tuple(grouped[key])) for key in sorted(grouped))

    @property
    def totals(self) -> tuple[PayerTotal, ...]:
        """The totals per payer and currency, in a stable order."""
        documents = self.documents
        payers = sorted({(document.payer_id, document.currency) for document in documents})

        def sum_of(kind: DocumentKind, payer: tuple[UUID, str]) -> Decimal:
            its = (each for each in documents if each.kind is kind and (each.payer_id, each.currency) == payer)
            return total(each.total for each in its)

        return tuple(
            PayerTotal(*payer, sum_of(DocumentKind.CREDIT_NOTE, payer), sum_of(DocumentKind.INVOICE, payer))
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
    """Return the transition that a change makes; None for a change that moves nothing.

    Raise Rejected, with the ids, for subscriptions that would get dates outside the years 1 to 9999. `parents` holds the parent before and the one after; `subscriptions` are those of the customer and of its children.
    """
    by_customer: dict[UUID, list[Subscription]] = {}
    for subscription in subscriptions:
        by_customer.setdefault(subscription.customer_id, []).append(subscription)
    changes = [(before.id, _under(before, parents), _under(after, parents))]
    changes += [
        (child.id, arrangement(child.party, before.party), arrangement(child.party, after.party))
        for child in children
        if child.is_paid_for
    ]
    triggered = is_triggered(before.party, after.party)
    made: list[Cut] = []
    moved: list[Move] = []
    out_of_range: list[UUID] = []
    for customer_id, old, new in changes:
        for each in by_customer.get(customer_id, ()):
            try:
                made += cuts([each], old, new, today) if triggered else []
                moved += moves([each], old, new) if triggered else reschedulings([each], old, new)
            except DateOutOfRange:
                out_of_range.append(each.id)
    if out_of_range:
        raise Rejected([_dates_problem(out_of_range)])
    own = by_customer.get(before.id, [])
    active = sorted(each.id for each in own if each.status in ACTIVE) if triggered else []
    if not (active or made or moved):
        return None
    return Transition(
        customer_id=before.id,
        effective_on=today,
        before=changes[0][1],
        after=changes[0][2],
        cuts=tuple(sorted(made, key=lambda cut: cut.subscription.id)),
        arrangements_after={customer_id: new for customer_id, _, new in changes},
        moves=tuple(sorted(moved, key=lambda move: move.subscription.id)),
        to_acknowledge=tuple(active),
        is_triggered=triggered,
    )


def excess(acknowledged: int) -> LimitProblem | None:
    """Return the problem of an acknowledgement that names too many subscriptions to be read."""
    if acknowledged <= MOST_ACKNOWLEDGED:
        return None
    message = f"names {acknowledged:,} subscriptions; at most {MOST_ACKNOWLEDGED:,} are allowed."
    return LimitProblem(ErrorCode.FIELD_TOO_LONG, _PATH, message, MOST_ACKNOWLEDGED, acknowledged)


def acknowledgement_problems(
    acknowledged: Sequence[UUID] | None, own: Iterable[Subscription], *, triggered: bool
) -> list[Problem]:
    """Return what is wrong with an acknowledgement, as refusals; `own` are all subscriptions of the customer."""
    statuses = {each.id: each.status for each in own}
    found = check_acknowledgement(acknowledged, statuses, triggered=triggered)
    return [
        SubscriptionsProblem(ErrorCode(problem), _PATH, _MESSAGES[problem], tuple(ids))
        for problem, ids in found.items()
    ]


def _dates_problem(subscription_ids: Iterable[UUID]) -> Problem:
    message = "would give subscriptions dates outside the years 1 to 9999: an administrator corrects the dates of their periods."
    ids = tuple(sorted(subscription_ids))
    return SubscriptionsProblem(ErrorCode.SUBSCRIPTION_DATES_OUT_OF_RANGE, ("input",), message, ids)


def _under(customer: Record, parents: Mapping[UUID, Record]) -> Arrangement:
    parent = None if customer.parent_id is None else parents.get(customer.parent_id)
    return arrangement(customer.party, None if parent is None else parent.party)
