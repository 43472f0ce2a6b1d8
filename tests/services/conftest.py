"""Fixtures for use cases: a unit of work of the test's company, helpers that call the use cases, and a clock."""

from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import customer_writes
from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from tests.services.group_use_cases import GroupUseCases
from tests.services.member_use_cases import KINDS, MemberUseCases
from tests.support.clock import DatabaseClock
from tests.support.records import Records


@pytest.fixture
def unit_of_work(database: Database, company: UUID) -> UnitOfWork:
    """A unit of work of the test's company."""
    return UnitOfWork(database, company)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    """19 June 2026, unless the test moves it."""
    clock = DatabaseClock()
    monkeypatch.setattr(customer_writes, "clock", clock)
    return clock


@pytest.fixture(params=KINDS)
async def members(
    request: pytest.FixtureRequest, owner_engine: AsyncEngine, unit_of_work: UnitOfWork, records: Records
) -> MemberUseCases:
    """A helper for contacts, then for departments, with a new customer."""
    return MemberUseCases(KINDS[request.param], owner_engine, unit_of_work, records, await records.customer())


@pytest.fixture
async def groups(owner_engine: AsyncEngine, unit_of_work: UnitOfWork, records: Records) -> GroupUseCases:
    """A helper for customer groups, with a new ledger account."""
    return GroupUseCases(owner_engine, unit_of_work, records, await records.account(number="4010", name="Sales"))
