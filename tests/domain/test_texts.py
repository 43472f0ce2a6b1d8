"""Texts: normal form, what is blank, and the form and the words that they are compared by."""
# ruff: noqa: RUF001 - letters that look alike are what this is about

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import groupby
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain import texts
from app.domain.texts import (
    CONTROLS,
    DEFAULT_IGNORABLE,
    FORMAT,
    NONCHARACTERS,
    WHITE_SPACE,
    character_class,
    comparison_form,
    invisible_in,
    normal,
    prefix_form,
    ranges_of,
    shown,
    stored_form,
    trimmed,
    unprintable_in,
    words_of,
)
from app.domain.unicode_tables import MARKS, UNASSIGNED
from tests.domain.unicode_tables import TARGET, VERSION, module, runs
from tests.support.characters import EVERY_CHARACTER, MARKED


# Without planes that hold ideographs alone, characters for private use, or nothing.
def codes_of(table: str) -> set[int]:
    return {code for first, last in ranges_of(table) for code in range(first, last + 1)}


UNASSIGNED_IN_14 = re.compile(f"[{character_class(UNASSIGNED)}]")
"""A newer Python may know how to compose these; the tables leave them as they are."""


@cache
def changing() -> list[str]:
    return [
        character
        for character in EVERY_CHARACTER
        if (
            unicodedata.normalize("NFKD", character) != character
            or character.casefold() != character
            or unicodedata.combining(character)
        )
        and not UNASSIGNED_IN_14.match(character)
    ]


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0").filter(
        lambda character: not UNASSIGNED_IN_14.match(character)
    ),
    max_size=12,
)


@pytest.mark.skipif(unicodedata.unidata_version != VERSION, reason="this Python has another version of Unicode")
def test_the_tables_are_those_of_unicode_14() -> None:
    assert TARGET.read_text(encoding="utf-8") == module()


def test_the_properties_are_those_that_icu_knows() -> None:
    icu: Any = pytest.importorskip("icu", reason="there is no wheel of ICU for this platform")
    tables = {
        "DEFAULT_IGNORABLE_CODE_POINT": DEFAULT_IGNORABLE,
        "WHITE_SPACE": WHITE_SPACE,
        "NONCHARACTER_CODE_POINT": NONCHARACTERS,
    }
    for name, table in tables.items():
        known = icu.UnicodeSet(f"[:{name}:]")
        places = range(known.getRangeCount())
        ranges = [(ord(known.getRangeStart(place)), ord(known.getRangeEnd(place))) for place in places]
        assert codes_of(table) == {code for first, last in ranges for code in range(first, last + 1)}


@pytest.mark.skipif(unicodedata.unidata_version != VERSION, reason="this Python has another version of Unicode")
def test_the_categories_are_those_of_unicode_14() -> None:
    for table, category in ((FORMAT, "Cf"), (CONTROLS, "Cc")):
        known = {code for first, last, found in runs() if found == category for code in range(first, last + 1)}
        assert codes_of(table) == known - {0}


def test_the_form_of_every_character_is_stable_and_ignores_its_spelling() -> None:
    for character in changing():
        form = comparison_form(character)
        assert comparison_form(form) == form, ascii(character)
        assert comparison_form(unicodedata.normalize("NFD", character)) == form, ascii(character)
        assert comparison_form(normal(character)) == form, ascii(character)


def test_the_form_is_the_one_that_icu_knows_for_every_character_of_unicode_14() -> None:
    icu: Any = pytest.importorskip("icu", reason="there is no wheel of ICU for this platform")
    normalizer = icu.Normalizer2.getNFKCCasefoldInstance()
    for character in changing():
        assert comparison_form(character) == str(normalizer.normalize(character)), ascii(character)


@given(TEXTS | MARKED)
def test_the_form_of_a_form_is_the_form_and_spelling_makes_no_difference(text: str) -> None:
    form = comparison_form(text)

    assert comparison_form(form) == form
    assert comparison_form(unicodedata.normalize("NFD", text)) == form
    assert comparison_form(normal(text)) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("STRASSE", "straße"),
        ("STRAẞE", "strasse"),
        ("ΟΔΟΣ", "οδος"),
        ("İSTANBUL", "i̇stanbul"),
        ("Zoë", "zoe\u0308"),
        ("ﬁrma", "Firma"),
        ("ＡＢＣ１", "abc1"),
        ("Å", "\u212b"),
        ("K", "\u212a"),
        ("a\u00a0b", "A b"),
        ("so\u00adft", "soft"),
        ("می\u200cخواهم", "میخواهم"),
        ("ᾳ\u0301", "ᾴ"),
    ],
)
def test_texts_that_read_alike_have_one_form(one: str, other: str) -> None:
    assert comparison_form(one) == comparison_form(other)


def test_different_letters_have_different_forms() -> None:
    forms = [comparison_form(text) for text in ("Zoë", "Zoe", "ø", "o", "æ", "ae", "ı", "i", "å", "aa")]

    assert len(set(forms)) == len(forms)


def test_characters_younger_than_unicode_14_stay_as_they_are() -> None:
    # U+16D68 is a letter of Unicode 16 that decomposes, U+1C89 a capital of it, U+2FFFF no character.
    assert comparison_form("É\U00016d68\u1c89É") == "é\U00016d68\u1c89é"
    assert normal("e\u0301\U00016d67\U00016d67") == "é\U00016d67\U00016d67"


def test_a_prefix_is_looked_up_by_a_bounded_form() -> None:
    assert len(comparison_form("\ufdfa" * 255)) == 18 * 255
    assert prefix_form("\ufdfa" * 255) == comparison_form("\ufdfa" * 255)[:255]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\u00a0b\u2013c\u2014d\u2019e\u201cf\u201dg", "a b c d e f g"),
        ("„Müller‟ «Søn» ‚x’ …y·z¿", "müller søn x y z"),
        ("株式会社・山田、東京\u3000大阪", "株式会社 山田 東京 大阪"),
        ("O´Brien O'Brien O’Brien", "o brien"),
        ("anne.lund@example.com", "anne lund example com"),
        ("A/S a_b a+b a|b a\x01b", "a s b"),
        ("STRAẞE straße", "strasse"),
        ("🙂Smil👋🏽", "🙂 smil 👋"),
        ("1️⃣ x²", "1⃣ x2"),
        ("a\u200bb so\u00adft می\u200cخواهم", "ab soft میخواهم"),
        ("Zoe\u0308 ZOË", "zoë"),
        ("½", "1 2"),
        ("-- \u0301 ‥", ""),
    ],
)
def test_a_text_is_parted_at_whatever_is_no_letter_digit_or_symbol(text: str, words: str) -> None:
    assert words_of(text) == tuple(words.split())


@given(TEXTS | MARKED)
def test_the_words_of_words_are_the_words(text: str) -> None:
    words = words_of(text)

    assert words_of(" ".join(words)) == words
    assert all(word == comparison_form(word) and word for word in words)


@given(TEXTS)
def test_what_is_stored_is_stored_again_as_it_is(text: str) -> None:
    stored = stored_form(text)

    assert stored_form(stored) == stored
    assert stored == "" or not stored[0].isspace()
    assert stored == "" or not stored[-1].isspace()


def test_every_blank_character_is_nothing_alone_and_around_a_text() -> None:
    trimmed = codes_of(f"{WHITE_SPACE} {CONTROLS} {DEFAULT_IGNORABLE} {NONCHARACTERS} FFF9-FFFB 2800")
    hieroglyphs = codes_of("13430-13438")
    for code in trimmed:
        assert stored_form(chr(code)) == ""
        assert stored_form(f"{chr(code)} x {chr(code)}") == "x"
    for code in hieroglyphs:
        assert stored_form(chr(code) * 2) == ""
        # These arrange what follows or precedes them.
        assert stored_form(f" {chr(code)}x{chr(code)} ") == f"{chr(code)}x{chr(code)}"
    blank = trimmed | hieroglyphs
    assert all(stored_form(character) for character in EVERY_CHARACTER if ord(character) not in blank)


_TRIMMED = codes_of(f"{WHITE_SPACE} {CONTROLS} {DEFAULT_IGNORABLE} {NONCHARACTERS} FFF9-FFFB 2800")
_ATTACHED = codes_of("34F 180B-180D 180F 200C-200D FE00-FE0F E0001 E0020-E007F E0100-E01EF")
_HIEROGLYPHS = codes_of("13430-13438")
_BLANK_ALONE = _TRIMMED | _HIEROGLYPHS


def _trimmed_one_by_one(text: str) -> str:
    """The definition of a trimmed text, one character after the other."""
    if all(ord(character) in _BLANK_ALONE for character in text):
        return ""
    start, end = 0, len(text)
    while ord(text[start]) in _TRIMMED:
        start += 1
    while ord(text[end - 1]) in _TRIMMED:
        end -= 1
    while end < len(text) and ord(text[end]) in _ATTACHED:
        end += 1
    return text[start:end]


_AROUND = st.text(
    st.sampled_from("\t \x7f\xad\u200d\u2028\u2800\ufe0f\ufff9\U00013430\U000e0041\U0001ffff"), max_size=6
)


@given(_AROUND, TEXTS, _AROUND, st.sampled_from([1, 700, 5_000]))
def test_a_trimmed_text_is_the_one_that_going_through_its_characters_gives(
    before: str, text: str, after: str, times: int
) -> None:
    whole = before * times + text + after * times

    assert trimmed(whole) == _trimmed_one_by_one(whole)


def test_every_character_is_trimmed_or_kept_at_both_ends_of_a_text() -> None:
    for character in EVERY_CHARACTER:
        whole = f"{character} {character}é{character} {character}"
        assert trimmed(whole) == _trimmed_one_by_one(whole), ascii(character)


@pytest.mark.parametrize("text", ["é" + " " * 899_990, " " * 899_990 + "é", "é" + "\U000e0fff" * 99_990, "é " * 99_990])
def test_trimming_goes_through_long_texts_in_few_steps(text: str) -> None:
    steps = 0

    def count(_frame: Any, _event: str, _argument: Any) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        found = trimmed(text)
    finally:
        sys.setprofile(None)

    assert found == text.strip(" \U000e0fff")
    assert steps < 2_000


def test_a_text_that_is_certainly_too_long_is_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(text: str) -> str:
        looked_at.append(len(text))
        return text

    looked_at: list[int] = []
    monkeypatch.setattr(texts, "trimmed", look)

    assert len(stored_form("é" + " " * 899_990, most=255)) > 255
    shown("é" + " " * 899_990)
    assert looked_at == []


def test_a_thousand_blanks_around_a_text_never_make_it_too_long() -> None:
    assert stored_form(" " * 500 + "é" * 255 + "\u00a0" * 500, most=255) == "é" * 255
    assert len(stored_form("é" * 256 + " " * 9_000, most=255)) > 255


def test_a_long_text_is_shown_by_its_beginning() -> None:
    assert shown("é" * 899_990) == f'"{"é" * 40}…"'
    assert shown("é" * 41) == f'"{"é" * 40}…"'
    assert shown("é" * 40) == f'"{"é" * 40}"'


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        (" 30 ", '" 30 "'),
        ("2026-12-01\u200b", r'"2026-12-01\u200b"'),
        ("300\u00a0kr", r'"300\u00a0kr"'),
        ("a\tb\x7f\U0001d173", r'"a\tb\u007f\ud834\udd73"'),
        ('"x"', r'"\"x\""'),
        ("نامه\u200cها ❤\ufe0f", '"نامه\u200cها ❤\ufe0f"'),
    ],
)
def test_a_text_is_quoted_as_it_was_sent_with_what_is_invisible_escaped(text: str, quoted: str) -> None:
    assert shown(text) == quoted


@given(TEXTS | MARKED)
def test_a_character_beyond_u_ffff_changes_nothing_about_the_rest_of_a_text(text: str) -> None:
    beyond = "\U00010000"
    assume(beyond not in text)

    assert words_of(f"{text} {beyond}") == (*words_of(text), beyond)
    assert comparison_form(f"{text} {beyond}") == f"{comparison_form(f'{text} ')}{beyond}"
    assert normal(f"{text} {beyond}") == f"{normal(f'{text} ')}{beyond}"


def test_forms_and_words_of_one_text_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\ufdfa of one text for many conditions" * 7
    expected = words_of(text), comparison_form(text)
    monkeypatch.setattr(texts, "unicodedata", None)

    assert (words_of(text), comparison_form(text)) == expected


def test_of_the_format_characters_only_signs_around_numbers_are_a_text_alone() -> None:
    shown = {code for code in codes_of(FORMAT) if stored_form(chr(code))}

    assert shown == codes_of("600-605 6DD 70F 890-891 8E2 110BD 110CD")


def test_invisible_characters_are_named() -> None:
    assert (invisible_in("a\u200bb"), unprintable_in("a\u200bb")) == ("U+200B", "U+200B")
    assert (invisible_in("a\u200db"), unprintable_in("a\u200db")) == ("U+200D", None)
    assert (invisible_in("a\nb"), unprintable_in("a b\u00a0c")) == ("U+000A", None)
    assert (invisible_in("a\ufff9b"), unprintable_in("a\ufff9b")) == ("U+FFF9", "U+FFF9")
    assert (invisible_in("a\U0001ffffb"), unprintable_in("a\U0001ffffb")) == ("U+1FFFF", "U+1FFFF")
    assert (invisible_in("a\u0600b"), unprintable_in("a\u0600b")) == ("U+0600", None)
    assert invisible_in("Ærø 1-2/3 🙂") is None


def test_a_key_holds_no_control_format_or_noncharacter_and_only_plain_spaces() -> None:
    hidden = codes_of(f"{WHITE_SPACE} {CONTROLS} {DEFAULT_IGNORABLE} {FORMAT} {NONCHARACTERS}") - {0x20} | {0x2800}
    for code in hidden:
        assert invisible_in(f"a{chr(code)}b") == f"U+{code:04X}"
    assert not any(invisible_in(character) for character in EVERY_CHARACTER if ord(character) not in hidden)


@given(st.text(st.sampled_from("aB \u200b\u00ad\u2060"), max_size=8))
def test_what_is_ignored_in_a_prefix_is_ignored_in_words(text: str) -> None:
    assert words_of(text) == tuple(dict.fromkeys(prefix_form(text).split()))


_MARKS = [character for character in EVERY_CHARACTER if unicodedata.combining(character)]
_UNORDERED = st.lists(st.sampled_from([*_MARKS, "\uff9e", "\uff9f", "\u0f73", "a", "\u1ec7"]), min_size=32, max_size=99)


@given(_UNORDERED)
def test_many_marks_have_the_normal_form_that_the_library_gives_them(marks: list[str]) -> None:
    text = "e" + "".join(mark for mark in marks if unicodedata.category(mark) != "Cn")
    assert normal(text) == "".join(
        run if place % 2 else unicodedata.normalize("NFC", run)
        for place, run in enumerate(re.split(f"([{character_class(UNASSIGNED)}]+)", text))
    )


def test_every_character_that_becomes_a_mark_is_one_or_is_known_to() -> None:
    known = re.compile(f"[{character_class(MARKS, 'FF9E-FF9F', UNASSIGNED)}]")
    becoming = (
        letter
        for letter in map(chr, range(sys.maxunicode))
        if unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]) and not known.match(letter)
    )
    assert list(becoming) == []


@pytest.mark.parametrize("change", [normal, comparison_form])
@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0f73", "\uff9e\u0301", "\u0344\u0316"])
def test_the_library_sorts_no_long_run_of_marks(
    change: Callable[[str], str], marks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_to_it: list[str] = []

    class Spy:
        combining = staticmethod(unicodedata.combining)

        @staticmethod
        def normalize(form: Any, text: str) -> str:
            given_to_it.append(
                unicodedata.normalize("NFKD" if "K" in form else "NFD", text) if len(text) == 1 else text
            )
            return unicodedata.normalize(form, text)

    monkeypatch.setattr(texts, "unicodedata", Spy)
    change("a" + marks * 100)

    # It sorts by insertion, which takes the square of their number.
    assert max(map(len, given_to_it)) > 100
    for text in given_to_it:
        for has_class, run in groupby(map(unicodedata.combining, text), key=bool):
            classes = list(run)
            assert not has_class or len(classes) < 5 or classes == sorted(classes)


def test_a_text_that_is_too_long_in_any_form_is_not_composed() -> None:
    assert stored_form(" " + "e\u0301" * 255 + " ", most=255) == "\u00e9" * 255
    assert stored_form(" " + "e\u0301" * 511 + " ", most=255) == "e\u0301" * 511
