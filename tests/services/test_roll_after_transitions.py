"""What a transition began is billed to the new payer by the demo's biller, and goes on from there."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.tables import subscription_periods
from app.db.unit_of_work import UnitOfWork
from app.services.roll_periods import Rolled, roll_due_periods
from tests.services.updates import PARENT, billed, rows_of, update
from tests.support.clock import DatabaseClock
from tests.support.records import Records

JUNE, CUT, JULY, AUGUST = date(2026, 6, 1), date(2026, 6, 19), date(2026, 7, 15), date(2026, 8, 15)
Expected = list[tuple[date, int, str, str]]
"""Periods: the first day, the days, who pays, and what is billed without what is credited."""
EXPECTED: dict[str, tuple[dict[str, Any], date, Expected, Expected]] = {
    "a single invoice": (
        PARENT,
        AUGUST,
        [
            (JUNE, 30, "own", "180.00"),
            (CUT, 26, "parent", "260.00"),
            (JULY, 31, "parent", "300.00"),
            (AUGUST, 31, "parent", "300.00"),
        ],
        [
            (JUNE, 30, "own", "120.00"),
            (CUT, 26, "parent", "173.33"),
            (JULY, 31, "parent", "200.00"),
            (AUGUST, 31, "parent", "0.00"),
        ],
    ),
    "an invoice of each child": (
        {},
        CUT,
        [(JUNE, 30, "own", "180.00"), (CUT, 30, "parent", "300.00")],
        [(JUNE, 30, "own", "120.00"), (CUT, 30, "parent", "0.00")],
    ),
}


@pytest.mark.parametrize("case", EXPECTED.values(), ids=EXPECTED)
async def test_periods_that_a_transition_began_are_billed_to_the_new_payer(
    case: tuple[dict[str, Any], date, Expected, Expected],
    unit_of_work: UnitOfWork,
    records: Records,
    owner_engine: AsyncEngine,
    database: Database,
    clock: DatabaseClock,
) -> None:
    settings, today, *expected = case
    parent, customer = await records.customer(**settings), await records.customer()
    advance = await billed(records, customer)
    arrears = await billed(records, customer, billing_direction="ARREARS", net_amount=200)
    link = {"parent_customer_id": parent, "billing_relationship": "PARENT_PAYS"}
    await update(unit_of_work, customer, link, advance, arrears)

    clock.now = datetime(today.year, today.month, today.day, 10, tzinfo=UTC)
    assert (await roll_due_periods(database, records.company_id)).left == set()

    payers = {customer: "own", parent: "parent"}
    rows = await rows_of(owner_engine, subscription_periods, records.company_id, subscription_periods.c.sequence)
    for subscription, periods in zip((advance, arrears), expected, strict=True):
        assert [
            (row["starts_on"], (row["ends_on"] - row["starts_on"]).days, payers[row["payer_customer_id"]], left_of(row))
            for row in rows
            if row["subscription_id"] == subscription
        ] == periods
    assert await roll_due_periods(database, records.company_id) == Rolled()


def left_of(period: dict[str, Any]) -> str:
    """What was billed for a period and not credited, in cents."""
    return str((period["billed_amount"] - period["credited_amount"]).quantize(Decimal("0.01")))
