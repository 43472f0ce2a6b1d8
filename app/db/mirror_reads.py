"""Read subscriptions with their current periods, under locks. Every function sends at most two statements."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Executable, Select, case, cast, false, func, lateral, or_, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from app.db import graph
from app.db.declarations import narrowed
from app.db.record_set import among
from app.db.rows import SubscriptionRow
from app.db.tables import billing_transitions as transitions
from app.db.tables import subscription_periods as periods
from app.db.tables import subscriptions
from app.db.unit_of_work import WriteSession
from app.domain.money import NOTHING


class StoredPeriod(NamedTuple):
    """The last recorded period of a subscription; all None where there is none."""

    id: UUID | None
    starts_on: date
    ends_on: date
    cut_on: date | None
    net_amount: Decimal
    billed_amount: Decimal
    credited_amount: Decimal
    billed_on: date | None
    payer_customer_id: UUID | None
    previous_over_on: date | None
    """The day after the last one of the period before it."""
    ended_on: date | None
    """The day on which a transition has ended the subscription with this period; no period runs from then on."""


class StoredMove(NamedTuple):
    """The last transition or new billing day of a subscription; all None where there was none."""

    moved_version: int | None
    moved_by: UUID | None
    known_on: date | None


class StoredSubscription(NamedTuple):
    """A subscription, locked, with its last period."""

    row: SubscriptionRow
    customer_id: UUID
    period: StoredPeriod
    move: StoredMove


class _Named(NamedTuple):
    """Subscriptions that have one of some keys."""

    columns: tuple[str, ...]
    """The columns of these keys. Statements are built once for each of the few combinations."""
    values: Mapping[str, object]
    """The keys, by column."""


def _named(ids: Collection[UUID], external_system_ids: Collection[str]) -> _Named:
    # Without statistics, an alternative that finds nothing keeps PostgreSQL from using the index of the other one.
    named = {"id": [*ids], "external_system_id": [*external_system_ids]}
    found = {name: values for name, values in named.items() if values}
    return _Named(tuple(found), found)


def _have(columns: tuple[str, ...]) -> ColumnElement[bool]:
    """Return the condition of subscriptions that have a given key in one of the columns."""
    return narrowed(subscriptions) & or_(false(), *(among(subscriptions.c[name], name) for name in columns))


async def customers_of(
    session: WriteSession, ids: Collection[UUID], external_system_ids: Collection[str]
) -> dict[UUID, UUID]:
    """Return the customer of each subscription. It never changes, so it may be read before the lock."""
    named = _named(ids, external_system_ids)
    return {row[0]: row[1] for row in await session.rows(_customers_query(named.columns), named.values)}


@cache
def _customers_query(columns: tuple[str, ...]) -> Executable:
    return select(subscriptions.c.id, subscriptions.c.customer_id).where(_have(columns))


async def locked(
    session: WriteSession, ids: Collection[UUID], external_system_ids: Collection[str]
) -> list[StoredSubscription]:
    """Lock the subscriptions with these keys, in the order of their ids, and return them with their last periods."""
    named = _named(ids, external_system_ids)
    # Locked before the periods are read: one statement that waits for a transition would show the periods before it.
    await session.rows(_locking_query(named.columns), named.values)
    return await _read(session, named)


@cache
def _locking_query(columns: tuple[str, ...]) -> Select[tuple[UUID]]:
    return select(subscriptions.c.id).where(_have(columns)).order_by(subscriptions.c.id).with_for_update()


async def subscriptions_by_id(session: WriteSession, ids: Collection[UUID]) -> dict[UUID, StoredSubscription]:
    """Return subscriptions, which are locked or written, as they are stored now."""
    if not ids:
        return {}
    found = await _read(session, _named(ids, ()))
    return {stored.row.id: stored for stored in found}


async def _read(session: WriteSession, named: _Named) -> list[StoredSubscription]:
    return [_stored(row) for row in await session.rows(_reading_query(named.columns), named.values)]


@cache
def _reading_query(columns: tuple[str, ...]) -> Select[Any]:
    last = _last_period()
    previous = (
        select(func.coalesce(periods.c.cut_on, periods.c.ends_on))
        .where(narrowed(periods), periods.c.subscription_id == subscriptions.c.id, periods.c.sequence < last.c.sequence)
        .order_by(periods.c.sequence.desc())
        .limit(1)
        .correlate(subscriptions, last)
        .scalar_subquery()
    )
    is_current = last.c.starts_on == subscriptions.c.current_period_start
    over_on = func.coalesce(last.c.cut_on, last.c.ends_on)
    return (
        graph.subscription.select(
            subscriptions.c.customer_id,
            last.c.id,
            last.c.starts_on,
            last.c.ends_on,
            last.c.cut_on,
            last.c.net_amount,
            last.c.billed_amount,
            last.c.credited_amount,
            last.c.billed_on,
            last.c.payer_customer_id,
            previous,
            _ended_on(last),
            is_current,
            cast(over_on, Date),
            subscriptions.c.moved_version,
            subscriptions.c.moved_by,
            subscriptions.c.moved_known_on,
        )
        .select_from(subscriptions.outerjoin(last, true()))
        .where(_have(columns))
        .order_by(subscriptions.c.id)
    )


def _last_period() -> LateralFromClause:
    return lateral(
        select(periods)
        .where(narrowed(periods), periods.c.subscription_id == subscriptions.c.id)
        .order_by(periods.c.sequence.desc())
        .limit(1)
        .correlate(subscriptions),
        name="last",
    )


def _ended_on(last: LateralFromClause) -> ColumnElement[date | None]:
    """Return the day on which a transition has ended the subscription with its last period."""
    # Of a subscription that runs on, the last period is neither cut nor over when the transition begins it. The last of
    # the periods that a transition adds for a late billing system is not cut if it ends with the subscription.
    is_over = (
        select(transitions.c.id)
        .where(narrowed(transitions), transitions.c.id == last.c.transition_id)
        .where(transitions.c.effective_on >= last.c.ends_on)
        .correlate(last)
        .exists()
    )
    return func.coalesce(last.c.cut_on, case((is_over, last.c.ends_on)))


def _stored(row: Any) -> StoredSubscription:
    own, rest = row[: len(SubscriptionRow._fields)], row[len(SubscriptionRow._fields) :]
    subscription = SubscriptionRow._make(own)
    customer_id, *last, is_current, over_on = rest[:14]
    if is_current:
        period = StoredPeriod._make(last)
    else:
        # The current period has no record: nobody here knows what was billed for it.
        period = StoredPeriod(
            id=None,
            starts_on=subscription.current_period_start,
            ends_on=subscription.current_period_end,
            cut_on=None,
            net_amount=subscription.net_amount,
            billed_amount=NOTHING,
            credited_amount=NOTHING,
            billed_on=None,
            payer_customer_id=None,
            previous_over_on=over_on,
            ended_on=None,
        )
    return StoredSubscription(subscription, customer_id, period, StoredMove(*rest[14:]))
