"""Revision 0006: words of texts that hold a zero-width space are made anew."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.migrate import upgrade
from tests.support.records import Records, new_company

# As revision 0005 parted words before.
_PARTING = """
CREATE OR REPLACE FUNCTION search_words(content text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT DISTINCT word FROM string_to_table(comparison_form(replace(content, U&'\\200B', ' ')), ' ') AS word $$
"""


@pytest.fixture
async def old(empty_dsn: str) -> AsyncGenerator[AsyncEngine]:
    """A database of the revision before."""
    await asyncio.to_thread(upgrade, empty_dsn, revision="0005")
    database = Database(empty_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)
    async with database.engine.begin() as connection:
        await connection.execute(text(_PARTING))
    yield database.engine
    await database.dispose()


async def words(engine: AsyncEngine, name: str) -> set[str]:
    query = text(
        "SELECT word FROM customer_words AS entry JOIN customers"
        " ON customers.company_id = entry.company_id AND customers.id = entry.customer_id WHERE name = :name"
    )
    async with engine.connect() as connection:
        return {*(await connection.execute(query, {"name": name})).scalars()}


async def test_words_with_a_zero_width_space_are_made_anew_and_told(old: AsyncEngine, empty_dsn: str) -> None:
    records = Records(old, await new_company(old))
    await records.customer(name="Net\u200bWorks Ærø", customer_number="1")
    await records.customer(name="Net Works", customer_number="2")
    assert await words(old, "Net\u200bWorks Ærø") == {"net", "works", "ærø", "1"}

    upgraded = await asyncio.to_thread(upgrade, empty_dsn)

    assert "Rebuilt the words of 1 customer: their texts hold a zero-width space (U+200B)." in upgraded.notes
    assert await words(old, "Net\u200bWorks Ærø") == {"networks", "ærø", "1"}
    assert await words(old, "Net Works") == {"net", "works", "2"}


async def test_a_database_without_zero_width_spaces_has_nothing_to_tell(old: AsyncEngine, empty_dsn: str) -> None:
    await Records(old, await new_company(old)).customer(name="Net Works")

    assert not any("zero-width" in note for note in (await asyncio.to_thread(upgrade, empty_dsn)).notes)
