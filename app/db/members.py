"""Write members: a customer's contacts and departments, of which one is the default."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Column, delete, func, insert, select, update

from app.db import graph, tables
from app.db.declarations import Entity, narrowed
from app.db.identifiers import new_id
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


async def customer_of(session: WriteSession, members: Members[Any], member_id: UUID) -> UUID | None:
    """Return a member's customer. It never changes, so it can be read before the customer is locked."""
    table = members.entity.table
    rows = await session.rows(select(table.c.customer_id).where(narrowed(table), table.c.id == member_id))
    return rows[0][0] if rows else None


async def of_customer(
    session: WriteSession, members: Members[MemberT], customer_id: UUID, member_id: UUID
) -> MemberT | None:
    """Return a member of a locked customer, or None."""
    table = members.entity.table
    query = members.entity.select().where(table.c.customer_id == customer_id, table.c.id == member_id)
    rows = await session.rows(query)
    return members.entity.row._make(rows[0]) if rows else None


async def has_others(session: WriteSession, members: Members[Any], customer_id: UUID, member_id: UUID) -> bool:
    """Return whether a locked customer has members besides this one."""
    table = members.entity.table
    others = select(table.c.id).where(narrowed(table), table.c.customer_id == customer_id, table.c.id != member_id)
    return bool(await session.rows(others.limit(1)))


async def unmake_default(session: WriteSession, members: Members[MemberT], customer_id: UUID) -> MemberT | None:
    """Remove the default mark of a locked customer, because a unique index allows only one default at a time.

    Return the member that was the default, as it is now, or None.
    """
    table = members.entity.table
    statement = update(table).where(narrowed(table), table.c.customer_id == customer_id, members.default)
    changed = statement.values(_changed(members, {members.default.name: False}))
    rows = await session.rows(changed.returning(*members.entity.columns))
    return members.entity.row._make(rows[0]) if rows else None


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
    statement = update(table).where(narrowed(table), table.c.id == member_id).values(_changed(members, values))
    rows = await session.rows(statement.returning(*members.entity.columns))
    return members.entity.row._make(rows[0])


async def remove(session: WriteSession, members: Members[Any], member_id: UUID) -> None:
    """Delete a member of a locked customer."""
    table = members.entity.table
    await session.rows(delete(table).where(narrowed(table), table.c.id == member_id))


def _changed(members: Members[Any], values: Mapping[str, object]) -> dict[str, object]:
    return {**values, "version": members.entity.table.c.version + 1, "updated_at": func.clock_timestamp()}
