"""Creating customers in tests, and seeing that a rejected creation wrote nothing."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.rows import CustomerRow
from app.db.unit_of_work import UnitOfWork
from app.domain.errors import ErrorCode, Problem, Rejected
from app.services.create_customer import CreateCustomerCommand, create_customer
from tests.support.untouched import everything_of


async def create(unit_of_work: UnitOfWork, fields: dict[str, Any]) -> CustomerRow:
    """The customer that is created."""
    outcome, replayed = await create_customer(unit_of_work, "freja", CreateCustomerCommand(fields), None)
    assert not replayed
    return outcome.customer


async def problems_of(
    unit_of_work: UnitOfWork, owner_engine: AsyncEngine, fields: dict[str, Any]
) -> tuple[Problem, ...]:
    """The problems of a rejected creation, which wrote nothing."""
    before = await everything_of(owner_engine, unit_of_work.company_id)
    with pytest.raises(Rejected) as rejected:
        await create(unit_of_work, fields)
    assert await everything_of(owner_engine, unit_of_work.company_id) == before
    return rejected.value.problems


async def codes_of(unit_of_work: UnitOfWork, owner_engine: AsyncEngine, fields: dict[str, Any]) -> list[ErrorCode]:
    """Their codes."""
    return [problem.code for problem in await problems_of(unit_of_work, owner_engine, fields)]
