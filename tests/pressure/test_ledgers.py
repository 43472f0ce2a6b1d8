"""A ledger notices what is missing, what is there twice, and what should not be there."""

from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.unit_of_work import UnitOfWork
from tests.pressure.ledger import Ledger, Told
from tests.support.new_customers import new_customer
from tests.support.records import Records
from tests.support.upserts import upsert

LEDGERS: dict[str, Ledger] = {
    "a creation is lost": Ledger({"once": Told.STORED, "twice": Told.NOTHING, "lost": Told.STORED}),
    "a refused one is there": Ledger({"once": Told.REFUSED}),
    "one is there that was not sent": Ledger({}),
    "a change is lost": Ledger({"once": Told.STORED}, {"changed": Told.STORED}),
}


@pytest.fixture
async def unit_of_work(database: Database, company: UUID) -> UnitOfWork:
    """The way to write for the test's company."""
    return UnitOfWork(database, company)


@pytest.mark.parametrize("ledger", LEDGERS.values(), ids=LEDGERS)
async def test_a_ledger_that_is_not_true_is_told(
    ledger: Ledger, unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    await upsert(unit_of_work, new_customer(await records.group(), "1", name="once"))

    with pytest.raises(AssertionError):
        await ledger.assert_true(owner_engine, company)


async def test_two_customers_of_one_creation_are_told(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    group_id = await records.group()
    await upsert(unit_of_work, new_customer(group_id, "1", name="twice"), new_customer(group_id, "2", name="twice"))

    with pytest.raises(AssertionError):
        await Ledger({"twice": Told.STORED}).assert_true(owner_engine, company)


async def test_a_ledger_that_is_true_passes_whatever_became_of_what_got_no_answer(
    unit_of_work: UnitOfWork, records: Records, owner_engine: AsyncEngine, company: UUID
) -> None:
    group_id = await records.group()
    await upsert(unit_of_work, new_customer(group_id, "1", name="once"), new_customer(group_id, "2", name="silent"))
    await upsert(unit_of_work, {"external_system_id": "1", "name": "changed"})
    creations = {"once": Told.STORED, "silent": Told.NOTHING, "refused": Told.REFUSED, "gone": Told.NOTHING}

    await Ledger(creations, {"changed": Told.STORED}).assert_true(owner_engine, company)
