"""Booking a transition: its record, the documents that it makes, the periods that it cuts, and the events that tell of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, any_, func, lateral, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import outbox
from app.db.declarations import narrowed
from app.db.identifiers import new_id
from app.db.outbox import Event
from app.db.periods import IS_CURRENT, Handover, cut_periods
from app.db.record_set import insert_all
from app.db.tables import billing_document_lines, billing_documents, billing_transitions, subscriptions
from app.db.tables import subscription_periods as periods
from app.db.unit_of_work import Session, WriteSession
from app.domain.billing import Arrangement, Cut, Line, Subscription
from app.domain.calendar import Period
from app.domain.events import EventType, plain_values
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from app.domain.transition import Document, Transition


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
        select(periods.c.ends_on, periods.c.net_amount, periods.c.billed_amount, periods.c.credited_amount)
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
    )


async def book(session: WriteSession, transition: Transition, actor: str) -> UUID:
    """Write everything that a transition does, and return its id. Its subscriptions were locked, and nothing has changed since they were read."""
    (transition_id,) = await book_all(session, [transition], actor)
    return transition_id


async def book_all(session: WriteSession, transitions: Sequence[Transition], actor: str) -> list[UUID]:
    """Book transitions, no two of one subscription, in as many statements as one takes; their ids, in their order."""
    if not transitions:
        return []
    made = [_Made(new_id(), each, _in_order(each.documents)) for each in transitions]
    await insert_all(session, billing_transitions, [each.row(actor) for each in made])
    await insert_all(session, billing_documents, [row for each in made for row in each.document_rows()])
    lines = [line for each in made for id_, document in each.documents for line in _lines(id_, document)]
    await insert_all(session, billing_document_lines, lines)
    await cut_periods(session, [handover for each in made for handover in each.handovers()])
    await outbox.append_all(session, [event for each in made for event in each.events()], actor=actor)
    return [each.id for each in made]


def _in_order(documents: Sequence[Document]) -> list[tuple[UUID, Document]]:
    """Documents with ids that sort as they do, so that they are read back as they were previewed; of one moment, ids sort at random."""
    return list(zip(sorted(new_id() for _ in documents), documents, strict=True))


class _Made(NamedTuple):
    """A transition with the ids that it and its documents are given."""

    id: UUID
    transition: Transition
    documents: list[tuple[UUID, Document]]

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
            Handover(
                cut,
                self.id,
                self.transition.effective_on,
                payer_before=before.payer_id,
                payer_after=after[cut.subscription.customer_id].payer_id,
            )
            for cut in self.transition.cuts
        ]

    def events(self) -> list[Event]:
        document_of = {cut.subscription.id: id_ for id_, document in self.documents for cut in document.cuts}
        return _events(self.transition, self.id, document_of)


def _lines(document_id: UUID, document: Document) -> list[dict[str, Any]]:
    return [
        {
            "document_id": document_id,
            "line_number": number,
            "subscription_id": cut.subscription.id,
            "description": _description(cut, cut.line),
            "starts_on": cut.line.period.start,
            "ends_on": cut.line.period.end,
            "days": cut.line.period.days,
            "amount": cut.line.amount,
        }
        for number, cut in enumerate(document.cuts, start=1)
        if cut.line is not None
    ]


def _description(cut: Cut, line: Line) -> str:
    last_day = line.period.end - timedelta(days=1)
    days = f"{line.period.days} of {cut.subscription.period.days} days"
    return f"{cut.subscription.name}: {days}, {line.period.start} to {last_day}"


def _arrangement(arrangement: Arrangement) -> dict[str, Any]:
    return {
        "payerCustomerId": str(arrangement.payer_id),
        "consolidationMode": arrangement.mode,
        "billingDay": arrangement.billing_day,
    }


def _events(transition: Transition, transition_id: UUID, document_of: Mapping[UUID, UUID]) -> list[Event]:
    cut_of = {cut.subscription.id: _cut(cut, document_of.get(cut.subscription.id)) for cut in transition.cuts}
    return [
        Event(
            EventType.SUBSCRIPTION_TRANSITIONED,
            each.id,
            {
                "customerId": each.customer_id,
                "transitionId": transition_id,
                "effectiveOn": transition.effective_on,
                "payerBefore": transition.before.payer_id,
                "payerAfter": transition.arrangements_after[each.customer_id].payer_id,
                "cut": cut_of.get(each.id),
            },
        )
        for each in (*(cut.subscription for cut in transition.cuts), *transition.moved)
    ]


def _cut(cut: Cut, document_id: UUID | None) -> dict[str, Any]:
    line = cut.line and {
        "documentId": document_id,
        "kind": cut.line.kind,
        "amount": cut.line.amount,
        "currency": cut.subscription.currency,
        "days": cut.line.period.days,
    }
    following = {
        "periodStart": cut.following.start,
        "periodEnd": cut.following.end,
        "netAmount": cut.following_net,
        "nextBillingDate": cut.next_billing_date,
    }
    return {"line": line and plain_values(line), "following": plain_values(following)}
