"""Write customers, and take the company's locks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db import graph
from app.db.customer_reads import customers_by_id
from app.db.declarations import narrowed
from app.db.record_set import Rows, ids_of, insert_all, update_all
from app.db.rows import CustomerRow
from app.db.tables import companies, customers
from app.db.unit_of_work import Session, WriteSession, racing_for

_LOCK_PARENTS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('parents:' || current_setting('app.company_id'), 0))"
)
"""The company's lock for parents. Without it two concurrent changes, each valid alone, could form a cycle."""
_LOCK_NUMBERS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('customer numbers:' || current_setting('app.company_id'), 0))"
)
"""Lock for choosing the next customer number. The second transaction waits and sees the number of the first."""
_HIGHEST_NUMBER = (
    select(customers.c.customer_number)
    .where(narrowed(customers), customers.c.number_key < "1")  # the keys of all-digit numbers begin with a zero
    .order_by(customers.c.number_key.desc())
    .limit(1)
)
_CLOCK = select(companies.c.time_zone, func.clock_timestamp()).where(narrowed(companies))
_RACES = (
    "customers_company_id_customer_number_key",
    "customers_external_system_id_key",
    "customers_company_id_customer_group_id_fkey",
)
"""Constraints by which a concurrent transaction takes a key, or deletes a group."""


async def lock_parents(session: WriteSession) -> None:
    """Lock, in the company, all changes that `touches_family` names. Call it before locking any row."""
    await session.rows(_LOCK_PARENTS)


async def lock_numbers(session: WriteSession) -> None:
    """Lock the choice of customer numbers in the company. Call it last, because every creation waits for it."""
    await session.rows(_LOCK_NUMBERS)


async def next_customer_number(session: Session) -> int:
    """Return the highest all-digit number plus one, or 1. Call it after `lock_numbers`."""
    rows = await session.rows(_HIGHEST_NUMBER, {})
    return int(rows[0][0]) + 1 if rows else 1


async def clock(session: Session) -> tuple[str, datetime]:
    """Return the company's time zone and the current time.

    Call it after locking, because midnight can pass while waiting.
    """
    rows = await session.rows(_CLOCK, {})
    return rows[0][0], rows[0][1]


async def write_customers(session: WriteSession, created: Rows, changed: Rows) -> dict[UUID, CustomerRow]:
    """Insert customers and update others; return them as they are now, by id. Runs up to three statements."""
    with racing_for(*_RACES):
        await insert_all(session, customers, created, created_at=_statement_time, updated_at=_statement_time)
        stored = await update_all(session, customers, changed, returning=graph.customer)
    # A row has its group's name, and a write waits for whoever changes a group that it refers to. So it can return the
    # old name, and only reading afterwards is certain to find the new one.
    joined = [row for row in changed if "customer_group_id" in row]
    return stored | await customers_by_id(session, ids_of(created, joined))


def _statement_time(_given: TableValuedAlias) -> ColumnElement[Any]:
    return func.statement_timestamp()
