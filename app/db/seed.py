"""Write demo data: companies with customers and their related rows, the same for the same seed number."""

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.connecting import short_lived_engine
from app.db.driver_errors import translate_failures
from app.db.seeding.companies import demo_company_id
from app.db.seeding.moments import FIRST_MOMENT
from app.db.seeding.population import batches
from app.db.seeding.rows import Batch

__all__ = ["SeedError", "SeedReport", "company_to_show", "demo_companies", "demo_company_id", "seed"]

_TABLES = tuple(table.name for table in fields(Batch))
_SIDE_TABLES = (
    "customer_metadata",
    "customer_words",
    "customer_group_metadata",
)
_COMPANY_TO_SHOW = text("SELECT id FROM companies ORDER BY id <> CAST(:demo AS uuid), created_at, id LIMIT 1")
# Ids of this time are those of demo companies, of any seed number: no other company was created in that millisecond.
_DEMO_COMPANIES = text("SELECT id FROM companies WHERE id BETWEEN :first AND :last ORDER BY id")
_SAME_COMPANY = "companies_pkey"


class SeedError(Exception):
    """The demo data can't be written. The message says what to do."""


@dataclass(frozen=True, slots=True)
class SeedReport:
    """The written rows."""

    companies: tuple[UUID, ...]
    """Ids of the companies, in order."""
    rows: Mapping[str, int]
    """Number of rows by table."""


async def company_to_show(engine: AsyncEngine) -> UUID | None:
    """Return the first demo company, or else the oldest company; None if there is none.

    `engine` connects as the owner.
    """
    with translate_failures():
        async with engine.connect() as connection:
            return (await connection.execute(_COMPANY_TO_SHOW, {"demo": demo_company_id()})).scalar_one_or_none()


async def demo_companies(engine: AsyncEngine) -> list[UUID]:
    """Return the companies that `seed` has written, of any seed number. `engine` connects as the owner."""
    first = int(FIRST_MOMENT.timestamp() * 1000) << 80
    limits = {"first": UUID(int=first), "last": UUID(int=first | (1 << 80) - 1)}
    with translate_failures():
        async with engine.connect() as connection:
            return [*(await connection.execute(_DEMO_COMPANIES, limits)).scalars()]


async def seed(
    owner_dsn: str,
    *,
    companies: int = 2,
    customers: int = 500,
    seed: int = 1,
    today: date | None = None,
    progress: Callable[[int, int], None],
) -> SeedReport:
    """Write `companies` companies with `customers` customers each, in one transaction.

    If interrupted, it writes nothing and can be run again. Subscriptions are arranged around `today`. `progress` is
    called with the number of written customers and the total. Raise SeedError if a company of this seed exists.
    """
    today = today or datetime.now(UTC).date()
    everything = (batch for index in range(companies) for batch in batches(seed, index, customers, today))
    engine = short_lived_engine(owner_dsn)
    with translate_failures(), _reject_repetition(seed):
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            async with driver.transaction():
                rows = await _write(driver, everything, lambda done: progress(done, companies * customers))
            # Otherwise the first queries would be planned for empty tables and couldn't use index-only scans.
            await driver.execute(f"VACUUM (ANALYZE) {', '.join((*_TABLES, *_SIDE_TABLES))}")
    return SeedReport(tuple(demo_company_id(seed, index) for index in range(companies)), rows)


@contextmanager
def _reject_repetition(seed: int) -> Generator[None]:
    # The primary key detects the repetition, so that one of two concurrent runs fails too.
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if getattr(error, "constraint_name", None) != _SAME_COMPANY:
            raise
        msg = f"The demo data of seed {seed} is there already: choose another seed number to add other companies."
        raise SeedError(msg) from error


async def _write(driver: Any, everything: Iterator[Batch], progress: Callable[[int], None]) -> Mapping[str, int]:
    written = Counter[str]()
    batch = next(everything, None)
    while batch is not None:
        # The next batch is made in a thread while the server's triggers work on this one.
        making = asyncio.create_task(asyncio.to_thread(next, everything, None))
        for table in _TABLES:
            records = getattr(batch, table)
            if records:
                await driver.copy_records_to_table(table, records=records, columns=records[0]._fields)
                written[table] += len(records)
        progress(written["customers"])
        batch = await making
    return written
