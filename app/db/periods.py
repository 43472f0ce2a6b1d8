"""The periods of subscriptions: those that a cut closes and those that it begins. No statement grows with their number."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, insert, literal, select, update
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db.declarations import narrowed
from app.db.identifiers import new_id
from app.db.record_set import insert_all, record_set
from app.db.tables import subscription_periods as periods
from app.db.tables import subscriptions
from app.db.unit_of_work import WriteSession
from app.domain.billing import Cut, DocumentKind

# The row of the period that a subscription is in. One that was imported may have none: then nothing was billed for the
# period, as far as anyone can know here, so nothing can be credited; a cut writes the row that is missing.
IS_CURRENT = and_(
    narrowed(periods),
    periods.c.subscription_id == subscriptions.c.id,
    periods.c.starts_on == subscriptions.c.current_period_start,
    periods.c.cut_on.is_(None),
)


class Handover(NamedTuple):
    """A cut with what its transition says of it."""

    cut: Cut
    transition_id: UUID
    effective_on: date
    payer_before: UUID
    payer_after: UUID


async def cut_periods(session: WriteSession, handovers: Sequence[Handover]) -> None:
    """Close the current period of each subscription, at most one cut of each, and begin the one that follows.

    A period that began on that very day becomes empty: its `cut_on` is its `starts_on`.
    """
    if not handovers:
        return
    await _write_missing(session, handovers)
    await _close(session, handovers)
    await _begin(session, handovers)
    await _move_subscriptions(session, [each.cut for each in handovers])


async def _write_missing(session: WriteSession, handovers: Sequence[Handover]) -> None:
    rows = [
        {"id": new_id(), "subscription_id": each.cut.subscription.id, "payer_customer_id": each.payer_before}
        for each in handovers
    ]
    given = record_set(periods, rows)
    row = {
        periods.c.company_id: subscriptions.c.company_id,
        periods.c.id: given.c.id,
        periods.c.subscription_id: subscriptions.c.id,
        periods.c.sequence: _last_sequence(given) + 1,
        periods.c.payer_customer_id: given.c.payer_customer_id,
        periods.c.starts_on: subscriptions.c.current_period_start,
        periods.c.ends_on: subscriptions.c.current_period_end,
        periods.c.net_amount: subscriptions.c.net_amount,
        periods.c.billed_amount: literal(0),
        periods.c.credited_amount: literal(0),
    }
    missing = (
        select(*row.values())
        .select_from(given.join(subscriptions, subscriptions.c.id == given.c.subscription_id))
        .where(narrowed(subscriptions), ~exists().where(IS_CURRENT))
    )
    await session.rows(insert(periods).from_select(list(row), missing))


async def _close(session: WriteSession, handovers: Sequence[Handover]) -> None:
    rows = [
        {"subscription_id": each.cut.subscription.id, "cut_on": each.effective_on, **_settled(each.cut)}
        for each in handovers
    ]
    given = record_set(periods, rows)
    # A cut before or after the period, where billing runs late, closes it at its own edge.
    cut_on = func.greatest(func.least(given.c.cut_on, periods.c.ends_on), periods.c.starts_on)
    await session.rows(
        update(periods)
        .where(
            narrowed(periods),
            periods.c.subscription_id == given.c.subscription_id,
            periods.c.sequence == _last_sequence(given),
        )
        .values(
            cut_on=cut_on,
            billed_amount=periods.c.billed_amount + given.c.billed_amount,
            credited_amount=periods.c.credited_amount + given.c.credited_amount,
        )
    )


def _settled(cut: Cut) -> dict[str, Any]:
    """What the cut's document adds to what was billed for the period and to what was credited."""
    amounts = dict.fromkeys(DocumentKind, 0) | ({cut.line.kind: cut.line.amount} if cut.line else {})
    return {"billed_amount": amounts[DocumentKind.INVOICE], "credited_amount": amounts[DocumentKind.CREDIT_NOTE]}


async def _begin(session: WriteSession, handovers: Sequence[Handover]) -> None:
    rows = [
        {
            "id": new_id(),
            "subscription_id": each.cut.subscription.id,
            "payer_customer_id": each.payer_after,
            "starts_on": each.cut.following.start,
            "ends_on": each.cut.following.end,
            "net_amount": each.cut.following_net,
            "billed_amount": 0,
            "credited_amount": 0,
            "transition_id": each.transition_id,
        }
        for each in handovers
    ]
    await insert_all(session, periods, rows, sequence=lambda given: _last_sequence(given) + 1)


async def _move_subscriptions(session: WriteSession, cuts: Sequence[Cut]) -> None:
    rows = [
        {
            "id": cut.subscription.id,
            "current_period_start": cut.following.start,
            "current_period_end": cut.following.end,
            "anchor_day": cut.anchor_day,
            "next_billing_date": cut.next_billing_date,
        }
        for cut in cuts
    ]
    given = record_set(subscriptions, rows)
    moved = {name: given.c[name] for name in rows[0] if name != "id"}
    await session.rows(
        update(subscriptions)
        .where(narrowed(subscriptions), subscriptions.c.id == given.c.id)
        .values(**moved, version=subscriptions.c.version + 1, updated_at=func.clock_timestamp())
    )


def _last_sequence(given: TableValuedAlias) -> ColumnElement[int]:
    """The number of the last period of a given subscription; 0 for one that has none."""
    return (
        select(func.coalesce(func.max(periods.c.sequence), 0))
        .where(narrowed(periods), periods.c.subscription_id == given.c.subscription_id)
        .correlate(given)
        .scalar_subquery()
    )
