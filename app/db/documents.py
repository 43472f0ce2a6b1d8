"""Booking a transition: its record, the documents that it makes, the periods that it cuts, and the events that tell of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, any_, func, lateral, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.db import outbox
from app.db.graph import narrowed
from app.db.identifiers import new_id
from app.db.outbox import Event
from app.db.periods import IS_CURRENT, cut_periods
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
    transition_id = await record_transition(
        session,
        customer_id=transition.customer_id,
        effective_on=transition.effective_on,
        before=transition.before,
        after=transition.after,
        actor=actor,
    )
    documents = transition.documents
    document_ids = await write_documents(session, transition_id, documents, issued_on=transition.effective_on)
    payers_after = {id_: each.payer_id for id_, each in transition.arrangements_after.items()}
    await cut_periods(
        session,
        transition.cuts,
        transition_id=transition_id,
        effective_on=transition.effective_on,
        payer_before=transition.before.payer_id,
        payers_after=payers_after,
    )
    document_of = {
        cut.subscription.id: id_ for id_, each in zip(document_ids, documents, strict=True) for cut in each.cuts
    }
    await outbox.append_all(session, _events(transition, transition_id, document_of), actor=actor)
    return transition_id


async def record_transition(
    session: WriteSession, *, customer_id: UUID, effective_on: date, before: Arrangement, after: Arrangement, actor: str
) -> UUID:
    """Record that a customer's arrangement changed."""
    transition_id = new_id()
    row = {
        "id": transition_id,
        "customer_id": customer_id,
        "effective_on": effective_on,
        "arrangement_before": _arrangement(before),
        "arrangement_after": _arrangement(after),
        "actor": actor,
    }
    await insert_all(session, billing_transitions, [row])
    return transition_id


async def write_documents(
    session: WriteSession, transition_id: UUID, documents: Sequence[Document], *, issued_on: date
) -> list[UUID]:
    """Write the documents of a transition with their lines; their ids, in the order of the documents."""
    ids = [new_id() for _ in documents]
    rows = [
        {
            "id": id_,
            "kind": each.kind,
            "customer_id": each.customer_id,
            "payer_customer_id": each.payer_id,
            "transition_id": transition_id,
            "currency": each.currency,
            "total": each.total,
            "issued_on": issued_on,
        }
        for id_, each in zip(ids, documents, strict=True)
    ]
    await insert_all(session, billing_documents, rows)
    lines = [line for id_, each in zip(ids, documents, strict=True) for line in _lines(id_, each)]
    await insert_all(session, billing_document_lines, lines)
    return ids


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
