"""Write customer groups."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Integer, bindparam, delete, func, or_, select

from app.db import graph
from app.db.declarations import narrowed
from app.db.record_set import Rows, among, at_this_moment, ids_of, insert_all, rows_by_id, update_all
from app.db.rows import CustomerGroupRow
from app.db.tables import customer_groups, customers, ledger_accounts
from app.db.unit_of_work import WriteSession, racing_for

_DECIDE_RACES = ("customer_groups_company_id_number_key", "customer_groups_company_id_account_id_fkey")
"""Constraints by which a concurrent transaction takes a number, or deletes an account."""
_GIVEN, _IDS, _NUMBERS, _MOST = "given", "ids", "numbers", "most"
_IS_GIVEN = narrowed(customer_groups) & (customer_groups.c.id == bindparam(_GIVEN))
_LOCK_GROUP = graph.customer_group.select().where(_IS_GIVEN).with_for_update(of=customer_groups)
_REMOVE = delete(customer_groups).where(_IS_GIVEN)
_WITH_NUMBER = select(customer_groups.c.id).where(
    narrowed(customer_groups), customer_groups.c.number == bindparam(_GIVEN)
)
_CUSTOMERS = (
    select(customers.c.id, func.count().over())
    .where(narrowed(customers), customers.c.customer_group_id == bindparam(_GIVEN))
    .order_by(customers.c.number_key, customers.c.id)
    .limit(bindparam(_MOST, type_=Integer()))
)
_LOCK_GROUPS = (
    graph.customer_group.select()
    .where(or_(among(customer_groups.c.id, _IDS), among(customer_groups.c.number, _NUMBERS)))
    .order_by(customer_groups.c.id)
    .with_for_update(of=customer_groups)
)
_ACCOUNTS = select(ledger_accounts.c.id, ledger_accounts.c.number).where(
    narrowed(ledger_accounts), or_(among(ledger_accounts.c.id, _IDS), among(ledger_accounts.c.number, _NUMBERS))
)


async def lock_group(session: WriteSession, group_id: UUID) -> CustomerGroupRow | None:
    """Lock a group against other writes and against joining customers; return it or None."""
    rows = await session.rows(_LOCK_GROUP, {_GIVEN: group_id})
    return CustomerGroupRow._make(rows[0]) if rows else None


async def lock_groups(session: WriteSession, ids: Collection[UUID], numbers: Collection[str]) -> list[CustomerGroupRow]:
    """Lock the groups that have one of the ids or numbers, in the order of their ids; return them."""
    rows = await session.rows(_LOCK_GROUPS, {_IDS: [*ids], _NUMBERS: [*numbers]})
    return [CustomerGroupRow._make(row) for row in rows]


async def accounts_of(session: WriteSession, ids: Collection[UUID], numbers: Collection[str]) -> dict[UUID, str]:
    """Return the numbers of the ledger accounts that have one of the ids or numbers, by id."""
    rows = await session.rows(_ACCOUNTS, {_IDS: [*ids], _NUMBERS: [*numbers]})
    return {row[0]: row[1] for row in rows}


async def write_groups(session: WriteSession, created: Rows, changed: Rows) -> dict[UUID, CustomerGroupRow]:
    """Insert groups and update locked ones; return them as they are now, by id."""
    # Ordered, so that concurrent inserts don't deadlock.
    in_order = sorted(created, key=lambda row: row["number"])
    with racing_for(*_DECIDE_RACES):
        await update_all(session, customer_groups, changed)
        await insert_all(session, customer_groups, in_order, created_at=at_this_moment, updated_at=at_this_moment)
    return await rows_by_id(session, graph.customer_group, ids_of(created, changed))


async def group_with_number(session: WriteSession, number: str) -> UUID | None:
    """Return the id of the group of the company that has this number, or None."""
    rows = await session.rows(_WITH_NUMBER, {_GIVEN: number})
    return rows[0][0] if rows else None


async def some_customers(session: WriteSession, group_id: UUID, *, most: int) -> tuple[list[UUID], int]:
    """Return the ids of the first customers of a group by number, and the number of its customers."""
    rows = await session.rows(_CUSTOMERS, {_GIVEN: group_id, _MOST: most})
    return [row[0] for row in rows], rows[0][1] if rows else 0


async def remove_group(session: WriteSession, group_id: UUID) -> None:
    """Delete a locked group that has no customers."""
    await session.rows(_REMOVE, {_GIVEN: group_id})
