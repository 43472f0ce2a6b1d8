"""Write customers, and take the company's locks. Every function runs one statement, for any number of customers."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db.declarations import narrowed
from app.db.record_set import insert_all, record_set
from app.db.tables import companies, customers
from app.db.unit_of_work import LostRace, Session, WriteSession, constraint_of

_LOCK_PARENTS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('parents:' || current_setting('app.company_id'), 0))"
)
"""Lock for changes of parents. Without it two concurrent changes, each valid alone, could form a cycle."""
_LOCK_NUMBERS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('customer numbers:' || current_setting('app.company_id'), 0))"
)
"""Lock for choosing the next customer number. The second transaction waits and sees the number of the first."""
_RACES = {
    "customers_company_id_customer_number_key",
    "customers_external_system_id_key",
    "customers_company_id_customer_group_id_fkey",
}


async def lock_parents(session: WriteSession) -> None:
    """Lock changes of parents, modes and currencies in the company. Call it before locking any row."""
    await session.rows(_LOCK_PARENTS)


async def lock_numbers(session: WriteSession) -> None:
    """Lock the choice of customer numbers in the company. Call it last, because every creation waits for it."""
    await session.rows(_LOCK_NUMBERS)


async def next_customer_number(session: Session) -> int:
    """Return the highest all-digit number plus one, or 1. Call it after `lock_numbers`."""
    query = (
        select(customers.c.customer_number)
        .where(narrowed(customers), customers.c.number_key < "1")  # the keys of all-digit numbers begin with a zero
        .order_by(customers.c.number_key.desc())
        .limit(1)
    )
    rows = await session.rows(query, {})
    return int(rows[0][0]) + 1 if rows else 1


async def clock(session: Session) -> tuple[str, datetime]:
    """Return the company's time zone and the current time.

    Call it after locking, because midnight can pass while waiting.
    """
    query = select(companies.c.time_zone, func.clock_timestamp()).where(narrowed(companies))
    rows = await session.rows(query, {})
    return rows[0][0], rows[0][1]


@contextmanager
def racing_for_keys() -> Generator[None]:
    """Raise LostRace if a concurrent transaction took a key or deleted the group; the retry then sees that."""
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) in _RACES:
            raise LostRace from error
        raise


async def insert_customers(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert customers that all have the same columns."""
    with racing_for_keys():
        await insert_all(session, customers, rows, created_at=_statement_time, updated_at=_statement_time)


def _statement_time(_given: TableValuedAlias) -> ColumnElement[Any]:
    return func.statement_timestamp()


async def update_customers(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update the same columns of customers, each row with its `id`, and increment their versions."""
    if not rows:
        return
    given = record_set(customers, rows)
    values = {name: given.c[name] for name in rows[0] if name != "id"}
    statement = (
        update(customers)
        .where(narrowed(customers), customers.c.id == given.c.id)
        .values(**values, version=customers.c.version + 1, updated_at=func.clock_timestamp())
    )
    with racing_for_keys():
        await session.rows(statement)
