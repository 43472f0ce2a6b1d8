"""What the database holds of periods, against plain SQL of the role that serves: what is billed, and that they agree
with their subscription."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import insert, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.tables import metadata
from tests.support.every_table import World, another, problem, write_world

CHECK = "23514"
_NAMES = ("billed", "current", "billed_on", "history")
BILLED, CURRENT, BILLED_ON, HISTORY = (f"subscription_periods_{name}_check" for name in _NAMES)
"""How the triggers of migrations 0012 and 0015 name what they reject."""
PERIODS = metadata.tables["subscription_periods"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(owner_engine: AsyncEngine) -> World:
    """The rows of a company: a subscription with a billed period, January. What a test tries is taken back."""
    return await write_world(owner_engine, uuid4())


@asynccontextmanager
async def serving(engine: AsyncEngine, own: World) -> AsyncGenerator[AsyncConnection]:
    """A transaction of the role that serves. It is checked as it would be at its end, and rolled back."""
    async with engine.connect() as connection:
        query = text("SELECT set_config('app.company_id', :company_id, true)")
        await connection.execute(query, {"company_id": str(own["companies"]["id"])})
        yield connection
        await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await connection.rollback()


async def run(connection: AsyncConnection, own: World, statements: list[str]) -> None:
    """Run the statements on the subscription and its only period; `:new` is an id."""
    keys = {
        "company": own["companies"]["id"],
        "subscription": own["subscriptions"]["id"],
        "period": own["subscription_periods"]["id"],
        "payer": own["customers"]["id"],
        "new": uuid4(),
    }
    for statement in statements:
        query = text(statement)
        await connection.execute(query.bindparams(**{name: keys[name] for name in keys if f":{name}" in statement}))


def next_period(**values: str) -> str:
    """The statement that begins February."""
    named = {
        "company_id": ":company",
        "id": ":new",
        "subscription_id": ":subscription",
        "sequence": "2",
        "payer_customer_id": ":payer",
        "starts_on": "'2026-02-01'",
        "ends_on": "'2026-03-01'",
        "net_amount": "300",
        "billed_amount": "0",
        "credited_amount": "0",
    } | values
    return f"INSERT INTO subscription_periods ({', '.join(named)}) VALUES ({', '.join(named.values())})"  # noqa: S608 - SQL of this file


def of_period(change: str) -> str:
    return f"UPDATE subscription_periods SET {change} WHERE id = :period"  # noqa: S608 - SQL of this file


def of_second(change: str) -> str:
    return f"UPDATE subscription_periods SET {change} WHERE sequence = 2"  # noqa: S608 - SQL of this file


def of_subscription(change: str) -> str:
    return f"UPDATE subscriptions SET {change} WHERE id = :subscription"  # noqa: S608 - SQL of this file


TO_FEBRUARY = of_subscription("current_period_start = '2026-02-01', current_period_end = '2026-03-01'")
TO_TRIAL = of_subscription("status = 'TRIAL', trial_ends_on = '2026-03-01'")
FREE = next_period(net_amount="0")
CHECK_NOW = ["SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"]
CUT = of_period("cut_on = '2026-01-15', credited_amount = 120")
PAUSED = of_subscription("status = 'PAUSED'")
BY_TRANSITION = "(SELECT id FROM billing_transitions LIMIT 1)"
MARCH_PERIOD = next_period(id="gen_random_uuid()", sequence="3", starts_on="'2026-03-01'", ends_on="'2026-04-01'")
REJECTED: dict[str, tuple[list[str], str]] = {
    "a billed period that ends earlier": ([of_period("ends_on = '2026-01-15'")], BILLED),
    "a billed period that starts earlier": ([of_period("starts_on = '2025-12-31'")], BILLED),
    "a billed period with another price": ([of_period("net_amount = 310")], BILLED),
    "a billed period that is billed less": ([of_period("billed_amount = 299")], BILLED),
    "a billed period that isn't billed any more": ([of_period("billed_amount = 0, net_amount = 0")], BILLED),
    "a next period without its subscription": ([next_period()], CURRENT),
    "a subscription without its next period": ([TO_FEBRUARY], CURRENT),
    "a next period with other days": ([next_period(ends_on="'2026-02-15'"), TO_FEBRUARY], CURRENT),
    "a period that becomes longer alone": (
        [next_period(), TO_FEBRUARY, of_second("ends_on = '2026-03-02'")],
        CURRENT,
    ),
    "a subscription that becomes shorter alone": ([of_subscription("current_period_end = '2026-01-15'")], CURRENT),
    "a trial with a price": ([next_period(), TO_FEBRUARY, TO_TRIAL], CURRENT),
    "a trial that gets a price": (
        [FREE, TO_FEBRUARY, TO_TRIAL, of_second("net_amount = 1")],
        CURRENT,
    ),
    "a trial that is billed": (
        [FREE, TO_FEBRUARY, TO_TRIAL, of_second("billed_amount = 1, billed_on = '2026-02-01'")],
        CURRENT,
    ),
    "a billed period that loses its day": (
        [of_period("billed_on = '2026-01-01'"), of_period("billed_on = NULL")],
        BILLED,
    ),
    "a cut period that is billed more": ([PAUSED, CUT, of_period("billed_amount = 301")], BILLED),
    "a cut period that is cut another day": ([PAUSED, CUT, of_period("cut_on = NULL")], BILLED),
    "a cut of a period that runs on": ([CUT], CURRENT),
    "a cut period that runs again": ([PAUSED, CUT, *CHECK_NOW, of_subscription("status = 'ACTIVE'")], CURRENT),
    "a cut period that runs longer": (
        [
            of_subscription("status = 'PENDING_CANCELLATION', ends_on = '2026-01-15'"),
            CUT,
            *CHECK_NOW,
            of_subscription("ends_on = '2026-01-20'"),
        ],
        CURRENT,
    ),
    "a key for what has a later period": (
        [
            of_subscription("external_system_id = NULL"),
            of_subscription("current_period_start = '2025-12-01', started_on = '2025-12-01'"),
            *CHECK_NOW,
            of_subscription("external_system_id = 's'"),
        ],
        CURRENT,
    ),
    "a key for a trial with a price": (
        [
            of_subscription("external_system_id = NULL"),
            of_subscription("status = 'TRIAL', trial_ends_on = '2026-02-01'"),
            *CHECK_NOW,
            of_subscription("external_system_id = 's'"),
        ],
        CURRENT,
    ),
    "a bill without its day": ([next_period(), TO_FEBRUARY, of_second("billed_amount = 300")], BILLED_ON),
    "a next period with a bill without its day": ([next_period(billed_amount="300"), TO_FEBRUARY], BILLED_ON),
    "a bill without its day of what a transition began": (
        [next_period(transition_id=BY_TRANSITION), TO_FEBRUARY, of_second("billed_amount = 300")],
        BILLED_ON,
    ),
    "a past period that is billed more": (
        [next_period(), of_period("billed_amount = 301, billed_on = '2026-02-01'")],
        HISTORY,
    ),
    "a past period that is credited": ([next_period(), of_period("credited_amount = 120")], HISTORY),
    "a past period with a higher price": ([next_period(), MARCH_PERIOD, of_second("net_amount = 310")], HISTORY),
    "a cut period that is credited more": ([PAUSED, CUT, of_period("credited_amount = 121")], HISTORY),
    "a cut period that is billed": (
        [
            next_period(),
            TO_FEBRUARY,
            PAUSED,
            of_second("cut_on = '2026-02-10'"),
            of_second("billed_amount = 1, billed_on = '2026-02-10'"),
        ],
        HISTORY,
    ),
    "another currency": ([of_subscription("currency = 'SEK'")], "subscriptions_fixed_check"),
    "a transition without its version": (
        [of_subscription("moved_by = (SELECT id FROM billing_transitions LIMIT 1)")],
        "subscriptions_moved_by_check",
    ),
    "a trial that ends another day than its period": (
        [of_subscription("status = 'TRIAL', trial_ends_on = '2026-01-15'")],
        "subscriptions_trial_end_check",
    ),
    "a billing date after the end": (
        [of_subscription("status = 'CANCELLED', ends_on = '2026-01-15', next_billing_date = '2026-02-01'")],
        "subscriptions_next_billing_date_check",
    ),
    "a paid period before the end of a trial": (
        [of_subscription("trial_ends_on = '2026-01-15'")],
        "subscriptions_after_trial_check",
    ),
    "a scheduled subscription that started earlier": (
        [of_subscription("status = 'SCHEDULED', started_on = '2025-12-01'")],
        "subscriptions_scheduled_start_check",
    ),
}
FROM_CUT = "current_period_start = '2026-01-15', current_period_end = '2026-03-01'"
TAKEN: dict[str, list[str]] = {
    "a credit": [of_period("credited_amount = 120")],
    "a cut": [CUT, next_period(starts_on="'2026-01-15'"), of_subscription(FROM_CUT)],
    "a cut at the end": [of_subscription("status = 'PENDING_CANCELLATION', ends_on = '2026-01-15'"), CUT],
    "a key for what was not recorded since": [
        of_subscription("external_system_id = NULL"),
        TO_FEBRUARY,
        *CHECK_NOW,
        of_subscription("external_system_id = 's'"),
    ],
    "the next period before its subscription": [next_period(), TO_FEBRUARY],
    "the next period after its subscription": [TO_FEBRUARY, next_period()],
    "a trial": [FREE, TO_FEBRUARY, TO_TRIAL],
    "an unbilled period that moves with its subscription": [
        next_period(),
        TO_FEBRUARY,
        of_second("ends_on = '2026-02-20', net_amount = 200"),
        of_subscription("current_period_end = '2026-02-20'"),
    ],
    "the invoice of a period": [
        next_period(),
        TO_FEBRUARY,
        of_second("billed_amount = 300, billed_on = '2026-02-01'"),
    ],
    "a period that a transition bills and begins": [
        next_period(billed_amount="300", transition_id=BY_TRANSITION),
        TO_FEBRUARY,
    ],
    "a period that a transition bills and cuts": [
        next_period(),
        TO_FEBRUARY,
        PAUSED,
        of_second("cut_on = '2026-02-10', billed_amount = 100"),
    ],
    "a bill without its day of before the billing system's messages": [
        of_subscription("external_system_id = NULL"),
        next_period(billed_amount="300"),
        of_period("credited_amount = 120"),
    ],
    "a subscription of before the billing system's messages": [
        of_subscription("external_system_id = NULL"),
        of_subscription("current_period_start = '2026-02-01', current_period_end = '2026-03-01'"),
    ],
}


@pytest.mark.parametrize(("statements", "name"), REJECTED.values(), ids=REJECTED)
async def test_what_contradicts_is_rejected(
    service_engine: AsyncEngine, own: World, statements: list[str], name: str
) -> None:
    with pytest.raises(DBAPIError) as rejected:
        async with serving(service_engine, own) as connection:
            await run(connection, own, statements)
    assert problem(rejected.value) == (CHECK, name)


@pytest.mark.parametrize("statements", TAKEN.values(), ids=TAKEN)
async def test_what_agrees_is_taken(service_engine: AsyncEngine, own: World, statements: list[str]) -> None:
    async with serving(service_engine, own) as connection:
        await run(connection, own, statements)


async def test_a_current_period_is_deleted_only_with_its_subscription(owner_engine: AsyncEngine, own: World) -> None:
    async with owner_engine.connect() as connection:
        await run(connection, own, ["DELETE FROM subscription_periods WHERE id = :period"])
        with pytest.raises(DBAPIError) as rejected:
            await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await connection.rollback()
    assert problem(rejected.value) == (CHECK, CURRENT)


async def test_a_contradiction_is_rejected_by_the_commit(service_engine: AsyncEngine, own: World) -> None:
    async with service_engine.connect() as connection:
        query = text("SELECT set_config('app.company_id', :company_id, true)")
        await connection.execute(query, {"company_id": str(own["companies"]["id"])})
        await run(connection, own, [next_period()])
        with pytest.raises(DBAPIError) as rejected:
            await connection.commit()
    assert problem(rejected.value) == (CHECK, CURRENT)


async def test_a_billed_period_keeps_its_payer(owner_engine: AsyncEngine, own: World) -> None:
    payer = another(own, "customers")
    paid = update(PERIODS).where(PERIODS.c.id == own[PERIODS.name]["id"]).values(payer_customer_id=payer["id"])
    async with owner_engine.connect() as connection:
        await connection.execute(insert(metadata.tables["customers"]).values(payer))
        with pytest.raises(DBAPIError) as rejected:
            await connection.execute(paid)
        await connection.rollback()
    assert problem(rejected.value) == (CHECK, BILLED)
