"""Write members: a customer's contacts and departments, of which one is the default."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Column, Executable, delete, func, or_, select, update

from app.db import graph, tables
from app.db.declarations import Entity, narrowed
from app.db.identifiers import new_id
from app.db.record_set import KEYS, among, counted, store_rows
from app.db.rows import ContactRow, DepartmentRow
from app.db.unit_of_work import WriteSession

MemberT = TypeVar("MemberT", ContactRow, DepartmentRow)


@dataclass(frozen=True, slots=True, eq=False)
class Members(Generic[MemberT]):
    """A table of members, and its column that marks the default."""

    entity: Entity[MemberT]
    default: Column[Any]


CONTACTS = Members(graph.contact, tables.contacts.c.is_default_for_customer)
DEPARTMENTS = Members(graph.department, tables.departments.c.is_default)


async def customers_of(session: WriteSession, members: Members[Any], ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the customer of each member. It never changes, so it can be read before the customer is locked."""
    return {row[0]: row[1] for row in await session.rows(_customers_query(members), {KEYS: [*ids]})}


@cache
def _customers_query(members: Members[Any]) -> Executable:
    table = members.entity.table
    return select(table.c.id, table.c.customer_id).where(narrowed(table), among(table.c.id))


async def of_customers(
    session: WriteSession, members: Members[MemberT], customer_ids: Collection[UUID], ids: Collection[UUID], **key: Any
) -> list[MemberT]:
    """Return the members of locked customers that have one of the ids or key values, and the defaults."""
    ((name, values),) = key.items()
    given = {"customer_ids": [*customer_ids], "ids": [*ids], "values": [*values]}
    rows = await session.rows(_members_query(members, name), given)
    return [members.entity.row._make(row) for row in rows]


@cache
def _members_query(members: Members[Any], key: str) -> Executable:
    its = members.entity.table.c
    wanted = or_(among(its.id, "ids"), among(its[key], "values"), members.default)
    return members.entity.select().where(among(its.customer_id, "customer_ids"), wanted)


async def counts(session: WriteSession, members: Members[Any], customer_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the number of members of each customer that has any."""
    return {row[0]: row[1] for row in await session.rows(_counts_query(members), {KEYS: [*customer_ids]})}


@cache
def _counts_query(members: Members[Any]) -> Executable:
    table = members.entity.table
    customer = table.c.customer_id
    return select(customer, func.count()).where(narrowed(table), among(customer)).group_by(customer)


async def unmake_defaults(
    session: WriteSession, members: Members[MemberT], customer_ids: Collection[UUID]
) -> dict[UUID, MemberT]:
    """Remove the default marks of locked customers, because a unique index allows one default at a time.

    Return the members that had them, as they are now, by id.
    """
    if not customer_ids:
        return {}
    rows = await session.rows(_unmaking(members), {KEYS: [*customer_ids]})
    return {row.id: row for row in map(members.entity.row._make, rows)}


@cache
def _unmaking(members: Members[Any]) -> Executable:
    table = members.entity.table
    statement = update(table).where(narrowed(table), among(table.c.customer_id), members.default)
    return statement.values(counted(table, {members.default.name: False})).returning(*members.entity.columns)


async def add(
    session: WriteSession, members: Members[MemberT], customer_id: UUID, values: Mapping[str, object]
) -> MemberT:
    """Insert a member of a locked customer."""
    member_id = new_id()
    row = {"id": member_id, "customer_id": customer_id, **values}
    return (await store_rows(session, [row], [], entity=members.entity))[member_id]


async def update_member(
    session: WriteSession, members: Members[MemberT], member_id: UUID, values: Mapping[str, object]
) -> MemberT:
    """Update columns of a locked customer's member and increment its version."""
    return (await store_rows(session, [], [{"id": member_id, **values}], entity=members.entity))[member_id]


async def remove(session: WriteSession, members: Members[Any], member_id: UUID) -> None:
    """Delete a member of a locked customer."""
    await session.rows(_removal(members), {KEYS: [member_id]})


@cache
def _removal(members: Members[Any]) -> Executable:
    table = members.entity.table
    return delete(table).where(narrowed(table), among(table.c.id))
