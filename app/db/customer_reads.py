"""Read customers for use cases. Every function runs at most one statement, for any number of customers."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Select, false, or_, select, union

from app.db import graph
from app.db.declarations import narrowed
from app.db.read_session import DatabaseRow
from app.db.record_set import KEYS, among
from app.db.rows import CustomerRow
from app.db.tables import customer_groups, customers
from app.db.unit_of_work import Session


async def matching(session: Session, column: str, keys: Collection[Any], *, lock: bool) -> dict[UUID, CustomerRow]:
    """Return the customers with these values in a column, by id; locked if `lock`."""
    return _by_id(await session.rows(_matching_query(column, lock=lock), {KEYS: [*keys]}))


@cache
def _matching_query(column: str, *, lock: bool) -> Select[Any]:
    return _query(among(customers.c[column]), lock=lock)


async def lock_named(session: Session, keys: Mapping[str, Collection[Any]]) -> dict[UUID, CustomerRow]:
    """Lock the customers that have one of the keys of any of these columns, and return them by id."""
    named = {name: [*values] for name, values in keys.items() if values}
    return _by_id(await session.rows(_named_query(tuple(named)), named))


@cache
def _named_query(names: tuple[str, ...]) -> Select[Any]:
    # Without statistics, an alternative that finds nothing keeps PostgreSQL from using the index of another one.
    return _query(or_(false(), *(among(customers.c[name], name) for name in names)), lock=True)


async def families(
    session: Session, column: str, keys: Collection[Any], others: Collection[UUID], *, lock: bool
) -> dict[UUID, CustomerRow]:
    """Return the customers with these keys, their parents and children, and those with the ids `others`, by id."""
    return _by_id(await session.rows(_families_query(column, lock=lock), {KEYS: [*keys], "others": [*others]}))


@cache
def _families_query(column: str, *, lock: bool) -> Select[Any]:
    its = customers.c
    matched = select(its.id, its.parent_customer_id).where(narrowed(customers), among(its[column])).cte("matched")
    children = select(its.id).join(matched, its.parent_customer_id == matched.c.id).where(narrowed(customers))
    wanted = union(
        select(matched.c.id),
        select(matched.c.parent_customer_id),
        select(its.id).where(narrowed(customers), among(its.id, "others")),
        children,
    ).cte("wanted")
    ids: Select[tuple[Any]] = select(wanted.c.id)
    return _query(customers.c.id.in_(ids), lock=lock)


async def customers_by_id(session: Session, ids: Collection[UUID]) -> dict[UUID, CustomerRow]:
    """Return the stored customers by id."""
    return await matching(session, "id", ids, lock=False) if ids else {}


async def lock_customer(session: Session, customer_id: UUID) -> CustomerRow | None:
    """Lock a customer against writes of it and of everything that belongs to it; return it or None."""
    return (await matching(session, "id", [customer_id], lock=True)).get(customer_id)


def _query(condition: ColumnElement[bool], *, lock: bool) -> Select[Any]:
    query = graph.customer.select().where(condition).order_by(customers.c.id)
    # FOR UPDATE, because no weaker lock blocks a concurrent insert of a subscription.
    return query.with_for_update(of=customers) if lock else query


def _by_id(rows: Iterable[DatabaseRow]) -> dict[UUID, CustomerRow]:
    return {row[0]: CustomerRow._make(row) for row in rows}


async def existing_groups(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Return which of the ids are customer groups of the company.

    No lock is needed: the foreign key is checked on write.
    """
    return set(await _groups(session, "id", ids))


async def groups_by_number(session: Session, numbers: Collection[str]) -> dict[str, UUID]:
    """Return the ids of the customer groups that have these numbers."""
    return await _groups(session, "number", numbers)


async def _groups(session: Session, column: str, keys: Collection[Any]) -> dict[Any, UUID]:
    """Return the ids of the customer groups that have these values in a column, by value."""
    return {row[0]: row[1] for row in await session.rows(_groups_query(column), {KEYS: [*keys]})} if keys else {}


@cache
def _groups_query(column: str) -> Executable:
    key = customer_groups.c[column]
    return select(key.label("key"), customer_groups.c.id).where(narrowed(customer_groups), among(key))


async def key_holders(session: Session, wanted: Mapping[str, Collection[str]]) -> dict[str, dict[str, UUID]]:
    """Return the ids of the customers that have these unique keys, by column, then by value."""
    holders: dict[str, dict[str, UUID]] = {name: {} for name in wanted}
    named = {name: [*values] for name, values in wanted.items() if values}
    if named:
        for row in await session.rows(_holders_query(tuple(named)), named):
            for name, value in zip(named, row[1:], strict=True):
                if value in wanted[name]:
                    holders[name][value] = row[0]
    return holders


@cache
def _holders_query(names: tuple[str, ...]) -> Executable:
    columns = [customers.c[name] for name in names]
    query = select(customers.c.id, *columns)
    return query.where(narrowed(customers), or_(*(among(column, column.key) for column in columns)))
