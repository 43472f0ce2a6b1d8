"""Write the periods of subscriptions that transitions close and begin.

Statements don't grow with the number of rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, func, null, select, update
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db.declarations import narrowed
from app.db.identifiers import new_id
from app.db.record_set import arrays_of, counted, insert_all, record_set_of
from app.db.tables import subscription_periods as periods
from app.db.tables import subscriptions
from app.db.unit_of_work import WriteSession
from app.domain.billing import BillingDocumentKind, Subscription
from app.domain.cutting import Cut, RolledPeriod
from app.domain.money import NOTHING
from app.domain.moving import Move

# Condition for the row of a subscription's current period. Imported subscriptions may have no such row. The billed
# amount is then unknown, so nothing is credited or invoiced for the period; a cut inserts the missing row.
IS_CURRENT = and_(
    narrowed(periods),
    periods.c.subscription_id == subscriptions.c.id,
    periods.c.starts_on == subscriptions.c.current_period_start,
    periods.c.cut_on.is_(None),
)


class Handover(NamedTuple):
    """A cut with its transition's id and payers."""

    cut: Cut
    transition_id: UUID
    payer_before: UUID
    payer_after: UUID


class BookedMove(NamedTuple):
    """A move with its transition; a new billing day has none."""

    move: Move
    transition_id: UUID | None


async def write_periods(session: WriteSession, handovers: Sequence[Handover], moves: Sequence[BookedMove]) -> None:
    """Close the current periods of cut subscriptions, insert the following ones, and update the subscriptions.

    Each subscription occurs once. A period that began on the day of its cut becomes empty: `cut_on` equals `starts_on`.
    """
    await _close(session, [handover.cut for handover in handovers], [booked.move for booked in moves])
    await insert_periods(session, [row for handover in handovers for row in _begun(handover)])
    await _update_subscriptions(session, handovers, moves)


async def insert_periods(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert periods after the last ones of their subscriptions. `sequence` counts a subscription's periods from 1."""
    await insert_all(session, periods, rows, sequence=_next_sequence)


async def _close(session: WriteSession, cuts: Sequence[Cut], moves: Sequence[Move]) -> None:
    """Update the ends and settled amounts of closed periods, and the payers of periods that continue."""
    rows = [_closed(cut) for cut in cuts if cut.subscription.period_id is not None]
    rows += [_kept(move, move.payer_id) for move in moves if move.payer_id is not None]
    if rows:
        await session.rows(_closing(tuple(rows[0])), arrays_of(rows))


@cache
def _closing(names: tuple[str, ...]) -> Update:
    given = record_set_of(periods, names)
    return (
        update(periods)
        .where(narrowed(periods), periods.c.id == given.c.id)
        .values(
            cut_on=given.c.cut_on,
            payer_customer_id=given.c.payer_customer_id,
            billed_amount=periods.c.billed_amount + given.c.billed_amount,
            credited_amount=periods.c.credited_amount + given.c.credited_amount,
        )
    )


def _closed(cut: Cut) -> dict[str, Any]:
    subscription, settled = cut.subscription, dict.fromkeys(BillingDocumentKind, NOTHING)
    if cut.settlement is not None:
        settled[cut.settlement.kind] = cut.settlement.amount
    return {
        "id": subscription.period_id,
        "cut_on": cut.closed_on,
        "payer_customer_id": subscription.period_payer_id,
        "billed_amount": settled[BillingDocumentKind.INVOICE],
        "credited_amount": settled[BillingDocumentKind.CREDIT_NOTE],
    }


def _kept(move: Move, payer_id: UUID) -> dict[str, Any]:
    return {
        "id": move.subscription.period_id,
        "cut_on": None,
        "payer_customer_id": payer_id,
        "billed_amount": NOTHING,
        "credited_amount": NOTHING,
    }


def _begun(handover: Handover) -> Iterator[dict[str, Any]]:
    """Yield the new rows of a cut; `sequence` counts them from 1."""
    rows = [_missing(handover)] if _lacks_its_row(handover.cut) else []
    rows += [_rolled(handover, rolled) for rolled in handover.cut.rolled]
    if handover.cut.following.days > 0:
        rows.append(_following(handover))
    for place, row in enumerate(rows, start=1):
        yield row | {"sequence": place}


def _lacks_its_row(cut: Cut) -> bool:
    # A subscription that has ended gets no row, because an earlier cut may have closed its last period.
    return cut.subscription.period_id is None and cut.following.days > 0


def _missing(handover: Handover) -> dict[str, Any]:
    subscription: Subscription = handover.cut.subscription
    return _row(subscription.id, handover.payer_before, subscription.period.start, subscription.period.end) | {
        "net_amount": subscription.net_amount,
        "cut_on": handover.cut.closed_on,
    }


def _rolled(handover: Handover, rolled: RolledPeriod) -> dict[str, Any]:
    return _row(handover.cut.subscription.id, rolled.payer_id, rolled.period.start, rolled.period.end) | {
        "net_amount": rolled.net,
        "billed_amount": rolled.billed,
        "cut_on": rolled.cut_on,
        "transition_id": handover.transition_id,
    }


def _following(handover: Handover) -> dict[str, Any]:
    following = handover.cut.following
    return _row(handover.cut.subscription.id, handover.payer_after, following.start, following.end) | {
        "net_amount": handover.cut.following_net,
        "transition_id": handover.transition_id,
    }


def _row(subscription_id: UUID, payer_id: UUID, start: date, end: date) -> dict[str, Any]:
    return {
        "id": new_id(),
        "subscription_id": subscription_id,
        "payer_customer_id": payer_id,
        "starts_on": start,
        "ends_on": end,
        "billed_amount": NOTHING,
        "credited_amount": NOTHING,
        "cut_on": None,
        "transition_id": None,
    }


async def _update_subscriptions(
    session: WriteSession, handovers: Sequence[Handover], moves: Sequence[BookedMove]
) -> None:
    rows = [_cut_over(handover) for handover in handovers]
    rows += [_moved(move) for move in moves if move.move.is_change or move.move.payer_id is not None]
    if rows:
        await session.rows(_moving(tuple(rows[0])), arrays_of(rows))


@cache
def _moving(names: tuple[str, ...]) -> Update:
    given = record_set_of(subscriptions, names)
    values = counted(subscriptions, {name: given.c[name] for name in names if name != "id"})
    # A row of the billing system from before this version is rejected: see app/domain/late_messages.py. The billing
    # system doesn't know of the move yet.
    values |= {"moved_version": values["version"], "moved_known_on": null()}
    return update(subscriptions).where(narrowed(subscriptions), subscriptions.c.id == given.c.id).values(values)


def _cut_over(handover: Handover) -> dict[str, Any]:
    cut = handover.cut
    return _stored(cut.subscription, cut.anchor_day, cut.next_billing_date) | {
        "status": cut.status,
        "current_period_start": cut.current.start,
        "current_period_end": cut.current.end,
        "moved_by": handover.transition_id,
    }


def _moved(booked: BookedMove) -> dict[str, Any]:
    move = booked.move
    return _stored(move.subscription, move.anchor_day, move.next_billing_date) | {"moved_by": booked.transition_id}


def _stored(subscription: Subscription, anchor_day: int, next_billing_date: date | None) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "status": subscription.status,
        "current_period_start": subscription.period.start,
        "current_period_end": subscription.period.end,
        "anchor_day": anchor_day,
        "next_billing_date": next_billing_date,
    }


def _next_sequence(given: TableValuedAlias) -> ColumnElement[int]:
    """Return the sequence number of a new period: after the last one of its subscription."""
    last = (
        select(func.coalesce(func.max(periods.c.sequence), 0))
        .where(narrowed(periods), periods.c.subscription_id == given.c.subscription_id)
        .correlate(given)
        .scalar_subquery()
    )
    return last + given.c.sequence
