"""SQL functions for the comparison form of text, generated from the same tables as app/domain/texts.py.

`comparison_form` and `search_words` return the same as `comparison_form` and `words_of` in Python, on every server; a
test compares them for all code points. PostgreSQL's `normalize()` may follow a later version of Unicode, which only
adds characters; those are not passed to it.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator

from app.domain.texts import (
    DEFAULT_IGNORABLE,
    MAX_WORD_CHARACTERS,
    character_class,
    comparison_form,
    ranges_of,
)
from app.domain.unicode_tables import MARKS, SEPARATORS, SYMBOLS, UNASSIGNED

_SCRIPT = """
CREATE OR REPLACE FUNCTION comparison_form(content text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $comparison$
DECLARE
    form text := '';
    run text;
BEGIN
    -- Most texts: ASCII, or letters of Western Europe. "C" folds ASCII alone, on every server.
    IF octet_length(content) = char_length(content) THEN
        RETURN lower(content COLLATE "C");
    ELSIF content COLLATE "C" !~ '[^\\u0001-\\u007f{ordinary}]' THEN
        form := lower(content COLLATE "C");
        IF form COLLATE "C" !~ '[{changed}]' THEN
            RETURN form;
        END IF;
        RETURN {replaced};
    END IF;
    FOR run IN
        SELECT matched[1]
        FROM regexp_matches(
            regexp_replace(content COLLATE "C", '[{ignorable}]+', '', 'g'), '[{unassigned}]+|[^{unassigned}]+', 'g'
        ) AS matched
    LOOP
        IF run COLLATE "C" !~ '^[{unassigned}]' THEN
            run := (
                SELECT normalize(string_agg(coalesce('{folded}'::jsonb ->> letter, letter), '' ORDER BY place), NFKC)
                FROM string_to_table(normalize(run, NFKC), NULL) WITH ORDINALITY AS listed (letter, place)
            );
        END IF;
        form := form || run;
    END LOOP;
    RETURN form;
END
$comparison$;

CREATE OR REPLACE FUNCTION search_words(content text) RETURNS SETOF text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $words$
DECLARE
    form text := comparison_form(content);
BEGIN
    -- A symbol is a word of its own, with the marks on it.
    IF form COLLATE "C" ~ '[{symbols}]' THEN
        form := regexp_replace(form COLLATE "C", '[{symbols}][{marks}]*', ' \\& ', 'g');
    END IF;
    RETURN QUERY
    SELECT DISTINCT left(word, {most})
    FROM string_to_table(
        regexp_replace(form COLLATE "C", '(?:^[{marks}]|[{separators}])[{separators}{marks}]*', ' ', 'g'), ' '
    ) AS word
    WHERE word <> '';
END
$words$;
"""
_ORDINARY = (*range(0xA0, 0x180), *range(0x2010, 0x2016), *range(0x2018, 0x201F), 0x20AC)
"""Candidates for characters that need no normalization: Western European letters, dashes and quotes."""


def comparison_functions() -> str:
    """Return the SQL that creates or replaces the functions."""
    ordinary = [chr(code) for code in _ORDINARY if _is_ordinary(chr(code))]
    changed = [letter for letter in ordinary if comparison_form(letter) != letter]
    return _SCRIPT.format(
        ordinary="".join(f"\\u{ord(letter):04x}" for letter in ordinary),
        changed="".join(f"\\u{ord(letter):04x}" for letter in changed),
        replaced=_replaced("form", changed),
        ignorable=character_class(DEFAULT_IGNORABLE),
        unassigned=character_class(UNASSIGNED),
        folded=json.dumps(dict(_foldings()), ensure_ascii=False, separators=(",", ":")).replace("'", "''"),
        most=MAX_WORD_CHARACTERS,
        symbols=character_class(SYMBOLS),
        marks=character_class(MARKS),
        separators=character_class(SEPARATORS),
    )


def _replaced(expression: str, letters: Iterable[str]) -> str:
    # Many times faster than translate(), which searches its list of letters for every character.
    for letter in letters:
        expression = f"replace({expression}, '{letter}', '{comparison_form(letter)}')"
    return expression


def _is_ordinary(letter: str) -> bool:
    """Return whether a letter's form is one character and doesn't depend on its neighbors."""
    form = comparison_form(letter)
    return len(form) == 1 and not unicodedata.combining(form) and unicodedata.normalize("NFKC", form) == form


def _foldings() -> Iterator[tuple[str, str]]:
    """Yield letters that normalization keeps, with their full case folding."""
    unassigned = {code for first, last in ranges_of(UNASSIGNED) for code in range(first, last + 1)}
    for letter in map(chr, range(0x110000)):
        folded = letter.casefold()
        if folded != letter and ord(letter) not in unassigned and unicodedata.normalize("NFKC", letter) == letter:
            yield letter, folded
