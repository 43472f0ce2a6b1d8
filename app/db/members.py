"""Write members: a customer's contacts and departments, of which one is the default."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Column, delete, func, insert, or_, select, update

from app.db import graph, tables
from app.db.declarations import Entity, narrowed
from app.db.identifiers import new_id
from app.db.record_set import KEYS, Rows, among, at_this_moment, counted, ids_of, insert_all, rows_by_id, update_all
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
    table = members.entity.table
    query = select(table.c.id, table.c.customer_id).where(narrowed(table), among(table.c.id))
    return {row[0]: row[1] for row in await session.rows(query, {KEYS: [*ids]})}


async def of_customers(
    session: WriteSession, members: Members[MemberT], customer_ids: Collection[UUID], ids: Collection[UUID], **key: Any
) -> list[MemberT]:
    """Return the members of locked customers that have one of the ids or key values, and the defaults."""
    table = members.entity.table
    ((name, values),) = key.items()
    wanted = or_(among(table.c.id, "ids"), among(table.c[name], "values"), members.default)
    query = members.entity.select().where(among(table.c.customer_id, "customer_ids"), wanted)
    rows = await session.rows(query, {"ids": [*ids], "values": [*values], "customer_ids": [*customer_ids]})
    return [members.entity.row._make(row) for row in rows]


async def counts(session: WriteSession, members: Members[Any], customer_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the number of members of each customer that has any."""
    table = members.entity.table
    query = select(table.c.customer_id, func.count()).where(narrowed(table), among(table.c.customer_id))
    rows = await session.rows(query.group_by(table.c.customer_id), {KEYS: [*customer_ids]})
    return {row[0]: row[1] for row in rows}


async def unmake_defaults(
    session: WriteSession, members: Members[MemberT], customer_ids: Collection[UUID]
) -> dict[UUID, MemberT]:
    """Remove the default marks of locked customers, because a unique index allows one default at a time.

    Return the members that had them, as they are now, by id.
    """
    if not customer_ids:
        return {}
    table = members.entity.table
    statement = update(table).where(narrowed(table), among(table.c.customer_id), members.default)
    changed = statement.values(counted(table, {members.default.name: False}))
    rows = await session.rows(changed.returning(*members.entity.columns), {KEYS: [*customer_ids]})
    return {row.id: row for row in map(members.entity.row._make, rows)}


async def write_members(
    session: WriteSession, created: Rows, changed: Rows, *, members: Members[MemberT]
) -> dict[UUID, MemberT]:
    """Insert and update members of locked customers; return them as they are now, by id."""
    table = members.entity.table
    await update_all(session, table, changed)
    await insert_all(session, table, created, created_at=at_this_moment, updated_at=at_this_moment)
    return await rows_by_id(session, members.entity, ids_of(created, changed))


async def add(
    session: WriteSession, members: Members[MemberT], customer_id: UUID, values: Mapping[str, object]
) -> MemberT:
    """Insert a member of a locked customer."""
    table = members.entity.table
    row = {"company_id": session.company_id, "id": new_id(), "customer_id": customer_id, **values}
    rows = await session.rows(insert(table).values(row).returning(*members.entity.columns))
    return members.entity.row._make(rows[0])


async def change(
    session: WriteSession, members: Members[MemberT], member_id: UUID, values: Mapping[str, object]
) -> MemberT:
    """Update columns of a locked customer's member and increment its version."""
    table = members.entity.table
    statement = update(table).where(narrowed(table), table.c.id == member_id).values(counted(table, values))
    rows = await session.rows(statement.returning(*members.entity.columns))
    return members.entity.row._make(rows[0])


async def remove(session: WriteSession, members: Members[Any], member_id: UUID) -> None:
    """Delete a member of a locked customer."""
    table = members.entity.table
    await session.rows(delete(table).where(narrowed(table), table.c.id == member_id))
