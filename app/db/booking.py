"""Book transitions: their rows, billing documents, periods, history and events."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, lateral, select, true

from app.db import history, outbox, subscription_history, transition_events
from app.db.declarations import narrowed
from app.db.identifiers import new_id
from app.db.mirror_reads import subscriptions_by_id
from app.db.outbox import Event
from app.db.periods import IS_CURRENT, BookedMove, Handover, write_periods
from app.db.record_set import KEYS, among, insert_all
from app.db.tables import billing_document_lines, billing_documents, billing_transitions, subscriptions
from app.db.tables import subscription_periods as periods
from app.db.transition_events import Written
from app.db.unit_of_work import Session, WriteSession
from app.domain.billing import Arrangement, Subscription
from app.domain.calendar import Period
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from app.domain.transition import BillingDocument, BillingDocumentLine, Transition

_OF_CUSTOMERS = narrowed(subscriptions) & among(subscriptions.c.customer_id)
_LOCK_OF_CUSTOMERS = select(subscriptions.c.id).where(_OF_CUSTOMERS).order_by(subscriptions.c.id).with_for_update()


async def subscriptions_for_billing(
    session: Session, customer_ids: Iterable[UUID], *, lock: bool
) -> list[Subscription]:
    """Return all subscriptions of some customers with their current periods, ordered by id; locked if `lock`."""
    keys = {KEYS: [*customer_ids]}
    if lock:
        # A separate statement: after waiting for a concurrent cut, it would return the periods from before the cut.
        await session.rows(_LOCK_OF_CUSTOMERS, keys)
    return [subscription_of(row) for row in await session.rows(_of_customers_query(), keys)]


@cache
def _of_customers_query() -> Select[Any]:
    return with_current_period(_OF_CUSTOMERS)


def with_current_period(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the query of subscriptions with their current periods, ordered by id; `subscription_of` reads its rows."""
    current = lateral(
        select(
            periods.c.id,
            periods.c.payer_customer_id,
            periods.c.ends_on,
            periods.c.net_amount,
            periods.c.billed_amount,
            periods.c.credited_amount,
        )
        .where(IS_CURRENT)
        .order_by(periods.c.sequence.desc())
        .limit(1)
        .correlate(subscriptions),
        name="current",
    )
    return (
        select(
            subscriptions,
            func.coalesce(current.c.ends_on, subscriptions.c.current_period_end).label("period_end"),
            func.coalesce(current.c.net_amount, subscriptions.c.net_amount).label("period_net"),
            func.coalesce(current.c.billed_amount, 0).label("billed"),
            func.coalesce(current.c.credited_amount, 0).label("credited"),
            current.c.id.label("period_id"),
            current.c.payer_customer_id.label("period_payer_id"),
        )
        .select_from(subscriptions.outerjoin(current, true()))
        .where(condition)
        .order_by(subscriptions.c.id)
    )


def subscription_of(row: Any) -> Subscription:
    """Return the subscription of a row."""
    return Subscription(
        id=row.id,
        customer_id=row.customer_id,
        name=row.name,
        status=SubscriptionStatus(row.status),
        direction=BillingDirection(row.billing_direction),
        currency=row.currency,
        net_amount=row.net_amount,
        interval_months=row.interval_months,
        anchor_day=row.anchor_day,
        ends_on=row.ends_on,
        period=Period(row.current_period_start, row.period_end),
        period_net=row.period_net,
        billed=row.billed,
        credited=row.credited,
        next_billing_date=row.next_billing_date,
        period_id=row.period_id,
        period_payer_id=row.period_payer_id,
    )


async def book_all(session: WriteSession, transitions: Sequence[Transition], actor: str) -> list[UUID | None]:
    """Write transitions of distinct subscriptions, which the caller has locked before reading them.

    Return their ids; None for a new billing day, which isn't recorded as a transition. Runs as many statements as for
    one transition.
    """
    if not transitions:
        return []
    triggered = [transition for transition in transitions if transition.is_triggered]
    bookings = [_Booking(new_id(), transition, _with_ids(transition.billing_documents)) for transition in triggered]
    await insert_all(session, billing_transitions, [booking.row(actor) for booking in bookings])
    await insert_all(session, billing_documents, [row for booking in bookings for row in booking.document_rows()])
    await insert_all(session, billing_document_lines, [row for booking in bookings for row in booking.line_rows()])
    handovers = [handover for booking in bookings for handover in booking.handovers()]
    moves = [BookedMove(move, booking.id) for booking in bookings for move in booking.transition.moves]
    for transition in transitions:
        moves += [] if transition.is_triggered else [BookedMove(move, None) for move in transition.moves]
    subscription_ids = [handover.cut.subscription.id for handover in handovers] + [
        booked.move.subscription.id for booked in moves
    ]
    before = await subscriptions_by_id(session, subscription_ids)
    await write_periods(session, handovers, moves)
    after = await subscriptions_by_id(session, subscription_ids)
    entries = subscription_history.all_updated(before, after)
    await history.record_all(session, entries, actor=actor)
    written = Written(
        {id_: stored.row.version for id_, stored in after.items()},
        {entry.subject_id: tuple(sorted(entry.changes)) for entry in entries},
    )
    events = [event for booking in bookings for event in booking.events(written)]
    for transition in transitions:
        events += [] if transition.is_triggered else transition_events.rescheduled(transition, written)
    await outbox.append_all(session, events, actor=actor)
    booked_ids = iter(booking.id for booking in bookings)
    return [next(booked_ids) if transition.is_triggered else None for transition in transitions]


def _with_ids(documents: Sequence[BillingDocument]) -> list[tuple[UUID, BillingDocument]]:
    """Return billing documents with ascending ids, so that they are read back in the order of the preview.

    Ids that are made in the same millisecond sort at random, so they are sorted first.
    """
    return list(zip(sorted(new_id() for _ in documents), documents, strict=True))


class _Booking(NamedTuple):
    """A transition with its id and the ids of its billing documents."""

    id: UUID
    transition: Transition
    billing_documents: list[tuple[UUID, BillingDocument]]

    def row(self, actor: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "customer_id": self.transition.customer_id,
            "effective_on": self.transition.effective_on,
            "arrangement_before": _arrangement(self.transition.before),
            "arrangement_after": _arrangement(self.transition.after),
            "actor": actor,
        }

    def document_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "id": id_,
                "kind": document.kind,
                "customer_id": document.customer_id,
                "payer_customer_id": document.payer_id,
                "transition_id": self.id,
                "currency": document.currency,
                "total": document.total,
                "issued_on": self.transition.effective_on,
            }
            for id_, document in self.billing_documents
        ]

    def line_rows(self) -> list[dict[str, Any]]:
        return [line for id_, document in self.billing_documents for line in _lines(id_, document)]

    def handovers(self) -> list[Handover]:
        before, after = self.transition.before, self.transition.arrangements_after
        return [
            Handover(cut, self.id, before.payer_id, after[cut.subscription.customer_id].payer_id)
            for cut in self.transition.cuts
        ]

    def events(self, written: Written) -> list[Event]:
        document_of = {
            (line.subscription.id, line.line.period.start): id_
            for id_, document in self.billing_documents
            for line in document.lines
        }
        return transition_events.transitioned(self.transition, self.id, document_of, written)


def _lines(document_id: UUID, document: BillingDocument) -> list[dict[str, Any]]:
    return [
        {
            "document_id": document_id,
            "line_number": number,
            "subscription_id": line.subscription.id,
            "description": _description(line),
            "starts_on": line.line.period.start,
            "ends_on": line.line.period.end,
            "days": line.line.period.days,
            "amount": line.line.amount,
        }
        for number, line in enumerate(document.lines, start=1)
    ]


def _description(line: BillingDocumentLine) -> str:
    span = line.line.period
    last_day = span.end - timedelta(days=1)
    return f"{line.subscription.name}: {span.days} of {line.line.period_days} days, {span.start} to {last_day}"


def _arrangement(arrangement: Arrangement) -> dict[str, Any]:
    return {
        "payerCustomerId": str(arrangement.payer_id),
        "consolidationMode": arrangement.mode,
        "billingDay": arrangement.billing_day,
    }
