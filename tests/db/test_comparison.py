"""The form that texts are compared by: the database and Python make the same of every text, whatever Unicode they
have."""
# ruff: noqa: RUF001 - letters that look alike are what this is about

import unicodedata
from collections.abc import Iterable
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.texts import comparison_form, words_of
from tests.support.characters import EVERY_CHARACTER, MARKED

AT_ONCE = 5_000
# Of the ideographs and private characters that make up the other planes, a sixteenth is enough.
CHARACTERS = [*EVERY_CHARACTER, *map(chr, (*range(0x2F800, 0x2FA20), *range(0x20000, 0x110000, 16)))]
_FORMS = text(
    "SELECT comparison_form(each) FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS t (each, place) ORDER BY place"
)
_WORDS = text(
    "SELECT ARRAY(SELECT search_words(each)) FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS t (each, place)"
    " ORDER BY place"
)


async def differences(engine: AsyncEngine, texts: list[str]) -> list[str]:
    """The texts of which the database makes something else, as ASCII."""
    found: list[str] = []
    async with engine.connect() as connection:
        for start in range(0, len(texts), AT_ONCE):
            some = texts[start : start + AT_ONCE]
            forms = (await connection.execute(_FORMS, {"texts": some})).scalars().all()
            found += [
                ascii(character)
                for character, form in zip(some, forms, strict=True)
                if form != comparison_form(character)
            ]
            words = (await connection.execute(_WORDS, {"texts": some})).scalars().all()
            found += [
                ascii(character)
                for character, its in zip(some, words, strict=True)
                if set(its) != {*words_of(character)}
            ]
    return found


def drawn(chance: Random, characters: list[str], number: int, lengths: Iterable[int]) -> list[str]:
    """Texts at random."""
    return ["".join(chance.choices(characters, k=chance.choice([*lengths]))) for _ in range(number)]


async def test_the_database_makes_the_same_of_every_character_as_python(owner_engine: AsyncEngine) -> None:
    texts = ["".join(CHARACTERS[start : start + 64]) for start in range(0, len(CHARACTERS), 64)]
    assert await differences(owner_engine, texts) == []


async def test_the_database_makes_the_same_of_texts_of_unusual_characters_as_python(
    owner_engine: AsyncEngine, chance: Random
) -> None:
    unusual = [
        character
        for character in CHARACTERS
        if unicodedata.normalize("NFKD", character) != character
        or character.casefold() != character
        or unicodedata.category(character)[0] in "MZPS"
    ]
    assert len(unusual) > 10_000
    assert await differences(owner_engine, drawn(chance, unusual, 10_000, range(1, 8))) == []


async def test_the_database_makes_the_same_of_letters_and_marks_as_python(
    owner_engine: AsyncEngine, chance: Random
) -> None:
    letters = list(
        "aAeEiIoOszßJKkςσΣΐΰİıǰŉﬁæÆøØåÅé -.'’–„\u00a0\u0301\u0308\u0307\u030a\u0328\u0345\u034f\u1100\u1161\u11a8🙂"
    )
    assert await differences(owner_engine, drawn(chance, letters, 5_000, range(1, 12))) == []


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80) | MARKED, max_size=10))
async def test_the_database_makes_the_same_of_any_text_as_python(owner_engine: AsyncEngine, texts: list[str]) -> None:
    assert await differences(owner_engine, texts) == []


async def test_the_form_needs_no_search_path_as_a_restored_backup_has_none(owner_engine: AsyncEngine) -> None:
    async with owner_engine.connect() as connection:
        await connection.execute(text("SET LOCAL search_path TO ''"))
        query = text(
            "SELECT public.comparison_form('A'), public.comparison_form('Ø'), public.comparison_form('Σ\u0345')"
        )
        assert tuple((await connection.execute(query)).one()) == ("a", "ø", "σι")
        await connection.rollback()
