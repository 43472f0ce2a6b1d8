"""Asking for the use cases of contacts and departments, which behave alike, and looking at what they leave behind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import tables
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Problem, Rejected
from app.domain.upserts import ContactMatchKey, DepartmentMatchKey
from app.services import contacts, departments
from app.services.commands import Command
from app.services.members import MemberOutcome, MemberService
from app.services.upsert_contacts import UpsertContactsCommand, upsert_contacts
from app.services.upsert_departments import UpsertDepartmentsCommand, upsert_departments
from tests.support.records import Records
from tests.support.untouched import everything_of


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two kinds."""

    service: MemberService[Any]
    commands: tuple[Callable[[Any], Command], Callable[[Any], Command], Callable[[Any], Command]]
    table: Table
    not_found: ErrorCode

    @property
    def default(self) -> str:
        return self.service.kind.default


KINDS = {
    "contact": Kind(
        contacts.CONTACTS,
        (contacts.CreateContactCommand, contacts.UpdateContactCommand, contacts.DeleteContactCommand),
        tables.contacts,
        ErrorCode.CONTACT_NOT_FOUND,
    ),
    "department": Kind(
        departments.DEPARTMENTS,
        (departments.CreateDepartmentCommand, departments.UpdateDepartmentCommand, departments.DeleteDepartmentCommand),
        tables.departments,
        ErrorCode.DEPARTMENT_NOT_FOUND,
    ),
}


@dataclass(slots=True)
class MemberUseCases:
    """Asks for use cases of one kind, about the customer of the test, and looks at what is stored."""

    kind: Kind
    engine: AsyncEngine
    unit_of_work: UnitOfWork
    records: Records
    customer: UUID

    async def create(self, **given: Any) -> MemberOutcome[Any]:
        command = self.kind.commands[0]({"customer_id": str(self.customer), "name": "New"} | given)
        return (await self.kind.service.create(self.unit_of_work, "tester", command, None))[0]

    async def update(self, member: UUID, **given: Any) -> MemberOutcome[Any]:
        command = self.kind.commands[1]({"id": str(member)} | given)
        return (await self.kind.service.update(self.unit_of_work, "tester", command, None))[0]

    async def delete(self, member: UUID, **given: Any) -> MemberOutcome[Any]:
        command = self.kind.commands[2]({"id": str(member)} | given)
        return (await self.kind.service.delete(self.unit_of_work, "tester", command, None))[0]

    async def record(self, *, default: bool = False, customer: UUID | None = None, **values: Any) -> UUID:
        add = getattr(self.records, self.kind.service.kind.noun)
        return await add(customer or self.customer, **{self.kind.default: default}, **values)

    async def stored(self) -> dict[UUID, dict[str, Any]]:
        """All rows of the company by id."""
        async with self.engine.connect() as connection:
            query = select(self.kind.table).where(self.kind.table.c.company_id == self.records.company_id)
            return {row["id"]: dict(row) for row in (await connection.execute(query)).mappings()}

    async def defaults(self) -> list[UUID]:
        return [id_ for id_, row in (await self.stored()).items() if row[self.kind.default]]

    async def rejection(self, doing: Any) -> list[Problem]:
        """The problems of what is rejected, having written nothing at all."""
        before = await everything_of(self.engine, self.records.company_id)
        with pytest.raises(Rejected) as rejected:
            await doing
        assert await everything_of(self.engine, self.records.company_id) == before
        return list(rejected.value.problems)

    async def codes(self, doing: Any) -> list[tuple[ErrorCode, str]]:
        return [(problem.code, str(problem.path[0])) for problem in await self.rejection(doing)]


async def upsert(
    members: MemberUseCases,
    *rows: Mapping[str, object],
    key: str | None = None,
    unit_of_work: UnitOfWork | None = None,
    **control: Any,
) -> Any:
    """The results of a list that matches by name."""
    unit = unit_of_work or members.unit_of_work
    if members.kind.service.kind.noun == "contact":
        contacts = UpsertContactsCommand(rows, match_by=ContactMatchKey.NAME, **control)
        return (await upsert_contacts(unit, "tester", contacts, key))[0].results
    departments = UpsertDepartmentsCommand(rows, match_by=DepartmentMatchKey.NAME, **control)
    return (await upsert_departments(unit, "tester", departments, key))[0].results
