"""Write mirrored subscriptions and their periods. Every function sends one statement, for any number of rows."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError

from app.db.declarations import narrowed
from app.db.periods import insert_periods
from app.db.record_set import at_this_moment, insert_all, record_set
from app.db.tables import subscription_periods as periods
from app.db.tables import subscriptions
from app.db.unit_of_work import LostRace, WriteSession, constraint_of

_UNIQUE_KEY = "subscriptions_external_system_id_key"

Rows = Sequence[Mapping[str, Any]]


async def insert_subscriptions(session: WriteSession, rows: Rows) -> None:
    """Write new subscriptions with the same columns, ordered by key, so that concurrent writers don't deadlock."""
    in_order = sorted(rows, key=lambda row: row["external_system_id"] or "")
    with _racing():
        await insert_all(session, subscriptions, in_order, created_at=at_this_moment, updated_at=at_this_moment)


async def update_subscriptions(session: WriteSession, rows: Rows) -> None:
    """Write the same columns of locked subscriptions, each row with its `id`; every version goes up by one."""
    if not rows:
        return
    given = record_set(subscriptions, rows)
    values = {name: given.c[name] for name in rows[0] if name != "id"}
    with _racing():
        await session.rows(
            update(subscriptions)
            .where(narrowed(subscriptions), subscriptions.c.id == given.c.id)
            .values(**values, version=subscriptions.c.version + 1, updated_at=func.clock_timestamp())
        )


async def update_periods(session: WriteSession, rows: Rows) -> None:
    """Write the same columns of current periods, each row with its `id`. Payers stay."""
    if not rows:
        return
    given = record_set(periods, rows)
    values = {name: given.c[name] for name in rows[0] if name != "id"}
    await session.rows(update(periods).where(narrowed(periods), periods.c.id == given.c.id).values(**values))


async def begin_periods(session: WriteSession, rows: Rows) -> None:
    """Write new periods, at most one of a subscription, each after the last one of its subscription."""
    await insert_periods(session, [row | {"sequence": 1} for row in map(dict, rows)])


@contextmanager
def _racing() -> Generator[None]:
    """Let the unique key decide between concurrent writers: the loser tries again, and finds the subscription."""
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) == _UNIQUE_KEY:
            raise LostRace from error
        raise
