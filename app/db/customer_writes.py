"""Writing customers: the company's locks, then rows; every function is one statement, however many customers it is about."""

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

_PARENTS = text("SELECT pg_advisory_xact_lock(hashtextextended('parents:' || current_setting('app.company_id'), 0))")
"""Of two transactions that change who is whose parent, one waits: each alone is right, together they could make a ring."""
_NUMBERS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('customer numbers:' || current_setting('app.company_id'), 0))"
)
"""Of two transactions that choose the next customer number, one waits and sees the other's."""
_RACES = {
    "customers_company_id_customer_number_key",
    "customers_external_system_id_key",
    "customers_company_id_customer_group_id_fkey",
}


async def lock_parents(session: WriteSession) -> None:
    """Be the only transaction that changes parents, modes or currencies in the company. Taken before any row is locked."""
    await session.rows(_PARENTS)


async def lock_numbers(session: WriteSession) -> None:
    """Be the only transaction that chooses a next number in the company. Taken last, for every creation waits for it."""
    await session.rows(_NUMBERS)


async def next_customer_number(session: Session) -> int:
    """Return one more than the highest all-digit number, from 1; read under `lock_numbers`."""
    query = (
        select(customers.c.customer_number)
        .where(narrowed(customers), customers.c.number_key < "1")  # the keys of all-digit numbers begin with a zero
        .order_by(customers.c.number_key.desc())
        .limit(1)
    )
    rows = await session.rows(query, {})
    return int(rows[0][0]) + 1 if rows else 1


async def clock(session: Session) -> tuple[str, datetime]:
    """Return the company's time zone and the database's present moment, read after the locks: midnight may pass while one waits."""
    query = select(companies.c.time_zone, func.clock_timestamp()).where(narrowed(companies))
    rows = await session.rows(query, {})
    return rows[0][0], rows[0][1]


@contextmanager
def racing_for_keys() -> Generator[None]:
    """A constraint decides between two writers at one moment; the loser tries again, and finds the key taken or the group gone."""
    try:
        yield
    except IntegrityError as error:
        if constraint_of(error) in _RACES:
            raise LostRace from error
        raise


async def insert_customers(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write new customers, all of the same columns; nothing for none."""

    def moment(_given: TableValuedAlias) -> ColumnElement[Any]:
        return func.statement_timestamp()

    with racing_for_keys():
        await insert_all(session, customers, rows, created_at=moment, updated_at=moment)


async def update_customers(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the same columns of many customers, each row with its `id`; every version goes up by one. Nothing for none."""
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
