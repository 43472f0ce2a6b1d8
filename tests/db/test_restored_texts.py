"""Revision 0005: texts that an older release stored, brought into their form, and what it says of those that
collide."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.migrate import upgrade
from tests.support.records import Records, new_company

FIRST, SECOND, THIRD = (UUID(int=place) for place in (1, 2, 3))


@pytest.fixture
async def old(empty_dsn: str) -> AsyncGenerator[AsyncEngine]:
    """A database of the revision before."""
    await asyncio.to_thread(upgrade, empty_dsn, revision="0004")
    database = Database(empty_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)
    yield database.engine
    await database.dispose()


async def values(engine: AsyncEngine, query: str) -> list[tuple[object, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def test_stored_texts_become_composed_and_trimmed_and_are_found_anew(old: AsyncEngine, empty_dsn: str) -> None:
    company = await new_company(old)
    records = Records(old, company)
    customer = await records.customer(
        name="\ufeffZoe\u0308 GROẞE",
        customer_number="\u200bK-1",
        external_system_id="A\u030a",
        notes="two\nlines\u200b",
        email="\u200b",
        metadata={"e\u0301": "\ufeff"},
    )
    await records.contact(customer, name="Rene\u0301 ")
    await records.account(number="\ufeff10", name="Sa\u030ag")

    upgraded = await asyncio.to_thread(upgrade, empty_dsn)

    assert upgraded.notes == (
        "Brought 8 texts into Unicode's normal form C, without invisible characters around them.",
        "Rebuilt the words and prefixes that customers and ledger accounts are found by.",
    )
    query = (
        "SELECT name, customer_number, external_system_id, notes, email, metadata, name_prefix, version FROM customers"
    )
    assert await values(old, query) == [
        ("Zoë GROẞE", "K-1", "Å", "two\nlines", None, {"e\u0301": "\ufeff"}, "zoë grosse", 1)
    ]
    assert {word for (word,) in await values(old, "SELECT word FROM customer_words")} == {
        "zoë",
        "grosse",
        "k",
        "1",
        "å",
    }
    assert await values(old, "SELECT name FROM contacts") == [("René",)]
    assert await values(old, "SELECT number, name, name_prefix FROM ledger_accounts WHERE number = '10'") == [
        ("10", "Såg", "såg")
    ]
    assert (await asyncio.to_thread(upgrade, empty_dsn)).notes == ()


async def test_keys_that_collide_are_kept_and_told_with_what_to_do(old: AsyncEngine, empty_dsn: str) -> None:
    company = await new_company(old)
    records = Records(old, company)
    await records.customer(id=FIRST, customer_number="1", external_system_id="é")
    await records.customer(id=SECOND, customer_number="2", external_system_id="e\u0301")
    await records.customer(id=THIRD, customer_number="1\u200b", name="\u200b")
    other = await new_company(old)
    await Records(old, other).customer(customer_number="2\u200b")

    upgraded = await asyncio.to_thread(upgrade, empty_dsn)

    assert upgraded.notes[1:-1] == (
        (
            f"The customer number '1\\u200b' of customer {THIRD} (company {company}) stays as it is: customer {FIRST} has '1',"
            f" which looks the same. Both are kept, and that customer number finds {FIRST} alone. Give one of them another"
            " customer number, or merge the two."
        ),
        (
            f"The external system id 'e\\u0301' of customer {SECOND} (company {company}) stays as it is: customer {FIRST} has"
            f" '\\xe9', which looks the same. Both are kept, and that external system id finds {FIRST} alone. Give one of them"
            " another external system id, or merge the two."
        ),
        (
            f"The name '\\u200b' of customer {THIRD} (company {company}) stays as it is: no character of it is visible. Give it"
            " another one."
        ),
    )
    query = (
        f"SELECT customer_number, external_system_id, name FROM customers WHERE company_id = '{company}' ORDER BY id"  # noqa: S608 - an id
    )
    found = await values(old, query)
    assert [row[:2] for row in found] == [("1", "é"), ("2", "e\u0301"), ("1\u200b", None)]
    assert await values(old, f"SELECT customer_number FROM customers WHERE company_id = '{other}'") == [("2",)]  # noqa: S608 - an id


async def test_a_key_with_an_invisible_character_inside_is_told(old: AsyncEngine, empty_dsn: str) -> None:
    company = await new_company(old)
    await Records(old, company).customer(id=FIRST, external_system_id="a\u200bb\u200b")

    upgraded = await asyncio.to_thread(upgrade, empty_dsn)

    assert upgraded.notes[1] == (
        f"The external system id 'a\\u200bb\\u200b' of customer {FIRST} (company {company}) holds the invisible character"
        " U+200B: it can be looked up, but no longer be written. Give it another external system id."
    )
    assert await values(old, "SELECT external_system_id FROM customers") == [("a\u200bb",)]


async def test_a_database_without_such_texts_is_told_of_the_words_alone(old: AsyncEngine, empty_dsn: str) -> None:
    await Records(old, await new_company(old)).customer(name="Ærø Færgeri A/S")

    assert (await asyncio.to_thread(upgrade, empty_dsn)).notes == (
        "Rebuilt the words and prefixes that customers and ledger accounts are found by.",
    )
