"""Full-text search of customers: words, prefixes, punctuation, case and the letters beyond ASCII."""
# ruff: noqa: RUF001 - letters that look alike are what this is about

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.asking import Caller
from tests.support.records import Records

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
        ("name", "Nord\u00a0Syd\u2013Øst \u201eVest\u201c O\u2019Brien", ["syd", "øst", "vest", "brien", "nord syd"]),
        ("name", "Zoe\u0308 Große ΟΔΟΣ İstanbul", ["Zoë", "zoe\u0308", "GROSSE", "groẞe", "οδος", "ΟΔΟΣ", "i\u0307st"]),
        ("name", "Zoë ﬁrma ＡＢＣ", ["Zoe\u0308", "firma", "abc"]),
        ("external_system_id", "a\u2014b\u3000c", ["a b c", "A\u2014B"]),
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


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("Zoe\u0308 A/S", "Zoë"),
        ("Zoë A/S", "zoe\u0308 a"),
        ("STRASSE 1", "straße"),
        ("Straße 1", "STRASSE 1"),
        ("ΟΔΟΣ", "οδος"),
        ("İstanbul", "i\u0307S"),
        ("Nord\u00a0Syd", "nord syd"),
        ("so\u00adft", "soft"),
    ],
)
async def test_a_prefix_of_a_name_is_found_however_its_letters_are_written(
    caller: Caller, records: Records, name: str, prefix: str
) -> None:
    await records.customer(name=name)
    await records.customer(name="Else")
    await records.account(name=name, number="1")
    document = """query($prefix: String) {
      customers(where: {namePrefix: $prefix}) { nodes { name } }
      ledgerAccounts(where: {namePrefix: $prefix}) { number }
    }"""

    assert await caller.data(document, prefix=prefix) == {
        "customers": {"nodes": [{"name": name}]},
        "ledgerAccounts": [{"number": "1"}],
    }


async def test_a_letter_with_a_mark_is_another_letter_than_the_one_without(caller: Caller, records: Records) -> None:
    await records.customer(name="Zoë")

    assert await found(caller, "zoe") == []


async def test_a_name_of_the_longest_forms_is_stored_and_found(caller: Caller, records: Records) -> None:
    letters = "\ufdfa\ufdfb\u3316\u33c2\u1f82"
    name = "".join(letters[place * place % 5] for place in range(255))
    await records.customer(name=name)

    assert await found(caller, name[:1]) == [name]
    listed = await caller.data(
        "query($prefix: String) { customers(where: {namePrefix: $prefix}) { nodes { name } } }", prefix=name
    )
    assert listed == {"customers": {"nodes": [{"name": name}]}}


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
