"""Full-text search of customers: words, prefixes, punctuation, case and the letters beyond ASCII."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.search import MAX_WORD_CHARACTERS, words_of
from tests.graphql.asking import Caller
from tests.records import Records

LIST = "query($search: String) { customers(where: {search: $search}) { nodes { name } } }"


async def found(caller: Caller, search: str) -> list[str]:
    """The names that a search finds."""
    return [node["name"] for node in (await caller.data(LIST, search=search))["customers"]["nodes"]]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("customer_number", "INV-2026/0042", ["inv", "2026", "0042", "INV-2026/0042", "00"]),
        ("name", "Ærø Færgeri A/S", ["ærø", "ÆRØ", "færge", "a s", "A/S"]),
        ("name", "O'Brien/Müller & Åkesson", ["brien", "o'brien", "ÅKES", "o", "åkesson"]),
        ("name", "void vest\vvinter", ["void", "vest", "vinter"]),
        ("email", "anne.lund@example.com", ["anne.lund@example.com", "lund", "example", "anne@com"]),
        ("vat_number", "DK 12 34 56 78", ["DK", "34", "56 dk"]),
        ("external_system_id", "crm:A_17", ["crm:a_17", "17", "A 1"]),
        ("name", "🙂 Smil", ["🙂", "smil"]),
        ("name", "x" * 70, ["x" * 64, "x" * 70, "X" * 10]),
    ],
)
async def test_each_searched_field_is_found_by_its_words_and_their_beginnings(
    caller: Caller, records: Records, field: str, value: str, words: list[str]
) -> None:
    row: dict[str, Any] = {"name": "Hit", field: value}
    await records.customer(**row)
    await records.customer(name="Else", customer_number="999999")

    for search in words:
        assert await found(caller, search) == [row["name"]], search


async def test_every_word_must_begin_a_word_of_the_customer(caller: Caller, records: Records) -> None:
    await records.customer(name="Fjord Energi", email="post@nord.example")
    await records.customer(name="Fjord Handel")

    assert await found(caller, "fjord") == ["Fjord Energi", "Fjord Handel"]
    assert await found(caller, "fjord nord") == ["Fjord Energi"]
    assert await found(caller, "ener fjo") == ["Fjord Energi"]
    assert await found(caller, "fjord bjerg") == []
    assert await found(caller, "jord") == []
    assert await found(caller, "fjord_") == ["Fjord Energi", "Fjord Handel"]
    assert await found(caller, "fjor%") == ["Fjord Energi", "Fjord Handel"]


async def test_what_is_not_searched_is_not_found(caller: Caller, records: Records) -> None:
    await records.customer(notes="secret", city="Odense", phone="4712", metadata={"tier": "gold"})
    for search in ("secret", "odense", "4712", "gold"):
        assert await found(caller, search) == []


async def test_a_changed_customer_is_found_by_its_new_words_alone(
    caller: Caller, records: Records, owner_engine: AsyncEngine
) -> None:
    customer = await records.customer(name="Before", vat_number="DK1")
    async with owner_engine.begin() as connection:
        await connection.execute(text("UPDATE customers SET name = 'After' WHERE id = :id"), {"id": customer})

    assert await found(caller, "before") == []
    assert await found(caller, "after dk1") == ["After"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=100))
async def test_a_query_is_parted_into_the_words_that_the_database_parts_a_text_into(
    owner_engine: AsyncEngine, content: str
) -> None:
    async with owner_engine.connect() as connection:
        rows = await connection.execute(text("SELECT search_words(:content)"), {"content": content})
        stored = set(rows.scalars())
        parted = await connection.execute(
            text(
                'SELECT DISTINCT left(lower(word COLLATE "alphabet"), :most) FROM unnest(CAST(:words AS text[])) AS word'
            ),
            {"words": list(words_of(content)), "most": MAX_WORD_CHARACTERS},
        )
    assert set(parted.scalars()) == stored
