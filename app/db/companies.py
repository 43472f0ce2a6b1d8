"""Companies: reading that of a session, and reading and writing all of them as the tables' owner."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import graph
from app.db.read_session import ReadSession
from app.db.rows import CompanyRow
from app.db.tables import companies, customers

TIME_ZONE_CHECK = "companies_time_zone_check"
"""Constraint name in the error for an unknown time zone, raised by a trigger (migration 0002)."""
_COLUMNS = tuple(companies.c[name] for name in CompanyRow._fields)
_LOCK_TIMEOUT = text("SET LOCAL lock_timeout = '10s'")
_KEEP_AMOUNTS = text("LOCK TABLE customers IN SHARE MODE")


async def current(session: ReadSession) -> CompanyRow | None:
    """Return the session's company, or None if the credential names one that doesn't exist."""
    rows = await session.rows(graph.company.select(), {})
    return CompanyRow._make(rows[0]) if rows else None


async def every(connection: AsyncConnection) -> list[CompanyRow]:
    """Return all companies, oldest first."""
    found = await connection.execute(select(*_COLUMNS).order_by(companies.c.created_at, companies.c.id))
    return [CompanyRow._make(row) for row in found]


async def create(connection: AsyncConnection, company: CompanyRow) -> CompanyRow:
    """Insert a company unless its id is taken; return the row stored under the id."""
    new = insert(companies).values(company._asdict())
    await connection.execute(new.on_conflict_do_nothing(index_elements=["id"]))
    found = await connection.execute(select(*_COLUMNS).where(companies.c.id == company.id))
    return CompanyRow._make(found.one())


async def lock(connection: AsyncConnection, company_id: UUID, *, for_currency: bool) -> CompanyRow | None:
    """Lock a company against concurrent changes and return it, or None.

    `for_currency` also locks the amounts of all customers. That lock is taken first, because a write of a customer
    locks the table `customers` before its foreign key locks the company.
    """
    await connection.execute(_LOCK_TIMEOUT)
    if for_currency:
        await connection.execute(_KEEP_AMOUNTS)
    query = select(*_COLUMNS).where(companies.c.id == company_id)
    row = (await connection.execute(query.with_for_update(key_share=True))).one_or_none()
    return None if row is None else CompanyRow._make(row)


async def customers_with_amounts(connection: AsyncConnection, company_id: UUID) -> int:
    """Return the number of customers with an opening balance or credit limit other than 0."""
    amounts = or_(customers.c.opening_balance != 0, customers.c.credit_limit != 0)
    query = select(func.count()).select_from(customers).where(customers.c.company_id == company_id, amounts)
    return (await connection.execute(query)).scalar_one()


async def update_company(connection: AsyncConnection, company_id: UUID, values: Mapping[str, object]) -> None:
    """Update columns of a locked company."""
    await connection.execute(update(companies).where(companies.c.id == company_id).values(values))
