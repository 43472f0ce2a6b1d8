"""Computed transitions: what a change of payer cuts and moves, and the billing documents it produces."""

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
    BillingDocumentKind,
    Subscription,
    arrangement,
    check_acknowledgement,
    is_triggered,
)
from app.domain.calendar import DateOutOfRange
from app.domain.customer_rules import Record
from app.domain.cutting import Cut, Line, cuts
from app.domain.errors import ErrorCode, LimitProblem, Path, Problem, Rejected, SubscriptionsProblem
from app.domain.fields import read_uuid
from app.domain.money import total
from app.domain.moving import Move, moves, reschedulings

ACKNOWLEDGED: Path = ("subscription_transitions",)
"""Where an input acknowledges subscriptions."""
_MESSAGES = {
    AcknowledgementProblem.REQUIRED: "must name every active subscription, because the change moves them.",
    AcknowledgementProblem.INCOMPLETE: "must name every active subscription; some are missing.",
    AcknowledgementProblem.UNKNOWN: "must not name ids that aren't subscriptions of this customer.",
    AcknowledgementProblem.NOT_ACTIVE: "must not name subscriptions that aren't active; leave them out.",
    AcknowledgementProblem.DUPLICATE: "must not name a subscription more than once.",
    AcknowledgementProblem.NOT_ALLOWED: "must be left out: this change moves no active subscription.",
}


@dataclass(frozen=True, slots=True)
class BillingDocumentLine:
    """A line of a billing document with its subscription."""

    subscription: Subscription
    line: Line


@dataclass(frozen=True, slots=True)
class BillingDocument:
    """A credit note or invoice. A transition produces one for each kind, payer, customer and currency."""

    kind: BillingDocumentKind
    payer_id: UUID
    customer_id: UUID
    currency: str
    lines: tuple[BillingDocumentLine, ...]

    @property
    def total(self) -> Decimal:
        """The exact sum of the lines."""
        return total(line.line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class PayerTotal:
    """Total amounts that one payer is credited and invoiced in one currency."""

    payer_id: UUID
    currency: str
    credited: Decimal
    invoiced: Decimal


@dataclass(frozen=True, slots=True)
class Transition:
    """What a change does to billing."""

    customer_id: UUID
    effective_on: date
    before: Arrangement
    after: Arrangement
    cuts: tuple[Cut, ...]
    """Cuts for the customer and the children that it pays for, ordered by subscription id."""
    arrangements_after: Mapping[UUID, Arrangement]
    """New arrangement of each customer with a cut or moved subscription, by customer id."""
    moves: tuple[Move, ...]
    """Moves of subscriptions that keep their period, ordered by subscription id."""
    to_acknowledge: tuple[UUID, ...]
    """Ids of the customer's own active subscriptions if they must be acknowledged, else empty."""
    is_triggered: bool = True
    """Whether the payer or mode changes; False for a new billing day, which only moves the next billing date."""

    @property
    def billing_documents(self) -> tuple[BillingDocument, ...]:
        """The billing documents, in a stable order."""
        grouped: dict[tuple[BillingDocumentKind, UUID, UUID, str], list[BillingDocumentLine]] = {}
        for cut in self.cuts:
            for line in cut.lines:
                key = (line.kind, line.payer_id, cut.subscription.customer_id, cut.subscription.currency)
                grouped.setdefault(key, []).append(BillingDocumentLine(cut.subscription, line))
        return tuple(BillingDocument(*key, tuple(grouped[key])) for key in sorted(grouped))

    @property
    def totals(self) -> tuple[PayerTotal, ...]:
        """Totals per payer and currency, in a stable order."""
        documents = self.billing_documents
        payers = sorted({(document.payer_id, document.currency) for document in documents})

        def sum_of(kind: BillingDocumentKind, payer: tuple[UUID, str]) -> Decimal:
            theirs = (document for document in documents if (document.payer_id, document.currency) == payer)
            return total(document.total for document in theirs if document.kind is kind)

        return tuple(
            PayerTotal(
                *payer, sum_of(BillingDocumentKind.CREDIT_NOTE, payer), sum_of(BillingDocumentKind.INVOICE, payer)
            )
            for payer in payers
        )


def compute_transition(
    before: Record,
    after: Record,
    parents: Mapping[UUID, Record],
    children: Sequence[Record],
    subscriptions: Iterable[Subscription],
    today: date,
) -> Transition | None:
    """Return the transition of a change; None if the change affects no subscription.

    `parents` holds the parents before and after the change. `subscriptions` are those of the customer and its children.
    Raise Rejected, with the ids, if subscriptions would get dates outside the years 1 to 9999.
    """
    by_customer: dict[UUID, list[Subscription]] = {}
    for subscription in subscriptions:
        by_customer.setdefault(subscription.customer_id, []).append(subscription)
    changes = _changes(before, after, parents, children)
    triggered = is_triggered(before.party, after.party)
    made, moved = _cuts_and_moves(changes, by_customer, today, triggered=triggered)
    own = by_customer.get(before.id, [])
    active = sorted(subscription.id for subscription in own if subscription.status in ACTIVE) if triggered else []
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


def _changes(
    before: Record, after: Record, parents: Mapping[UUID, Record], children: Sequence[Record]
) -> list[tuple[UUID, Arrangement, Arrangement]]:
    """Return the arrangements before and after, by customer: of the customer first, then of children it pays for."""
    return [
        (before.id, _under(before, parents), _under(after, parents)),
        *(
            (child.id, arrangement(child.party, before.party), arrangement(child.party, after.party))
            for child in children
            if child.is_paid_for
        ),
    ]


def _cuts_and_moves(
    changes: Iterable[tuple[UUID, Arrangement, Arrangement]],
    by_customer: Mapping[UUID, Sequence[Subscription]],
    today: date,
    *,
    triggered: bool,
) -> tuple[list[Cut], list[Move]]:
    """Return what changes of arrangements, by customer, do to subscriptions. Raise Rejected for dates out of range."""
    made: list[Cut] = []
    moved: list[Move] = []
    out_of_range: list[UUID] = []
    for customer_id, old, new in changes:
        for subscription in by_customer.get(customer_id, ()):
            one = [subscription]
            try:
                made += cuts(one, old, new, today) if triggered else []
                moved += moves(one, old, new) if triggered else reschedulings(one, old, new)
            except DateOutOfRange:
                out_of_range.append(subscription.id)
    if out_of_range:
        raise Rejected([_dates_problem(out_of_range)])
    return made, moved


def read_acknowledgement(ids: Sequence[object] | None) -> tuple[tuple[UUID, ...] | None, list[Problem]]:
    """Return the acknowledged subscriptions of an input, and all problems. None acknowledges nothing."""
    if ids is None:
        return None, []
    if len(ids) > MOST_ACKNOWLEDGED:
        message = f"must name at most {MOST_ACKNOWLEDGED:,} subscriptions, not {len(ids):,}."
        return None, [LimitProblem(ErrorCode.FIELD_TOO_LONG, ACKNOWLEDGED, message, MOST_ACKNOWLEDGED, len(ids))]
    found = [read_uuid(value, (*ACKNOWLEDGED, place, "subscription_id")) for place, value in enumerate(ids)]
    return (
        tuple(id_ for id_ in found if isinstance(id_, UUID)),
        [problem for problem in found if isinstance(problem, Problem)],
    )


def acknowledgement_problems(
    acknowledged: Sequence[UUID] | None, own: Iterable[Subscription], *, triggered: bool
) -> list[Problem]:
    """Return the problems of an acknowledgement. `own` are all subscriptions of the customer."""
    statuses = {subscription.id: subscription.status for subscription in own}
    found = check_acknowledgement(acknowledged, statuses, triggered=triggered)
    return [
        SubscriptionsProblem(ErrorCode(problem), ACKNOWLEDGED, _MESSAGES[problem], tuple(ids))
        for problem, ids in found.items()
    ]


def _dates_problem(subscription_ids: Iterable[UUID]) -> Problem:
    message = (
        "would give subscriptions dates outside the years 1 to 9999: an administrator must correct the dates of"
        " their periods."
    )
    ids = tuple(sorted(subscription_ids))
    return SubscriptionsProblem(ErrorCode.SUBSCRIPTION_DATES_OUT_OF_RANGE, (), message, ids)


def _under(customer: Record, parents: Mapping[UUID, Record]) -> Arrangement:
    parent = None if customer.parent_id is None else parents.get(customer.parent_id)
    return arrangement(customer.party, None if parent is None else parent.party)
