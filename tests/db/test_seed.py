"""Demo data keeps the rules of the domain, and is written whole or not at all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.connecting import short_lived_engine
from app.db.database import Database
from app.db.seed import SeedError, SeedReport, company_to_show, demo_company_id, seed
from app.domain.metadata import pair_digest
from app.unavailable import DatabaseUnavailable
from tests.support.records import new_company

# Numbers of this module's own: the database is shared with other tests.
SEED, OTHER_SEED, INTERRUPTED_SEED, SMALL_SEED = 7001, 7002, 7003, 7004
CUSTOMERS = 600
TODAY = date(2026, 3, 31)


def ignore(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def report(owner_dsn: str) -> AsyncIterator[SeedReport]:
    yield await seed(owner_dsn, companies=2, customers=CUSTOMERS, seed=SEED, today=TODAY, progress=ignore)


async def count(engine: AsyncEngine, query: str, companies: tuple[UUID, ...]) -> int:
    """How many rows of these companies a query finds; it narrows by `:companies`."""
    # The queries are this module's own.
    statement = text(f"SELECT count(*) FROM ({query}) AS found")  # noqa: S608 - see above
    statement = statement.bindparams(bindparam("companies", expanding=True))
    async with engine.connect() as connection:
        return (await connection.execute(statement, {"companies": companies})).scalar_one()


BROKEN_RULES = {
    "a parent has a parent": """
        SELECT FROM customers AS child JOIN customers AS parent
            ON parent.company_id = child.company_id AND parent.id = child.parent_customer_id
        WHERE child.company_id IN :companies AND parent.parent_customer_id IS NOT NULL""",
    "an inactive parent pays": """
        SELECT FROM customers AS child JOIN customers AS parent
            ON parent.company_id = child.company_id AND parent.id = child.parent_customer_id
        WHERE child.company_id IN :companies AND NOT parent.is_active""",
    "a child has another currency than its parent": """
        SELECT FROM customers AS child JOIN customers AS parent
            ON parent.company_id = child.company_id AND parent.id = child.parent_customer_id
        WHERE child.company_id IN :companies AND child.default_currency <> parent.default_currency""",
    "a subscription has another currency than its customer": """
        SELECT FROM subscriptions JOIN customers
            ON customers.company_id = subscriptions.company_id AND customers.id = subscriptions.customer_id
        WHERE customers.company_id IN :companies AND subscriptions.currency <> customers.default_currency""",
    "a period has another payer than the arrangement says": """
        SELECT FROM subscription_periods AS period
            JOIN subscriptions ON subscriptions.company_id = period.company_id AND subscriptions.id = period.subscription_id
            JOIN customers ON customers.company_id = period.company_id AND customers.id = subscriptions.customer_id
        WHERE customers.company_id IN :companies AND period.payer_customer_id <>
            CASE billing_relationship WHEN 'SELF' THEN customers.id ELSE customers.parent_customer_id END""",
    "a consolidated child's periods begin on another day": """
        SELECT FROM subscriptions
            JOIN customers AS child ON child.company_id = subscriptions.company_id AND child.id = subscriptions.customer_id
            JOIN customers AS parent ON parent.company_id = child.company_id AND parent.id = child.parent_customer_id
        WHERE child.company_id IN :companies AND child.billing_relationship = 'PARENT_PAYS'
            AND parent.consolidation_mode = 'SINGLE_INVOICE'
            AND extract(day FROM current_period_start) <> parent.billing_day""",
    "an active subscription's current period does not hold today": """
        SELECT FROM subscriptions WHERE company_id IN :companies
            AND status IN ('TRIAL', 'ACTIVE', 'PENDING_CANCELLATION', 'PAUSED', 'AWAITING_PAYMENT')
            AND NOT DATE '2026-03-31' BETWEEN current_period_start AND current_period_end - 1""",
    "an ended subscription goes on": """
        SELECT FROM subscriptions WHERE company_id IN :companies AND status IN ('CANCELLED', 'EXPIRED')
            AND (ends_on IS NULL OR ends_on > DATE '2026-03-31' OR next_billing_date IS NOT NULL)""",
    "a current period is billed against its direction": """
        SELECT FROM subscription_periods AS period
            JOIN subscriptions ON subscriptions.company_id = period.company_id AND subscriptions.id = period.subscription_id
        WHERE period.company_id IN :companies AND period.starts_on = current_period_start AND status = 'ACTIVE'
            AND billed_amount <> CASE billing_direction WHEN 'ADVANCE' THEN period.net_amount ELSE 0 END""",
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN_RULES)
async def test_no_row_breaks_a_rule_of_the_domain(rule: str, report: SeedReport, owner_engine: AsyncEngine) -> None:
    assert await count(owner_engine, BROKEN_RULES[rule], report.companies) == 0


async def test_the_report_counts_what_is_there(report: SeedReport, owner_engine: AsyncEngine) -> None:
    assert report.companies == (demo_company_id(SEED), demo_company_id(SEED, 1))
    assert (report.rows["companies"], report.rows["customers"]) == (2, 2 * CUSTOMERS)
    for table, rows in report.rows.items():
        key = "id" if table == "companies" else "company_id"
        assert await count(owner_engine, f"SELECT FROM {table} WHERE {key} IN :companies", report.companies) == rows


async def test_the_story_can_be_relied_upon(report: SeedReport, owner_engine: AsyncEngine) -> None:
    children = """
        SELECT FROM customers AS child JOIN customers AS parent
            ON parent.company_id = child.company_id AND parent.id = child.parent_customer_id
        WHERE child.company_id IN :companies AND child.billing_relationship = 'PARENT_PAYS'
            AND parent.customer_number = '1' AND parent.name = 'Nordlys Gruppen A/S'
            AND parent.consolidation_mode = 'SINGLE_INVOICE' AND parent.billing_day = 15"""
    subscriptions = """
        SELECT FROM subscriptions JOIN customers
            ON customers.company_id = subscriptions.company_id AND customers.id = subscriptions.customer_id
        WHERE customers.company_id IN :companies AND customer_number = '{}' AND status = '{}'"""
    only = report.companies[:1]
    assert await count(owner_engine, children, only) == 3
    assert await count(owner_engine, f"{children} AND child.customer_number IN ('2', '3', '4')", only) == 3
    assert await count(owner_engine, subscriptions.format(2, "ACTIVE"), only) == 2
    assert await count(owner_engine, subscriptions.format(6, "ACTIVE"), only) == 2
    assert await count(owner_engine, subscriptions.format(6, "CANCELLED"), only) == 1


async def test_the_side_table_of_metadata_says_what_the_customers_say(
    report: SeedReport, owner_engine: AsyncEngine
) -> None:
    said = text("SELECT id, metadata, number_key FROM customers WHERE company_id = ANY(:companies)")
    indexed = text("SELECT customer_id, pair, number_key FROM customer_metadata WHERE company_id = ANY(:companies)")
    companies = {"companies": list(report.companies)}
    async with owner_engine.connect() as connection:
        customers = (await connection.execute(said, companies)).all()
        pairs = {tuple(row) for row in await connection.execute(indexed, companies)}
    assert any('"' in key for _, metadata, _ in customers for key in metadata)
    assert pairs == {
        (customer_id, pair_digest(key, value), number_key)
        for customer_id, metadata, number_key in customers
        for key, value in metadata.items()
    }


async def test_the_side_table_of_words_says_what_the_customers_say(
    report: SeedReport, owner_engine: AsyncEngine
) -> None:
    said = """
        SELECT company_id, word, number_key, id FROM customers, search_words(
            concat_ws(' ', customer_number, name, email, vat_number, external_system_id)) AS word
        WHERE company_id IN :companies"""
    indexed = "SELECT company_id, word, number_key, customer_id FROM customer_words WHERE company_id IN :companies"
    nordlys = f"{indexed} AND word = 'nordlys'"
    assert await count(owner_engine, nordlys, report.companies) == 4
    assert await count(owner_engine, f"({said}) EXCEPT ({indexed})", report.companies) == 0
    assert await count(owner_engine, f"({indexed}) EXCEPT ({said})", report.companies) == 0


async def test_the_service_sees_the_customers_of_its_company_alone(report: SeedReport, database: Database) -> None:
    company_id = report.companies[0]
    async with database.read(company_id) as session:
        rows = await session.rows(text("SELECT DISTINCT company_id FROM customers"), {})
    assert [row.company_id for row in rows] == [company_id]


async def test_seeding_twice_is_rejected_and_changes_nothing(
    report: SeedReport, owner_dsn: str, owner_engine: AsyncEngine
) -> None:
    # A third company would be new; the rejection of the first keeps it out.
    with pytest.raises(SeedError, match=f"seed {SEED} is there already"):
        await seed(owner_dsn, companies=3, customers=CUSTOMERS, seed=SEED, progress=ignore)
    everyone = "SELECT FROM customers WHERE company_id IN :companies"
    assert await count(owner_engine, everyone, (*report.companies, demo_company_id(SEED, 2))) == 2 * CUSTOMERS


async def test_another_seed_number_adds_other_companies(
    report: SeedReport, owner_dsn: str, owner_engine: AsyncEngine
) -> None:
    other = await seed(owner_dsn, companies=1, customers=10, seed=OTHER_SEED, progress=ignore)
    assert set(other.companies).isdisjoint(report.companies)
    everyone = "SELECT FROM customers WHERE company_id IN :companies"
    assert await count(owner_engine, everyone, (*report.companies, *other.companies)) == 2 * CUSTOMERS + 10


async def test_an_interrupted_run_leaves_nothing_and_can_be_repeated(owner_dsn: str, owner_engine: AsyncEngine) -> None:
    def interrupt(done: int, _total: int) -> None:
        # By now the first company is written whole.
        if done > 10:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await seed(owner_dsn, companies=2, customers=10, seed=INTERRUPTED_SEED, progress=interrupt)
    companies = (demo_company_id(INTERRUPTED_SEED), demo_company_id(INTERRUPTED_SEED, 1))
    assert await count(owner_engine, "SELECT FROM companies WHERE id IN :companies", companies) == 0
    seen: list[tuple[int, int]] = []
    await seed(
        owner_dsn,
        companies=2,
        customers=10,
        seed=INTERRUPTED_SEED,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (20, 20)


async def test_a_company_may_be_smaller_than_the_story(owner_dsn: str) -> None:
    report = await seed(owner_dsn, companies=1, customers=2, seed=SMALL_SEED, progress=ignore)
    assert report.rows["customers"] == 2


async def test_the_company_to_show_is_the_demo_one_or_else_the_oldest(migrated_dsn: str) -> None:
    engine = short_lived_engine(migrated_dsn)
    assert await company_to_show(engine) is None
    oldest = await new_company(engine)
    await new_company(engine)
    assert await company_to_show(engine) == oldest
    await seed(migrated_dsn, companies=1, customers=2, progress=ignore)
    assert await company_to_show(engine) == demo_company_id()


async def test_a_database_that_is_away_is_said_to_be() -> None:
    with pytest.raises(DatabaseUnavailable):
        await seed("postgresql://nobody@/nothing?host=/nowhere", progress=ignore)
