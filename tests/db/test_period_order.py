"""The database lets no period of a subscription begin before the one before it is over."""

from datetime import date
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.tables import metadata
from tests.support.every_table import Row, World, another, problem, put, rejection, write_world

CHECK, ORDER = "23514", "subscription_periods_order_check"
"""How the triggers of migration 0008 name what they reject."""
MARCH, APRIL = (date(2026, month, 1) for month in (3, 4))
PERIODS = metadata.tables["subscription_periods"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(owner_engine: AsyncEngine) -> World:
    """The rows of a company: a subscription with a billed period, January. What a test tries is taken back."""
    return await write_world(owner_engine, uuid4())


async def test_a_period_that_begins_before_the_last_one_is_over_is_rejected(
    owner_engine: AsyncEngine, own: World
) -> None:
    following = another(own, PERIODS.name)
    for overlap in ({"starts_on": date(2026, 1, 31)}, {"sequence": 0, "starts_on": date(2025, 12, 1)}):
        assert await rejection(owner_engine, PERIODS.name, following | overlap) == (CHECK, ORDER)
    before = {"sequence": 0, "starts_on": date(2025, 12, 1), "ends_on": date(2026, 1, 1)}
    await put(owner_engine, PERIODS.name, following | before)


@pytest.mark.parametrize(
    ("values", "is_rejected"),
    [
        ({"cut_on": date(2026, 2, 20)}, False),
        ({"ends_on": MARCH}, False),
        ({"ends_on": date(2026, 3, 2)}, True),
        ({"starts_on": date(2026, 2, 9)}, False),
        ({"starts_on": date(2026, 1, 31)}, True),
    ],
)
async def test_a_period_that_grows_into_another_one_is_rejected(
    owner_engine: AsyncEngine, own: World, values: Row, *, is_rejected: bool
) -> None:
    second = another(own, PERIODS.name) | {"billed_amount": 0}
    third = second | {"id": uuid4(), "sequence": 3, "starts_on": MARCH, "ends_on": APRIL}
    async with owner_engine.connect() as connection:
        await connection.execute(insert(PERIODS).values([second, third]))
        grown = update(PERIODS).where(PERIODS.c.id == second["id"]).values(values)
        if is_rejected:
            with pytest.raises(DBAPIError) as rejected:
                await connection.execute(grown)
            assert problem(rejected.value) == (CHECK, ORDER)
        else:
            await connection.execute(grown)
        await connection.rollback()


async def test_a_period_that_overlapped_before_the_trigger_was_there_can_be_closed(
    owner_engine: AsyncEngine, own: World
) -> None:
    overlapping = another(own, PERIODS.name) | {"starts_on": date(2026, 1, 15)}
    async with owner_engine.connect() as connection:
        await connection.execute(text("ALTER TABLE subscription_periods DISABLE TRIGGER check_inserted_periods"))
        await connection.execute(insert(PERIODS).values(overlapping))
        closed = update(PERIODS).where(PERIODS.c.id == overlapping["id"]).values(cut_on=date(2026, 1, 20))
        await connection.execute(closed)
        await connection.rollback()
