"""The periods of subscriptions: those that a cut closes and those that it begins. No statement grows with their number."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, exists, func, insert, literal, select, update
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db.graph import narrowed
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


async def cut_periods(
    session: WriteSession,
    cuts: Sequence[Cut],
    *,
    transition_id: UUID,
    effective_on: date,
    payer_before: UUID,
    payers_after: Mapping[UUID, UUID],
) -> None:
    """Close the current period of each subscription and begin the one that follows; `payers_after` is by customer.

    A period that began on that very day becomes empty: its `cut_on` is its `starts_on`.
    """
    if not cuts:
        return
    await _write_missing(session, cuts, payer_before)
    await _close(session, cuts, effective_on)
    await _begin(session, cuts, transition_id, payers_after)
    await _move_subscriptions(session, cuts)


async def _write_missing(session: WriteSession, cuts: Sequence[Cut], payer_id: UUID) -> None:
    given = record_set(periods, [{"id": new_id(), "subscription_id": cut.subscription.id} for cut in cuts])
    row = {
        periods.c.company_id: subscriptions.c.company_id,
        periods.c.id: given.c.id,
        periods.c.subscription_id: subscriptions.c.id,
        periods.c.sequence: _last_sequence(given) + 1,
        periods.c.payer_customer_id: literal(payer_id, Uuid()),
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


async def _close(session: WriteSession, cuts: Sequence[Cut], effective_on: date) -> None:
    given = record_set(periods, [{"subscription_id": cut.subscription.id, **_settled(cut)} for cut in cuts])
    # A cut before or after the period, where billing runs late, closes it at its own edge.
    cut_on = func.greatest(func.least(literal(effective_on), periods.c.ends_on), periods.c.starts_on)
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


async def _begin(
    session: WriteSession, cuts: Sequence[Cut], transition_id: UUID, payers_after: Mapping[UUID, UUID]
) -> None:
    rows = [
        {
            "id": new_id(),
            "subscription_id": cut.subscription.id,
            "payer_customer_id": payers_after[cut.subscription.customer_id],
            "starts_on": cut.following.start,
            "ends_on": cut.following.end,
            "net_amount": cut.following_net,
            "billed_amount": 0,
            "credited_amount": 0,
            "transition_id": transition_id,
        }
        for cut in cuts
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
