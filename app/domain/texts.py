"""Text: its stored form, when it is blank, and the form and words by which it is compared.

Follows Unicode 14 in every version of Python: see docs/adr/0019-texts.md. app/db/comparison.py does the same in SQL,
with the same tables. The file is over 250 lines because all forms are built from the same tables of characters.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import groupby
from typing import Literal

from app.domain.unicode_tables import MARKS, SEPARATORS, SYMBOLS, UNASSIGNED

MAX_FORM_CHARACTERS = 255
"""Maximum length of a comparison form. One character can become 18, and the size of an index entry is limited."""
MAX_WORD_CHARACTERS = 64
_MOST_SHOWN = 40
_MOST_BLANKS = 1_000
"""Number of blank characters around a text that never make it too long."""
_PIECE = 4_096
"""Number of characters that are reversed at once to find the end of a text."""
_MOST_FORMS = 256
"""Maximum number of texts whose forms and words are cached."""
_MOST_COMPOSED = 4
"""Maximum number of characters that normal form C composes into one."""

Ranges = tuple[tuple[int, int], ...]


def ranges_of(table: str) -> Ranges:
    """Return the first and the last code point of each range of a table."""
    pairs = (span.partition("-") for span in table.split())
    return tuple((int(first, 16), int(last or first, 16)) for first, _, last in pairs)


def character_class(*tables: str) -> str:
    """Return the content of a bracket expression that matches any character of the tables."""
    return "".join(f"{_escaped(first)}-{_escaped(last)}" for table in tables for first, last in ranges_of(table))


def _escaped(code: int) -> str:
    return rf"\U{code:08x}"


class _Pattern:
    """A pattern without ranges beyond U+FFFF for texts without such characters: `re` tries these ranges one by one."""

    _BEYOND = re.compile("[\U00010000-\U0010ffff]")
    _RANGE_BEYOND = re.compile(r"\\U00(?:0[1-9a-f]|10)[0-9a-f]{4}-\\U[0-9a-f]{8}")

    def __init__(self, pattern: str) -> None:
        self._whole = re.compile(pattern)
        self._short = re.compile(self._RANGE_BEYOND.sub("", pattern))

    def of(self, text: str) -> re.Pattern[str]:
        """Return the pattern for this text."""
        return self._whole if self._BEYOND.search(text) else self._short


WHITE_SPACE = "9-D 20 85 A0 1680 2000-200A 2028-2029 202F 205F 3000"
"""Unicode property White_Space."""
CONTROLS = "1-1F 7F-9F"
"""Unicode category Cc, without U+0000, which can't be stored."""
DEFAULT_IGNORABLE = (
    "AD 34F 61C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8"
    " 1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
"""Unicode property Default_Ignorable_Code_Point, such as joiners, zero-width spaces and directional marks."""
_BLANK_BRAILLE = "2800"
"""The blank Braille pattern: in category So, but invisible."""
_ATTACHED = "34F 180B-180D 180F 200C-200D FE00-FE0F E0001 E0020-E007F E0100-E01EF"
"""Ignorable characters that change how the preceding character looks. Persian words and emoji can end with them."""
FORMAT = (
    "AD 600-605 61C 6DD 70F 890-891 8E2 180E 200B-200F 202A-202E 2060-2064 2066-206F FEFF FFF9-FFFB 110BD 110CD"
    " 13430-13438 1BCA0-1BCA3 1D173-1D17A E0001 E0020-E007F"
)
"""Unicode category Cf."""
_SIGNS = "600-605 6DD 70F 890-891 8E2 110BD 110CD"
"""Visible characters of category Cf: signs around Arabic, Syriac and Kaithi numbers."""
_HIEROGLYPH_CONTROLS = "13430-13438"
"""Characters of category Cf that arrange adjacent hieroglyphs, also at the ends of a text; invisible on their own."""
_ANNOTATION_MARKS = "FFF9-FFFB"
"""The remaining characters of category Cf that aren't default-ignorable: marks between text and annotation."""
NONCHARACTERS = " ".join(("FDD0-FDEF", *(f"{plane:X}FFFE-{plane:X}FFFF" for plane in range(17))))
"""Unicode property Noncharacter_Code_Point."""
_WHITE_SPACE_BUT_SPACE = "9-D 85 A0 1680 2000-200A 2028-2029 202F 205F 3000"

BLANKS = character_class(WHITE_SPACE, CONTROLS, DEFAULT_IGNORABLE, _ANNOTATION_MARKS, NONCHARACTERS, _BLANK_BRAILLE)
"""Characters that are trimmed; a text of only these is blank."""
_VISIBLE = re.compile(f"[^{BLANKS}{character_class(_HIEROGLYPH_CONTROLS)}]")
_LEADING = re.compile(f"[{BLANKS}]*")
_KEPT = re.compile(f"[{character_class(_ATTACHED)}]*")
_ASCII_BLANKS = "".join(map(chr, (*range(1, 33), 127)))
_UNSEEN = (CONTROLS, DEFAULT_IGNORABLE, FORMAT, NONCHARACTERS)
INVISIBLES = character_class(*_UNSEEN, _WHITE_SPACE_BUT_SPACE, _BLANK_BRAILLE)
"""Characters that keys can't hold, because they are invisible or look like a space."""
_INVISIBLE = re.compile(f"[{INVISIBLES}]")
_UNPRINTABLE = re.compile(
    f"(?![{character_class(_ATTACHED, _SIGNS, _HIEROGLYPH_CONTROLS)}])[{character_class(*_UNSEEN, '2028-2029')}]"
)
_UNQUOTABLE = re.compile(f"(?![{character_class(_ATTACHED, _SIGNS, _HIEROGLYPH_CONTROLS)}])[{INVISIBLES}]")
"""Characters that can't be seen in a quoted text, or look like a space."""
_IGNORABLE = re.compile(f"[{character_class(DEFAULT_IGNORABLE)}]+")
_UNASSIGNED = _Pattern(f"([{character_class(UNASSIGNED)}]+)")
_MARK_RUN = _Pattern(f"[{character_class(MARKS)}\uff9e\uff9f]{{32,}}")
"""32 or more marks in a row. NFKC turns the two halfwidth letters into marks."""
_WORD = _Pattern(
    f"[{character_class(SYMBOLS)}][{character_class(MARKS)}]*"
    f"|[^{character_class(SEPARATORS, SYMBOLS, MARKS)}][^{character_class(SEPARATORS, SYMBOLS)}]*"
)


def stored_form(text: str, *, most: int | None = None) -> str:
    """Return a text as it is stored: trimmed, in normal form C; empty if the text is blank.

    A text that certainly exceeds `most` characters isn't normalized, and not trimmed if `is_too_long`; the result
    exceeds `most` too.
    """
    if most is not None and len(text) <= most and text.isascii():
        return text.strip(_ASCII_BLANKS)
    if most is not None and is_too_long(text, most):
        return text
    if most is not None and len(text) > _MOST_COMPOSED * most:
        text = trimmed(text)
        if len(text) > _MOST_COMPOSED * most:
            return text
    return trimmed(normal(text))


def is_too_long(text: str, most: int) -> bool:
    """Return whether a text is so long that it isn't even trimmed to see whether it fits in `most` characters.

    One variable can be a text of a megabyte that many fields use; each look at all of it takes milliseconds.
    """
    return len(text) > _MOST_COMPOSED * most + _MOST_BLANKS


def normal(text: str) -> str:
    """Return a text in normal form C. Characters newer than Unicode 14 are unchanged."""
    return text if text.isascii() else _assigned(text, _to_nfc)


def trimmed(text: str) -> str:
    """Return a text without leading and trailing white space, controls and invisible characters; empty if it is blank.

    Joiners and variation selectors after a visible character are kept.
    """
    if text.isascii():
        return text.strip(_ASCII_BLANKS)
    if not _VISIBLE.search(text):
        return ""
    text = text[_blanks_at_start(text) :]
    end = len(text)
    # From the end, because a regular expression for trailing blanks takes quadratic time on blanks inside.
    while blanks := _blanks_at_start(text[max(0, end - _PIECE) : end][::-1]):
        end -= blanks
    kept = _KEPT.match(text, end)
    return text[: kept.end() if kept else end]


def _blanks_at_start(text: str) -> int:
    found = _LEADING.match(text)
    return found.end() if found else 0


def shown(text: str) -> str:
    """Return a text as quoted in messages: as it was sent, with invisible characters escaped, at most 40 characters."""
    beginning = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
    return _UNQUOTABLE.sub(lambda found: json.dumps(found[0])[1:-1], json.dumps(beginning, ensure_ascii=False))


def invisible_in(text: str) -> str | None:
    """Return the first character that a key can't hold, written as `U+200B`; None if there is none.

    These are control, format and default-ignorable characters, noncharacters, and white space other than U+0020.
    """
    if text.isascii() and text.isprintable():
        return None
    return _named(_INVISIBLE.search(text))


def unprintable_in(text: str) -> str | None:
    """Return the first character that a line of text can't hold, written as `U+200B`; None if there is none.

    These are the characters that keys can't hold, except spaces of any width, joiners, variation selectors, and visible
    format characters.
    """
    return _named(_UNPRINTABLE.search(text))


def _named(found: re.Match[str] | None) -> str | None:
    return None if found is None else f"U+{ord(found[0]):04X}"


def comparison_form(text: str) -> str:
    """Return the case-insensitive form for comparing texts: NFKC, full case folding, NFKC; no invisible characters."""
    return text.lower() if text.isascii() else _form(text)


# Folding 255 characters takes up to 3 ms, and one variable can be the value of many conditions.
@lru_cache(maxsize=_MOST_FORMS)
def _form(text: str) -> str:
    return _assigned(_IGNORABLE.sub("", text), _folded)


def prefix_form(text: str) -> str:
    """Return the part of the comparison form that prefix searches use."""
    return comparison_form(text)[:MAX_FORM_CHARACTERS]


@lru_cache(maxsize=_MOST_FORMS)
def words_of(text: str) -> tuple[str, ...]:
    """Return the distinct words of a text in their comparison form, in the order of the text.

    A word is a run of letters, digits and marks, or a single symbol, such as an emoji. Any other character separates
    words, unless the comparison form ignores it, as U+200B.
    """
    form = comparison_form(text)
    found: Iterable[str] = (match[0] for match in _WORD.of(form).finditer(form))
    return tuple(dict.fromkeys(word[:MAX_WORD_CHARACTERS] for word in found))


def _assigned(text: str, change: Callable[[str], str]) -> str:
    """Apply a change to runs of characters that Unicode 14 assigns. It neither composes nor folds the others."""
    runs = _UNASSIGNED.of(text).split(text)
    return "".join(run if place % 2 else change(run) for place, run in enumerate(runs))


def _to_nfc(run: str) -> str:
    return _normalized("NFC", "NFD", run)


def _folded(run: str) -> str:
    # Folding can decompose; the second normalization recomposes. A third would change nothing.
    return _normalized("NFKC", "NFKD", _normalized("NFKC", "NFKD", run).casefold())


def _normalized(form: Literal["NFC", "NFKC"], decomposed: Literal["NFD", "NFKD"], run: str) -> str:
    """Return a text in a normal form, in almost linear time.

    unicodedata sorts marks by insertion: 1 MB of marks blocks the process for minutes. Sorting long runs of marks
    beforehand gives the same result and leaves the library nothing to sort.
    """
    ordered = _MARK_RUN.of(run).sub(lambda marks: _in_order(decomposed, marks[0]), run)
    return unicodedata.normalize(form, ordered)


def _in_order(form: Literal["NFD", "NFKD"], marks: str) -> str:
    single = "".join(unicodedata.normalize(form, mark) for mark in marks)
    runs = (list(run) for _, run in groupby(single, key=lambda mark: unicodedata.combining(mark) > 0))
    return "".join("".join(sorted(run, key=unicodedata.combining)) for run in runs)
