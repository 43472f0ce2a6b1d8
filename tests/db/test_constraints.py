"""Every constraint of the database rejects what it is there for, under the name that the code recognizes it by."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import CheckConstraint, Date, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.companies import TIME_ZONE_CHECK
from app.db.tables import metadata
from tests.support.every_table import SIDE_TABLES, Row, World, another, put, rejection, write_world

CHECK, NOT_NULL = "23514", "23502"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own(owner_engine: AsyncEngine) -> World:
    """The rows of one company; what a test tries is rejected, so they can be shared."""
    return await write_world(owner_engine, uuid4())


@pytest.mark.parametrize("table", sorted(set(metadata.tables) - {*SIDE_TABLES, "feed_heads"}))
async def test_a_second_valid_row_is_taken(owner_engine: AsyncEngine, own: World, table: str) -> None:
    await put(owner_engine, table, another(own, table))


NESTED: Any = {"nested": {"key": "value"}}
METADATA: list[Any] = [
    ["a list"],
    "a string",
    NESTED,
    {"list": [1]},
    {"null": None},
    {"": "an empty key"},
    {"k" * 129: 1},
    {"long": "v" * 501},
    {f"key {place}": 1 for place in range(51)},
]
CHECKS: list[tuple[str, str, Row]] = [
    ("companies", "base_currency", {"base_currency": "dkk"}),
    ("customer_groups", "discount", {"discount": -1}),
    ("customer_groups", "discount", {"discount": "100.01"}),
    *(("customer_groups", "metadata", {"metadata": value}) for value in METADATA),
    *(("customers", "metadata", {"metadata": value}) for value in METADATA),
    ("customers", "country_code", {"country_code": "dk"}),
    ("customers", "country_code", {"country_code": "DNK"}),
    ("customers", "default_currency", {"default_currency": "KR"}),
    ("customers", "credit_limit", {"credit_limit": "-0.01"}),
    ("customers", "payment_terms", {"payment_terms": -1}),
    ("customers", "payment_terms", {"payment_terms": 366}),
    ("customers", "billing_day", {"billing_day": 0}),
    ("customers", "billing_day", {"billing_day": 29}),
    ("customers", "payer", {"billing_relationship": "PARENT_PAYS"}),
    ("customers", "billing_day_required", {"consolidation_mode": "SINGLE_INVOICE"}),
    ("departments", "ean_number", {"ean_number": "5790000000001"}),
    ("departments", "ean_number", {"ean_number": "579000000000"}),
    ("departments", "ean_number", {"ean_number": "579000000000X"}),
    ("departments", "country_code", {"country_code": "Denmark"}),
    ("subscriptions", "currency", {"currency": "kr."}),
    ("subscriptions", "net_amount", {"net_amount": -1}),
    ("subscriptions", "interval_months", {"interval_months": 0}),
    ("subscriptions", "interval_months", {"interval_months": 121}),
    ("subscriptions", "anchor_day", {"anchor_day": 0}),
    ("subscriptions", "anchor_day", {"anchor_day": 32}),
    ("subscriptions", "current_period", {"current_period_end": date(2026, 1, 1)}),
    ("subscription_periods", "span", {"ends_on": date(2026, 1, 1)}),
    ("subscriptions", "ends_on_required", {"external_system_id": "s", "status": "CANCELLED"}),
    ("subscriptions", "trial_ends_on_required", {"external_system_id": "s", "status": "TRIAL"}),
    ("subscriptions", "started_on", {"external_system_id": "s", "started_on": date(2026, 1, 2)}),
    ("subscriptions", "started_on", {"external_system_id": "s", "ends_on": date(2025, 12, 31)}),
    ("subscriptions", "started_on", {"external_system_id": "s", "trial_ends_on": date(2025, 12, 31)}),
    (
        "subscriptions",
        "next_billing_date",
        {
            "external_system_id": "s",
            "status": "CANCELLED",
            "ends_on": date(2026, 2, 1),
            "next_billing_date": date(2026, 2, 1),
        },
    ),
    (
        "subscriptions",
        "scheduled_start",
        {"external_system_id": "s", "status": "SCHEDULED", "started_on": date(2025, 12, 1)},
    ),
    (
        "subscriptions",
        "trial_end",
        {"external_system_id": "s", "status": "TRIAL", "trial_ends_on": date(2026, 1, 15)},
    ),
    ("subscriptions", "after_trial", {"external_system_id": "s", "trial_ends_on": date(2026, 1, 15)}),
    ("subscriptions", "moved_by", {"moved_by": uuid4()}),
    ("subscriptions", "moved_version", {"moved_version": 1_000}),
    ("subscriptions", "moved_known_on", {"moved_known_on": date(2026, 1, 15)}),
    ("subscription_periods", "cut_on", {"cut_on": date(2026, 3, 2)}),
    ("subscription_periods", "credited_amount", {"credited_amount": 301}),
    ("subscription_periods", "credited_amount", {"credited_amount": -1}),
    ("billing_documents", "currency", {"currency": "EURO"}),
    ("billing_document_lines", "days", {"days": 30}),
    *(
        (table.name, "dates", {column.name: date.min if "start" in column.name else date.max})
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Date) and column.name != "cut_on"
    ),
    ("billing_document_lines", "days", {"ends_on": date(2026, 1, 1), "days": 0}),
    ("feed_heads", "expired_position", {"position": 1, "expired_position": 2}),
    ("feed_heads", "expired_position", {"expired_position": -1}),
    ("webhook_endpoints", "state", {"status": "PAUSED", "paused_reason": "GONE"}),
    ("webhook_endpoints", "state", {"status": "PAUSED", "paused_at": datetime(2026, 1, 1, tzinfo=UTC)}),
    ("webhook_endpoints", "state", {"paused_reason": "GONE", "paused_at": datetime(2026, 1, 1, tzinfo=UTC)}),
    ("webhook_endpoints", "lost", {"lost_from": 1}),
    ("webhook_endpoints", "lost", {"lost_from": 2, "lost_to": 1}),
    ("webhook_endpoints", "previous_secret", {"previous_secret": "whsec_MQ=="}),
    ("webhook_endpoints", "previous_secret", {"previous_secret_until": datetime(2026, 1, 1, tzinfo=UTC)}),
    ("webhook_deliveries", "error", {"error": "TIMEOUT"}),
    ("webhook_deliveries", "error", {"outcome": "FAILED"}),
]


def words_of_enumerations() -> Iterator[tuple[str, str, Row]]:
    """An unknown word for every column that holds an enumeration."""
    for table in metadata.tables.values():
        for check in table.constraints:
            found = isinstance(check, CheckConstraint) and re.fullmatch(r"(\w+) IN \('.*'\)", str(check.sqltext))
            if found:
                yield table.name, found[1], {found[1]: "UNKNOWN"}


def lengths() -> Iterator[tuple[str, str, int]]:
    """Every column whose length is checked, and its most characters."""
    for table in metadata.tables.values():
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                found = re.fullmatch(r"char_length\((\w+)\) BETWEEN 1 AND (\d+)", str(check.sqltext))
                if found:
                    yield table.name, found[1], int(found[2])


# SQLAlchemy keeps a table's constraints in a set.
ENUMERATIONS = sorted(words_of_enumerations(), key=itemgetter(0, 1))
LENGTHS = sorted(lengths())


@pytest.mark.parametrize(("table", "name", "values"), [*CHECKS, *ENUMERATIONS])
async def test_a_check_rejects_a_value(
    owner_engine: AsyncEngine, own: World, table: str, name: str, values: Row
) -> None:
    found = await rejection(owner_engine, table, another(own, table) | values)
    assert found == (CHECK, f"{table}_{name}_check")


@pytest.mark.parametrize(("table", "column", "most"), LENGTHS)
async def test_a_text_is_neither_empty_nor_too_long(
    owner_engine: AsyncEngine, own: World, table: str, column: str, most: int
) -> None:
    row, name = another(own, table), f"{table}_{column}_length_check"
    await put(owner_engine, table, row | {column: "å" * most})
    for value in ("", "å" * (most + 1)):
        assert await rejection(owner_engine, table, row | {column: value}) == (CHECK, name)


@pytest.mark.parametrize(
    "values",
    [
        {"consolidation_mode": "PER_CHILD_INVOICE"},
        {"billing_day": 1},
        {"parent_invoice_template_id": uuid4()},
    ],
)
async def test_a_child_has_no_settings_of_consolidation(owner_engine: AsyncEngine, own: World, values: Row) -> None:
    child = another(own, "customers") | {"parent_customer_id": own["customers"]["id"]}
    await put(owner_engine, "customers", child)
    found = await rejection(owner_engine, "customers", child | values)
    assert found == (CHECK, "customers_consolidation_of_a_child_check")


async def test_nobody_is_their_own_parent(owner_engine: AsyncEngine, own: World) -> None:
    row = another(own, "customers")
    found = await rejection(owner_engine, "customers", row | {"parent_customer_id": row["id"]})
    assert found == (CHECK, "customers_parent_customer_id_check")


@pytest.mark.parametrize(
    "values",
    [
        {"billing_day": 1},
        {"billing_day": 28, "consolidation_mode": "SINGLE_INVOICE"},
        {"metadata": {"k" * 128: "v" * 500, "": ""} | {f"key {place}": place for place in range(48)} | {"last": True}},
        {"metadata": {"number": 1.5, "flag": False, "text": ""}},
        {"credit_limit": 0, "opening_balance": "-9999999999999.99", "payment_terms": 365},
    ],
)
async def test_a_customer_at_the_bounds_is_taken(owner_engine: AsyncEngine, own: World, values: Row) -> None:
    values = {**values, "metadata": {key: value for key, value in values.get("metadata", {}).items() if key}}
    await put(owner_engine, "customers", another(own, "customers") | values)


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Atlantis",
        "europe/copenhagen",
        "CEST",
        "Europe",
        "Mars/Base1",
        "MARS/BASE1",
        "UTC+1",
        "1",
        "",
        "interval",
        "'",
        "x" * 300,
    ],
)
async def test_a_time_zone_that_the_server_does_not_know_is_rejected(
    owner_engine: AsyncEngine, own: World, zone: str
) -> None:
    row = another(own, "companies") | {"time_zone": zone}
    assert await rejection(owner_engine, "companies", row) == (CHECK, TIME_ZONE_CHECK)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Stockholm", "America/Port-au-Prince", "Etc/GMT+5", "EST5EDT"])
async def test_a_time_zone_that_the_server_knows_is_taken_and_the_session_keeps_its_own(
    owner_engine: AsyncEngine, own: World, zone: str
) -> None:
    row = another(own, "companies") | {"time_zone": zone}
    async with owner_engine.connect() as connection:
        before = (await connection.execute(text("SHOW timezone"))).scalar_one()
        await connection.execute(insert(metadata.tables["companies"]).values(row))
        assert (await connection.execute(text("SHOW timezone"))).scalar_one() == before
        await connection.rollback()


async def test_a_row_says_everything_that_is_required(owner_engine: AsyncEngine, own: World) -> None:
    for name in ("name", "vat_zone", "customer_group_id", "country_code", "default_currency", "customer_number"):
        state, _ = await rejection(owner_engine, "customers", another(own, "customers") | {name: None})
        assert state == NOT_NULL, name


async def test_every_check_of_the_database_is_tried_above(owner_engine: AsyncEngine) -> None:
    tried = {f"{table}_{name}_check" for table, name, _ in [*CHECKS, *ENUMERATIONS]}
    tried |= {f"{table}_{column}_length_check" for table, column, _ in LENGTHS}
    tried |= {"customers_consolidation_of_a_child_check", "customers_parent_customer_id_check"}
    async with owner_engine.connect() as connection:
        query = text("SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace")
        found = set((await connection.execute(query)).scalars())
    assert sorted(found - tried) == [], "Add a value that each of these checks rejects to CHECKS above."
    assert sorted(tried - found) == [], (
        "The migrations lack these checks: those that app/db/tables.py declares, of which tests/db/test_migrations.py"
        " says what to add, and one of every table with dates, which `finite` declares."
    )
