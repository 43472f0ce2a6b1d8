"""The SQL functions of the form that texts are compared by, made of the same tables as app/domain/texts.py.

`comparison_form` and `search_words` give what `comparison_form` and `words_of` give in Python, on every server and in every
version of it: a test compares them over all code points. `normalize()` is PostgreSQL's own; its tables of younger versions
of Unicode have only more characters, and those are kept from it.
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
"""Candidates for what needs no normalization: letters of Western Europe, dashes and quotes."""


def comparison_functions() -> str:
    """Return the SQL that makes the functions, or brings them up to date."""
    ordinary = [chr(code) for code in _ORDINARY if _is_ordinary(chr(code))]
    changed = [each for each in ordinary if comparison_form(each) != each]
    return _SCRIPT.format(
        ordinary="".join(f"\\u{ord(each):04x}" for each in ordinary),
        changed="".join(f"\\u{ord(each):04x}" for each in changed),
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
    # Many times faster than one translate(), which looks through all of its letters for each of the text.
    for letter in letters:
        expression = f"replace({expression}, '{letter}', '{comparison_form(letter)}')"
    return expression


def _is_ordinary(letter: str) -> bool:
    """Whether the form of a text that holds the letter is that of its letters, each of which stays one."""
    form = comparison_form(letter)
    return len(form) == 1 and not unicodedata.combining(form) and unicodedata.normalize("NFKC", form) == form


def _foldings() -> Iterator[tuple[str, str]]:
    """Full case folding of what normalization leaves."""
    unassigned = {code for first, last in ranges_of(UNASSIGNED) for code in range(first, last + 1)}
    for letter in map(chr, range(0x110000)):
        folded = letter.casefold()
        if folded != letter and ord(letter) not in unassigned and unicodedata.normalize("NFKC", letter) == letter:
            yield letter, folded
