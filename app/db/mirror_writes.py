"""Write mirrored subscriptions and their periods. Every function sends one statement, for any number of rows."""

from functools import cache

from sqlalchemy import Update, update

from app.db.declarations import narrowed
from app.db.periods import insert_periods
from app.db.record_set import Rows, arrays_of, at_this_moment, insert_all, record_set_of, update_all
from app.db.tables import subscription_periods as periods
from app.db.tables import subscriptions
from app.db.unit_of_work import WriteSession, racing_for

_UNIQUE_KEY = "subscriptions_external_system_id_key"


async def insert_subscriptions(session: WriteSession, rows: Rows) -> None:
    """Write new subscriptions with the same columns, ordered by key, so that concurrent writers don't deadlock."""
    in_order = sorted(rows, key=lambda row: row["external_system_id"] or "")
    with racing_for(_UNIQUE_KEY):
        await insert_all(session, subscriptions, in_order, created_at=at_this_moment, updated_at=at_this_moment)


async def update_subscriptions(session: WriteSession, rows: Rows) -> None:
    """Write the same columns of locked subscriptions, each row with its `id`; every version goes up by one."""
    with racing_for(_UNIQUE_KEY):
        await update_all(session, subscriptions, rows)


async def mark_known(session: WriteSession, rows: Rows) -> None:
    """Write the day on which the billing system showed that it knows of the last move, of locked subscriptions.

    Their versions stay.
    """
    if rows:
        await session.rows(_marking(), arrays_of(rows))


@cache
def _marking() -> Update:
    given = record_set_of(subscriptions, ("id", "moved_known_on"))
    marked = update(subscriptions).where(narrowed(subscriptions), subscriptions.c.id == given.c.id)
    return marked.values(moved_known_on=given.c.moved_known_on)


async def update_periods(session: WriteSession, rows: Rows) -> None:
    """Write the same columns of current periods, each row with its `id`. Payers stay."""
    await update_all(session, periods, rows)


async def begin_periods(session: WriteSession, rows: Rows) -> None:
    """Write new periods, at most one of a subscription, each after the last one of its subscription."""
    await insert_periods(session, [row | {"sequence": 1} for row in map(dict, rows)])
