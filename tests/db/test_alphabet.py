"""The alphabet: names sort as ICU sorts them, on servers with and without ICU, and stay so."""

import asyncio
import sys
from random import Random
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.alphabet.established import run_script
from app.db.alphabet.function import without_icu
from app.db.alphabet.weights import SUPPORTED, weights_of
from app.db.database import Database
from app.db.migrate import upgrade
from app.db.seeding import vocabulary
from tests.support.records import Records, new_company

DANISH = [
    "3F",
    "Abel",
    "anders Ø",
    "Andersen",
    "Café",
    "Cafés",
    "Zoo",
    "Æble",
    "Ärlig",
    "Ørsted",
    "Öster",
    "Åge",
    "Aage",
    "Årup",
]
ORDINARY = "aaaaaabcdeeeefghiiijklmnooprrrstttuvxyzæøåÆØÅABCDEéüöäß  -.&,'/0123456789"
NAMES = 2_000


class Icu:
    """ICU itself, of another version than the server's."""

    def __init__(self, locale: str) -> None:
        self._icu: Any = pytest.importorskip("icu", reason="there is no wheel of ICU for this platform")
        self._locale = self._icu.Locale(locale)
        self._collator = self._icu.Collator.createInstance(self._locale)

    def order(self, names: list[str]) -> list[str]:
        """The names ignoring case, those that sort alike by code point, as PostgreSQL does."""
        folded = [str(self._icu.UnicodeString(name).toLower(self._locale)) for name in names]
        return sorted(folded, key=lambda name: (self._collator.getSortKey(name), name))


def names_of(language: str, chance: Random) -> list[str]:
    """Every unit alone, and names at random: of ordinary letters, of letters with marks, of anything."""
    units = list(weights_of(language).units)
    latin = [unit for unit in units if unit[0] < "\u0250"]
    drawn = {
        "".join(chance.choice(chance.choice([ORDINARY, ORDINARY, latin, units])) for _ in range(chance.randint(1, 9)))
        for _ in range(NAMES)
    }
    mixed = {
        "".join(chance.choice(pool) for _ in range(chance.randint(2, 6)))
        for pool in (ORDINARY, latin, units)
        for _ in range(NAMES)
    }
    invented = {
        str(word)
        for words in vars(vocabulary).values()
        if isinstance(words, tuple)
        for word in cast("tuple[object, ...]", words)
    }
    return sorted(drawn | mixed | invented | set(units) | set(DANISH))


def is_settled(character: str) -> bool:
    """Whether the character sorts alike in the versions of ICU since 72: a letter, a mark on it, or ASCII."""
    return character.isascii() or "\u0300" <= character <= "\u036f" or (character < "\u2c00" and character.isalpha())


def order_without_icu(connection: Connection, language: str, folding: str, names: list[str]) -> list[str]:
    """The names in the order of the key that a server without ICU computes; this server may have one."""
    connection.execute(text("CREATE SCHEMA without_icu"))
    connection.execute(text("SET LOCAL search_path TO without_icu"))
    run_script(connection, without_icu(language, folding))
    query = text(
        "SELECT name FROM unnest(CAST(:names AS text[])) AS name"
        ' ORDER BY alphabet_key(name) COLLATE "C", name COLLATE "C"'
    )
    found = list(connection.execute(query, {"names": names}).scalars())
    connection.rollback()
    return found


async def test_danish_names_sort_as_danes_expect(owner_engine: AsyncEngine, chance: Random) -> None:
    shuffled = chance.sample(DANISH, len(DANISH))
    async with owner_engine.connect() as connection:
        query = text(
            "SELECT name FROM unnest(CAST(:names AS text[])) AS name ORDER BY alphabet_key(name) COLLATE alphabet"
        )
        assert list((await connection.execute(query, {"names": shuffled})).scalars()) == DANISH


async def test_names_sort_as_icu_sorts_them_whatever_the_server_has(
    owner_engine: AsyncEngine, company: UUID, chance: Random
) -> None:
    # Versions of ICU differ in symbols and typographic quotes, and the server has another one.
    names = [name for name in names_of("da", chance) if all(map(is_settled, name))]
    records = Records(owner_engine, company)
    customer = await records.customer()
    async with owner_engine.begin() as connection:
        insert = text(
            "INSERT INTO contacts (company_id, id, customer_id, name)"
            " SELECT :company, gen_random_uuid(), :customer, name FROM unnest(CAST(:names AS text[])) AS name"
        )
        await connection.execute(insert, {"company": company, "customer": customer, "names": names})
        listed = text('SELECT name FROM contacts WHERE company_id = :company ORDER BY name_key, name COLLATE "C"')
        found = list((await connection.execute(listed, {"company": company})).scalars())
    icu = Icu("da")
    assert len(found) > 4_000
    assert [icu.order([name])[0] for name in found] == icu.order(names)


@pytest.mark.parametrize("language", SUPPORTED)
async def test_the_key_of_a_server_without_icu_sorts_as_icu_does(
    owner_engine: AsyncEngine, language: str, chance: Random
) -> None:
    names, icu = names_of(language, chance), Icu(language)
    async with owner_engine.connect() as connection:
        foldings = (
            "SELECT collname FROM pg_collation WHERE collname IN ('pg_unicode_fast', 'und-x-icu') ORDER BY 1 LIMIT 1"
        )
        folding = (await connection.execute(text(foldings))).scalar_one()
        found = await connection.run_sync(order_without_icu, language, folding, names)
    assert [icu.order([name])[0] for name in found] == icu.order(names)


async def test_capitals_sort_with_their_letters_where_the_server_folds_ascii_alone(owner_engine: AsyncEngine) -> None:
    async with owner_engine.connect() as connection:
        assert await connection.run_sync(order_without_icu, "da", "C", DANISH[::-1]) == DANISH


async def test_the_key_needs_no_search_path_as_a_restored_backup_has_none(owner_engine: AsyncEngine) -> None:
    async with owner_engine.connect() as connection:
        await connection.execute(text("SET LOCAL search_path TO ''"))
        query = text("SELECT public.alphabet_key('Aage é') <> '' AND public.alphabet_key('Bo') <> ''")
        assert (await connection.execute(query)).scalar_one()
        await connection.rollback()


async def test_a_database_of_the_first_revision_gets_the_same_order_and_says_so(empty_dsn: str) -> None:
    await asyncio.to_thread(upgrade, empty_dsn, revision="0001")
    database = Database(empty_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)
    records = Records(database.engine, await new_company(database.engine))
    for name in reversed(DANISH):
        await records.customer(name=name)

    upgraded = await asyncio.to_thread(upgrade, empty_dsn)
    assert upgraded.notes[0] == "Rebuilt the order of names in customers, contacts and departments."
    again = await asyncio.to_thread(upgrade, empty_dsn)
    assert again.notes == ()

    async with database.engine.connect() as connection:
        listed = await connection.execute(text("SELECT name FROM customers ORDER BY company_id, name_key, id"))
        assert list(listed.scalars()) == DANISH
    await database.dispose()


async def test_an_alphabet_stays_and_another_one_is_rejected(empty_dsn: str) -> None:
    assert (await asyncio.to_thread(upgrade, empty_dsn, alphabet="sv-SE")).alphabet == "sv-SE"
    assert (await asyncio.to_thread(upgrade, empty_dsn, alphabet="sv-se")).alphabet == "sv-SE"
    assert (await asyncio.to_thread(upgrade, empty_dsn)).alphabet == "sv-SE"
    with pytest.raises(ValueError, match=r"sort by the alphabet sv-SE, .* not by da\. Leave out --alphabet"):
        await asyncio.to_thread(upgrade, empty_dsn, alphabet="da")
    database = Database(empty_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)
    async with database.engine.connect() as connection:
        query = text(
            "SELECT name FROM unnest(ARRAY['ö', 'ä', 'å', 'z']) AS name ORDER BY alphabet_key(name) COLLATE alphabet"
        )
        assert list((await connection.execute(query)).scalars()) == ["z", "å", "ä", "ö"]
    await database.dispose()


async def test_an_alphabet_that_a_server_without_icu_does_not_know_is_rejected_there(
    owner_engine: AsyncEngine, empty_dsn: str
) -> None:
    async with owner_engine.connect() as connection:
        provider = await connection.execute(
            text("SELECT collprovider::text FROM pg_collation WHERE collname = 'alphabet'")
        )
        has_icu = provider.scalar_one() == "i"
    if has_icu:
        assert (await asyncio.to_thread(upgrade, empty_dsn, alphabet="hu")).alphabet == "hu"
    else:
        with pytest.raises(ValueError, match=r"built without ICU, .* choose one of da, nb"):
            await asyncio.to_thread(upgrade, empty_dsn, alphabet="hu")


async def test_a_new_version_of_icu_rebuilds_the_indexes_of_names_once(empty_dsn: str) -> None:
    await asyncio.to_thread(upgrade, empty_dsn)
    database = Database(empty_dsn, pool_size=1, pool_timeout_seconds=10, statement_timeout_seconds=30)
    files = text(
        "SELECT relname, relfilenode FROM pg_class WHERE relname IN ('customers_by_name', 'contacts_of_customer', 'departments_of_customer', 'customers_by_number')"
    )
    async with database.engine.begin() as connection:
        before = {row.relname: row.relfilenode for row in await connection.execute(files)}
        await connection.execute(text("UPDATE pg_collation SET collversion = 'old' WHERE collname = 'alphabet'"))

    first = await asyncio.to_thread(upgrade, empty_dsn)
    assert first.notes == ("Rebuilt the indexes of names: the server's ICU has another version than before.",)
    assert (await asyncio.to_thread(upgrade, empty_dsn)).notes == ()
    async with database.engine.begin() as connection:
        after = {row.relname: row.relfilenode for row in await connection.execute(files)}
    await database.dispose()
    assert {name for name in before if before[name] != after[name]} == before.keys() - {"customers_by_number"}


def test_there_is_an_icu_to_compare_with_where_there_is_a_wheel_of_it() -> None:
    if sys.platform == "linux":
        Icu("da")
