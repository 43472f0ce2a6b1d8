"""Many customers at once: every function is one statement, however many they are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, Uuid, any_, func, literal, or_, select, union, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias

from app.db import graph
from app.db.customer_writes import racing_for_keys
from app.db.declarations import narrowed
from app.db.record_set import insert_all, record_set
from app.db.rows import CustomerRow
from app.db.tables import customer_groups, customers
from app.db.unit_of_work import WriteSession


def _texts(column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    return column == any_(literal(list(values), ARRAY(Text())))


def _ids(column: ColumnElement[Any], values: Iterable[UUID]) -> ColumnElement[bool]:
    return column == any_(literal(list(values), ARRAY(Uuid())))


async def lock_matching(session: WriteSession, column: str, keys: Iterable[str]) -> list[CustomerRow]:
    """Lock the customers that a column's values name, by id."""
    return await _locked(session, select(customers.c.id).where(narrowed(customers), _texts(customers.c[column], keys)))


async def lock_families(
    session: WriteSession, column: str, keys: Iterable[str], others: Iterable[UUID]
) -> list[CustomerRow]:
    """Lock the customers that a column's values name, their parents and children, and others that may become parents, by id."""
    its = customers.c
    matched = (
        select(its.id, its.parent_customer_id).where(narrowed(customers), _texts(its[column], keys)).cte("matched")
    )
    children = select(its.id).join(matched, its.parent_customer_id == matched.c.id).where(narrowed(customers))
    wanted = union(
        select(matched.c.id),
        select(matched.c.parent_customer_id),
        select(its.id).where(narrowed(customers), _ids(its.id, others)),
        children,
    ).cte("wanted")
    return await _locked(session, select(wanted.c.id))


async def _locked(session: WriteSession, ids: Select[tuple[Any]]) -> list[CustomerRow]:
    # FOR UPDATE, because only that blocks a concurrent insert of a subscription.
    query = graph.customer.select().where(customers.c.id.in_(ids)).order_by(customers.c.id)
    return [CustomerRow._make(row) for row in await session.rows(query.with_for_update(of=customers))]


async def existing_groups(session: WriteSession, ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids that are customer groups of the company."""
    if not ids:
        return set()
    query = select(customer_groups.c.id).where(narrowed(customer_groups), _ids(customer_groups.c.id, ids))
    return {row[0] for row in await session.rows(query)}


async def key_holders(
    session: WriteSession, numbers: Collection[str], external_system_ids: Collection[str]
) -> dict[str, dict[str, UUID]]:
    """Who has which of the unique keys: by the column's name, then by its value."""
    wanted = {"customer_number": numbers, "external_system_id": external_system_ids}
    holders: dict[str, dict[str, UUID]] = {name: {} for name in wanted}
    conditions = [_texts(customers.c[name], values) for name, values in wanted.items() if values]
    if conditions:
        query = select(customers.c.id, *(customers.c[name] for name in wanted))
        for row in await session.rows(query.where(narrowed(customers), or_(*conditions))):
            for name, value in zip(wanted, row[1:], strict=True):
                if value in wanted[name]:
                    holders[name][value] = row[0]
    return holders


async def insert_customers(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write new customers, all of the same columns."""

    def moment(_given: TableValuedAlias) -> ColumnElement[Any]:
        return func.statement_timestamp()

    with racing_for_keys():
        await insert_all(session, customers, rows, created_at=moment, updated_at=moment)


async def update_customers(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the same columns of many customers, each row with its `id`; every version goes up by one."""
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


async def customers_by_id(session: WriteSession, ids: Collection[UUID]) -> dict[UUID, CustomerRow]:
    """Customers as they are stored now."""
    if not ids:
        return {}
    rows = await session.rows(graph.customer.select().where(_ids(customers.c.id, ids)))
    return {row[0]: CustomerRow._make(row) for row in rows}
