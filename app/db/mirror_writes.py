"""Write mirrored subscriptions and their periods. Every function sends one statement, for any number of rows."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Table, Update, func, update
from sqlalchemy.exc import IntegrityError

from app.db.declarations import narrowed
from app.db.periods import insert_periods
from app.db.record_set import arrays_of, at_this_moment, insert_all, record_set_of
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
    with _racing():
        await session.rows(_update_of_subscriptions(tuple(rows[0])), arrays_of(rows))


async def update_periods(session: WriteSession, rows: Rows) -> None:
    """Write the same columns of current periods, each row with its `id`. Payers stay."""
    if rows:
        await session.rows(_update(periods, tuple(rows[0])), arrays_of(rows))


@cache
def _update_of_subscriptions(names: tuple[str, ...]) -> Update:
    moment = func.clock_timestamp()
    return _update(subscriptions, names).values(version=subscriptions.c.version + 1, updated_at=moment)


@cache
def _update(table: Table, names: tuple[str, ...]) -> Update:
    """Return the statement that writes columns of rows by their ids. Built once for the few lists of columns."""
    given = record_set_of(table, names)
    values = {name: given.c[name] for name in names if name != "id"}
    return update(table).where(narrowed(table), table.c.id == given.c.id).values(**values)


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
