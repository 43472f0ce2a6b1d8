"""Texts: how they are stored, when they say nothing, and the form and the words that they are compared by.

All of it follows Unicode 14, whatever version Python has: see docs/adr/0019-texts.md. app/db/comparison.py makes the same of
the same tables in SQL.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Literal

from app.domain.unicode_tables import MARKS, SEPARATORS, SYMBOLS, UNASSIGNED

MAX_FORM_CHARACTERS = 255
"""Characters of a comparison form that count; one character may become 18, and an index entry has a bound."""
MAX_WORD_CHARACTERS = 64
_MOST_SHOWN = 40
_MOST_COMPOSED = 4
"""The most characters that normal form C makes one of."""

Ranges = tuple[tuple[int, int], ...]


def ranges_of(table: str) -> Ranges:
    """Return the first and the last code point of each range of a table."""
    pairs = (each.partition("-") for each in table.split())
    return tuple((int(first, 16), int(last or first, 16)) for first, _, last in pairs)


def character_class(*tables: str) -> str:
    """Return what stands between the brackets of a regular expression that matches one character of some tables."""
    return "".join(f"{_escaped(first)}-{_escaped(last)}" for table in tables for first, last in ranges_of(table))


def _escaped(code: int) -> str:
    return rf"\U{code:08x}"


WHITE_SPACE = "9-D 20 85 A0 1680 2000-200A 2028-2029 202F 205F 3000"
"""The property White_Space."""
CONTROLS = "1-1F 7F-9F"
"""The category Cc, without U+0000, which no text has."""
DEFAULT_IGNORABLE = (
    "AD 34F 61C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8"
    " 1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
"""The property Default_Ignorable_Code_Point: joiners, zero-width spaces, marks of direction, fillers, variation selectors."""
_BLANK_BRAILLE = "2800"
"""A symbol by its category, but nothing to see."""
_ATTACHED = "34F 180B-180D 180F 200C-200D FE00-FE0F E0001 E0020-E007F E0100-E01EF"
"""Of the ignorable ones, those that change the look of the character before them: Persian and emoji need them at an end."""
FORMAT = (
    "AD 600-605 61C 6DD 70F 890-891 8E2 180E 200B-200F 202A-202E 2060-2064 2066-206F FEFF FFF9-FFFB 110BD 110CD"
    " 13430-13438 1BCA0-1BCA3 1D173-1D17A E0001 E0020-E007F"
)
"""The category Cf."""
_SIGNS = "600-605 6DD 70F 890-891 8E2 110BD 110CD"
"""Of the category Cf, what shows something alone: signs around Arabic, Syriac and Kaithi numbers."""
_HIEROGLYPH_CONTROLS = "13430-13438"
"""Of the category Cf, what arranges the hieroglyphs around it, also at the ends of a text; alone it shows nothing."""
_ANNOTATION_MARKS = "FFF9-FFFB"
"""The rest of the category Cf that is not default-ignorable: marks between a text and its annotation."""
NONCHARACTERS = " ".join(("FDD0-FDEF", *(f"{plane:X}FFFE-{plane:X}FFFF" for plane in range(17))))
"""The property Noncharacter_Code_Point."""
_WHITE_SPACE_BUT_SPACE = "9-D 85 A0 1680 2000-200A 2028-2029 202F 205F 3000"

BLANKS = character_class(WHITE_SPACE, CONTROLS, DEFAULT_IGNORABLE, _ANNOTATION_MARKS, NONCHARACTERS, _BLANK_BRAILLE)
"""What is trimmed; a text of nothing else is blank."""
_VISIBLE = re.compile(f"[^{BLANKS}{character_class(_HIEROGLYPH_CONTROLS)}]")
_BLANK = re.compile(f"[{BLANKS}]")
_LEADING = re.compile(f"[{BLANKS}]*")
_KEPT = re.compile(f"[{character_class(_ATTACHED)}]*")
_ASCII_BLANKS = "".join(map(chr, (*range(1, 33), 127)))
_UNSEEN = (CONTROLS, DEFAULT_IGNORABLE, FORMAT, NONCHARACTERS)
INVISIBLES = character_class(*_UNSEEN, _WHITE_SPACE_BUT_SPACE, _BLANK_BRAILLE)
"""What no key may hold: it shows nothing, or can't be told from a space."""
_INVISIBLE = re.compile(f"[{INVISIBLES}]")
_UNPRINTABLE = re.compile(
    f"(?![{character_class(_ATTACHED, _SIGNS, _HIEROGLYPH_CONTROLS)}])[{character_class(*_UNSEEN, '2028-2029')}]"
)
_IGNORABLE = re.compile(f"[{character_class(DEFAULT_IGNORABLE)}]+")
_UNASSIGNED = re.compile(f"([{character_class(UNASSIGNED)}]+)")
_MARK_RUN = re.compile(f"[{character_class(MARKS)}\uff9e\uff9f]{{32,}}")
"""Many marks in a row; the two halfwidth letters become marks."""
_WORD = re.compile(
    f"[{character_class(SYMBOLS)}][{character_class(MARKS)}]*"
    f"|[^{character_class(SEPARATORS, SYMBOLS, MARKS)}][^{character_class(SEPARATORS, SYMBOLS)}]*"
)


def stored_form(text: str, *, most: int | None = None) -> str:
    """Return a text as it is stored: in Unicode's normal form C, without what is blank around it; empty if it says nothing.

    A text that is longer than `most` characters in any form is returned trimmed alone, which is longer as well.
    """
    if most is not None and len(text) > _MOST_COMPOSED * most:
        text = trimmed(text)
        if len(text) > _MOST_COMPOSED * most:
            return text
    return trimmed(normal(text))


def normal(text: str) -> str:
    """Return a text in normal form C; characters younger than Unicode 14 stay as they are."""
    return text if text.isascii() else _assigned(text, _to_nfc)


def trimmed(text: str) -> str:
    """Return a text without white space, controls and invisible characters around it; empty if nothing of it is visible.

    Joiners and variation selectors stay where they follow a visible character.
    """
    if text.isascii():
        return text.strip(_ASCII_BLANKS)
    if not _VISIBLE.search(text):
        return ""
    text = _LEADING.sub("", text, count=1)
    end = len(text)
    # From the end: a search for blanks before the end would begin anew at every blank inside.
    while end and _BLANK.match(text, end - 1):
        end -= 1
    kept = _KEPT.match(text, end)
    return text[: kept.end() if kept else end]


def shown(text: str) -> str:
    """Return a text as messages quote it: trimmed, and shortened if it is long."""
    text = trimmed(text)
    return json.dumps(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…", ensure_ascii=False)


def invisible_in(text: str) -> str | None:
    """Return the first character that a key may not hold, as `U+200B`; None if there is none.

    That is any control, format or default-ignorable character, any noncharacter, and any white space but U+0020.
    """
    return _named(_INVISIBLE.search(text))


def unprintable_in(text: str) -> str | None:
    """Return the first character that a line of text may not hold, as `U+200B`; None if there is none.

    That is what no key may hold, except for spaces of any width, joiners, variation selectors, and format characters
    that show something.
    """
    return _named(_UNPRINTABLE.search(text))


def _named(found: re.Match[str] | None) -> str | None:
    return None if found is None else f"U+{ord(found[0]):04X}"


def comparison_form(text: str) -> str:
    """Return the form that a text is compared by, ignoring case: NFKC, full case folding, NFKC; without invisible characters."""
    return text.lower() if text.isascii() else _assigned(_IGNORABLE.sub("", text), _folded)


def prefix_form(text: str) -> str:
    """Return as much of the comparison form as a prefix is looked up by."""
    return comparison_form(text)[:MAX_FORM_CHARACTERS]


def words_of(text: str) -> tuple[str, ...]:
    """Return the different words of a text, each in its comparison form, in the order of the text.

    A word is a run of letters, digits and marks; every other symbol, such as an emoji, is one. All else parts words,
    except for characters that the comparison form ignores, such as U+200B.
    """
    form = comparison_form(text)
    found: Iterable[str] = (each[0] for each in _WORD.finditer(form))
    return tuple(dict.fromkeys(each[:MAX_WORD_CHARACTERS] for each in found))


def _assigned(text: str, change: Callable[[str], str]) -> str:
    """Change the runs of characters that Unicode 14 has. The others are no part of any composition or folding in it."""
    runs = _UNASSIGNED.split(text)
    return "".join(run if place % 2 else change(run) for place, run in enumerate(runs))


def _to_nfc(run: str) -> str:
    return _normalized("NFC", "NFD", run)


def _folded(run: str) -> str:
    # Folding may decompose, which the second normalization mends; a third would change nothing.
    return _normalized("NFKC", "NFKD", _normalized("NFKC", "NFKD", run).casefold())


def _normalized(form: Literal["NFC", "NFKC"], decomposed: Literal["NFD", "NFKD"], run: str) -> str:
    """Return a text in a normal form, in a time that grows with its length alone.

    The library sorts marks by insertion, which takes minutes for 1 MB of them, and lets nothing else run. Marks in order cost it
    nothing, and are the same text.
    """
    return unicodedata.normalize(form, _MARK_RUN.sub(lambda marks: _in_order(decomposed, marks[0]), run))


def _in_order(form: Literal["NFD", "NFKD"], marks: str) -> str:
    single = "".join(unicodedata.normalize(form, mark) for mark in marks)
    runs = (list(each) for _, each in groupby(single, key=lambda mark: unicodedata.combining(mark) > 0))
    return "".join("".join(sorted(each, key=unicodedata.combining)) for each in runs)
