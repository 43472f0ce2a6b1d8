"""Booking a transition: its record, the documents that it makes, the periods that it cuts, and the events that tell of it."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, any_, func, lateral, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import outbox, transition_events
from app.db.declarations import narrowed
from app.db.identifiers import new_id
from app.db.outbox import Event
from app.db.periods import IS_CURRENT, Handover, write_periods
from app.db.record_set import insert_all
from app.db.tables import billing_document_lines, billing_documents, billing_transitions, subscriptions
from app.db.tables import subscription_periods as periods
from app.db.unit_of_work import Session, WriteSession
from app.domain.billing import Arrangement, Subscription
from app.domain.calendar import Period
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from app.domain.transition import BillingDocument, BillingDocumentLine, Transition


async def subscriptions_for_billing(
    session: Session, customer_ids: Iterable[UUID], *, lock: bool
) -> list[Subscription]:
    """All subscriptions of some customers as billing sees them, by id; locked against every other writer of them if wanted."""
    of_customers = and_(
        narrowed(subscriptions), subscriptions.c.customer_id == any_(literal(list(customer_ids), ARRAY(Uuid())))
    )
    if lock:
        # A statement of its own: it may wait for a cut, and would show periods from before it.
        ids = select(subscriptions.c.id).where(of_customers).order_by(subscriptions.c.id)
        await session.rows(ids.with_for_update(), {})
    return [_subscription(row) for row in await session.rows(_with_current_period(of_customers), {})]


def _with_current_period(of_customers: ColumnElement[bool]) -> Select[Any]:
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
        .where(of_customers)
        .order_by(subscriptions.c.id)
    )


def _subscription(row: Any) -> Subscription:
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


async def book(session: WriteSession, transition: Transition, actor: str) -> UUID | None:
    """Write everything that a transition does, and return its id; None for a new billing day, which is not recorded as one.

    Its subscriptions were locked, and nothing has changed since they were read.
    """
    (transition_id,) = await book_all(session, [transition], actor)
    return transition_id


async def book_all(session: WriteSession, transitions: Sequence[Transition], actor: str) -> list[UUID | None]:
    """Book transitions, no two of one subscription, in as many statements as one takes; return their ids, in their order."""
    if not transitions:
        return []
    made = [_Made(new_id(), each, _in_order(each.documents)) for each in transitions if each.is_triggered]
    await insert_all(session, billing_transitions, [each.row(actor) for each in made])
    await insert_all(session, billing_documents, [row for each in made for row in each.document_rows()])
    lines = [line for each in made for id_, document in each.documents for line in _lines(id_, document)]
    await insert_all(session, billing_document_lines, lines)
    handovers = [handover for each in made for handover in each.handovers()]
    await write_periods(session, handovers, [move for each in transitions for move in each.moves])
    rescheduled = [
        event for each in transitions if not each.is_triggered for event in transition_events.rescheduled(each)
    ]
    events = [*(event for each in made for event in each.events()), *rescheduled]
    await outbox.append_all(session, events, actor=actor)
    ids = iter(each.id for each in made)
    return [next(ids) if each.is_triggered else None for each in transitions]


def _in_order(documents: Sequence[BillingDocument]) -> list[tuple[UUID, BillingDocument]]:
    """Documents with ids that sort as they do, so that they are read back as they were previewed; of one moment, ids sort at random."""
    return list(zip(sorted(new_id() for _ in documents), documents, strict=True))


class _Made(NamedTuple):
    """A transition with the ids that it and its documents are given."""

    id: UUID
    transition: Transition
    documents: list[tuple[UUID, BillingDocument]]

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
            for id_, document in self.documents
        ]

    def handovers(self) -> list[Handover]:
        before, after = self.transition.before, self.transition.arrangements_after
        return [
            Handover(cut, self.id, before.payer_id, after[cut.subscription.customer_id].payer_id)
            for cut in self.transition.cuts
        ]

    def events(self) -> list[Event]:
        document_of = {
            (each.subscription.id, each.line.period.start): id_
            for id_, document in self.documents
            for each in document.lines
        }
        return transition_events.transitioned(self.transition, self.id, document_of)


def _lines(document_id: UUID, document: BillingDocument) -> list[dict[str, Any]]:
    return [
        {
            "document_id": document_id,
            "line_number": number,
            "subscription_id": each.subscription.id,
            "description": _description(each),
            "starts_on": each.line.period.start,
            "ends_on": each.line.period.end,
            "days": each.line.period.days,
            "amount": each.line.amount,
        }
        for number, each in enumerate(document.lines, start=1)
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
