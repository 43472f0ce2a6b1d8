"""Asking for the use cases of customer groups, and looking at what they leave behind."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.rows import CustomerGroupRow
from app.db.tables import customer_groups
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Problem, Rejected
from app.services.customer_groups import (
    CreateCustomerGroupCommand,
    DeleteCustomerGroupCommand,
    UpdateCustomerGroupCommand,
    create_customer_group,
    delete_customer_group,
    update_customer_group,
)
from tests.support.records import Records
from tests.support.untouched import everything_of


@dataclass(slots=True)
class GroupUseCases:
    """Asks for use cases of groups, and looks at what is stored."""

    engine: AsyncEngine
    unit_of_work: UnitOfWork
    records: Records
    account: UUID

    async def create(self, **given: Any) -> CustomerGroupRow:
        command = CreateCustomerGroupCommand({"number": "1", "name": "New", "account_id": str(self.account)} | given)
        return (await create_customer_group(self.unit_of_work, "tester", command, None))[0].group

    async def update(self, group: UUID, **given: Any) -> CustomerGroupRow:
        command = UpdateCustomerGroupCommand({"id": str(group)} | given)
        return (await update_customer_group(self.unit_of_work, "tester", command, None))[0].group

    async def delete(self, group: UUID, **given: Any) -> CustomerGroupRow:
        command = DeleteCustomerGroupCommand({"id": str(group)} | given)
        return (await delete_customer_group(self.unit_of_work, "tester", command, None))[0].group

    async def group(self, **values: Any) -> UUID:
        return await self.records.group(**{"account_id": self.account} | values)

    async def stored(self) -> dict[UUID, dict[str, Any]]:
        """All groups of the company by id."""
        async with self.engine.connect() as connection:
            query = select(customer_groups).where(customer_groups.c.company_id == self.records.company_id)
            return {row["id"]: dict(row) for row in (await connection.execute(query)).mappings()}

    async def rejection(self, doing: Awaitable[object]) -> list[Problem]:
        """The problems of what is rejected, having written nothing at all."""
        before = await everything_of(self.engine, self.records.company_id)
        with pytest.raises(Rejected) as rejected:
            await doing
        assert await everything_of(self.engine, self.records.company_id) == before
        return list(rejected.value.problems)

    async def codes(self, doing: Awaitable[object]) -> list[tuple[ErrorCode, tuple[str | int, ...]]]:
        return [(problem.code, problem.path) for problem in await self.rejection(doing)]
