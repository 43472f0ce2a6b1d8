"""Read customers for use cases. Every function runs at most one statement, for any number of customers."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, or_, select, union

from app.db import graph
from app.db.declarations import narrowed
from app.db.record_set import among
from app.db.rows import CustomerRow
from app.db.tables import customer_groups, customers
from app.db.unit_of_work import Session


async def matching(session: Session, column: str, keys: Collection[Any], *, lock: bool) -> dict[UUID, CustomerRow]:
    """Return the customers with these values in a column, by id; locked if `lock`."""
    return await _customers(session, among(customers.c[column], keys), lock=lock)


async def lock_named(session: Session, keys: Mapping[str, Collection[Any]]) -> dict[UUID, CustomerRow]:
    """Lock the customers that have one of the keys of any of these columns, and return them by id."""
    # Without statistics, an alternative that finds nothing keeps PostgreSQL from using the index of another one.
    named = [among(customers.c[name], values) for name, values in keys.items() if values]
    return await _customers(session, or_(false(), *named), lock=True)


async def families(
    session: Session, column: str, keys: Collection[Any], others: Collection[UUID], *, lock: bool
) -> dict[UUID, CustomerRow]:
    """Return the customers with these keys, their parents and children, and those with the ids `others`, by id."""
    its = customers.c
    matched = select(its.id, its.parent_customer_id).where(narrowed(customers), among(its[column], keys)).cte("matched")
    children = select(its.id).join(matched, its.parent_customer_id == matched.c.id).where(narrowed(customers))
    wanted = union(
        select(matched.c.id),
        select(matched.c.parent_customer_id),
        select(its.id).where(narrowed(customers), among(its.id, others)),
        children,
    ).cte("wanted")
    ids: Select[tuple[Any]] = select(wanted.c.id)
    return await _customers(session, customers.c.id.in_(ids), lock=lock)


async def customers_by_id(session: Session, ids: Collection[UUID]) -> dict[UUID, CustomerRow]:
    """Return the stored customers by id."""
    return await matching(session, "id", ids, lock=False) if ids else {}


async def lock_customer(session: Session, customer_id: UUID) -> CustomerRow | None:
    """Lock a customer against writes of it and of everything that belongs to it; return it or None."""
    return (await matching(session, "id", [customer_id], lock=True)).get(customer_id)


async def _customers(session: Session, condition: ColumnElement[bool], *, lock: bool) -> dict[UUID, CustomerRow]:
    query = graph.customer.select().where(condition).order_by(customers.c.id)
    # FOR UPDATE, because no weaker lock blocks a concurrent insert of a subscription.
    rows = await session.rows(query.with_for_update(of=customers) if lock else query, {})
    return {row[0]: CustomerRow._make(row) for row in rows}


async def existing_groups(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Return which of the ids are customer groups of the company.

    No lock is needed: the foreign key is checked on write.
    """
    if not ids:
        return set()
    query = select(customer_groups.c.id).where(narrowed(customer_groups), among(customer_groups.c.id, ids))
    return {row[0] for row in await session.rows(query, {})}


async def groups_by_number(session: Session, numbers: Collection[str]) -> dict[str, UUID]:
    """Return the ids of the customer groups that have these numbers."""
    if not numbers:
        return {}
    query = select(customer_groups.c.number, customer_groups.c.id)
    query = query.where(narrowed(customer_groups), among(customer_groups.c.number, numbers))
    return {row[0]: row[1] for row in await session.rows(query, {})}


async def key_holders(session: Session, wanted: Mapping[str, Collection[str]]) -> dict[str, dict[str, UUID]]:
    """Return the ids of the customers that have these unique keys, by column, then by value."""
    holders: dict[str, dict[str, UUID]] = {name: {} for name in wanted}
    conditions = [among(customers.c[name], values) for name, values in wanted.items() if values]
    if conditions:
        query = select(customers.c.id, *(customers.c[name] for name in wanted))
        for row in await session.rows(query.where(narrowed(customers), or_(*conditions)), {}):
            for name, value in zip(wanted, row[1:], strict=True):
                if value in wanted[name]:
                    holders[name][value] = row[0]
    return holders
