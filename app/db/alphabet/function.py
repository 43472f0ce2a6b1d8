"""The SQL function `alphabet_key`, which returns sort keys of names, for servers with and without ICU.

Without ICU, a key holds a name's weights as characters that compare by code point, level by level as in ICU's sort
keys: primary (letters), secondary (accents), tertiary (variants), and the folded name as the last level. Common weights
at the end of a level are left out, so that the key of an ordinary name is hardly longer than the name.
"""

import json
from collections.abc import Iterable

from app.db.alphabet.weights import COMMON, Weights, weights_of

# Ends a level; sorts before every weight.
_END = "\x01"
# The primary weight of an ordinary character is one character: itself, or for letters after z, a character after "z".
# The primary weight of any other character is two characters: that of the preceding ordinary character, or
# _BEFORE_ORDINARY if there is none, and a second one that is higher than any weight.
_ORDINARY = " -./0123456789abcdefghijklmnopqrstuvwxyz"
_AFTER_Z = "æøåäöðþ"
_BEFORE_ORDINARY, _SECOND = "\x02", 0x100000
# Precedes characters without weights, which sort by code point after all others.
_UNKNOWN = "\x7f"
_FIRST = 0x21
# Common weights at the end of a tertiary level are left out. Common weights before a lower or a higher weight must sort
# before or after that end, so they are written as different characters.
_BEFORE_LOWER, _TERTIARY_END, _BEFORE_HIGHER = "~", "\x7f", "\x80"
# Replaces two ordinary letters that sort as one while a key is computed.
_JOINED = 0xF0000

WITH_ICU = """
CREATE FUNCTION alphabet_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN lower(name COLLATE alphabet)
"""
_WITHOUT_ICU = """
CREATE FUNCTION alphabet_key(name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $alphabet$
DECLARE
    folded CONSTANT text := lower(name COLLATE {folding});
    units text[];
BEGIN
    -- Ordinary names differ in their primary weights alone.
    IF folded !~ {unusual} THEN
        RETURN {ordinary_key} || {nothing_else} || folded;
    END IF;
    IF folded ~ {contractions} THEN
        units := ARRAY(SELECT matched[1] FROM regexp_matches(folded, {units}, 'g') AS matched);
    ELSE
        units := string_to_array({joined}, NULL);
    END IF;
    RETURN (
        SELECT
            string_agg(coalesce({primaries}::jsonb ->> unit, {unknown} || unit), '' ORDER BY place)
            || {end}
            || rtrim(
                string_agg(coalesce({secondaries}::jsonb ->> unit, {common_secondary}), '' ORDER BY place),
                {common_secondary}
            )
            || {end}
            || regexp_replace(
                rtrim(
                    string_agg(coalesce({tertiaries}::jsonb ->> unit, {common_tertiary}), '' ORDER BY place),
                    {common_tertiary}
                ),
                {run_before_lower}, {before_lower}, 'g'
            )
            || {tertiary_end} || {end} || folded
        FROM unnest(units) WITH ORDINALITY AS listed (unit, place)
    );
END
$alphabet$
"""


def without_icu(language: str, folding: str) -> str:
    """Return SQL that creates the function for a supported language. `folding` is the collation that lower() uses."""
    weights = weights_of(language)
    if folding == "C":
        weights = _with_capitals(weights)
    keys = _ordinary_keys(weights)
    pairs = {unit: chr(_JOINED + place) for place, unit in enumerate(_pairs(weights, keys))}
    contractions = [unit for unit in weights.units if len(unit) > 1 and unit not in pairs]
    units = weights.units | {joined: weights.units[unit] for unit, joined in pairs.items()}
    weights = Weights(units, weights.common_tertiary)
    return _WITHOUT_ICU.format(
        folding=f'"{folding}"',
        unusual=_literal("|".join([f"[^{_class(keys)}]", *pairs])),
        ordinary_key=_replaced("folded", {char: key for char, key in keys.items() if char != key}),
        nothing_else=_literal(_END + _END + _TERTIARY_END + _END),
        contractions=_literal("|".join(contractions)),
        units=_literal("|".join([*contractions, *pairs, "."])),
        joined=_replaced("folded", pairs),
        primaries=_literal(_table(weights, 0, _primary_keys(weights, keys), None)),
        secondaries=_literal(_table(weights, 1, _secondary_keys(weights), COMMON)),
        tertiaries=_literal(_table(weights, 2, _tertiary_keys(weights), weights.common_tertiary)),
        unknown=_literal(_UNKNOWN),
        end=_literal(_END),
        common_secondary=_literal(chr(_FIRST)),
        common_tertiary=_literal(_BEFORE_HIGHER),
        run_before_lower=_literal(
            f"{_BEFORE_HIGHER}(?={_BEFORE_HIGHER}*[{chr(_FIRST)}-{chr(ord(_BEFORE_LOWER) - 1)}])"
        ),
        before_lower=_literal(_BEFORE_LOWER),
        tertiary_end=_literal(_TERTIARY_END),
    )


def _with_capitals(weights: Weights) -> Weights:
    """Return the weights with those of capital letters added, because lower() folds only ASCII here."""
    capitals = {unit.upper(): levels for unit, levels in weights.units.items() if len(unit) == len(unit.upper()) == 1}
    return Weights(capitals | weights.units, weights.common_tertiary)


def _ordinary_keys(weights: Weights) -> dict[str, str]:
    """Return the ordinary characters of a language in its order, with their keys."""
    z = weights.units["z"]
    after_z = sorted(
        (letter for letter in _AFTER_Z if _is_plain(weights, letter) and weights.units[letter] > z),
        key=weights.units.__getitem__,
    )
    keys = {char: char for char in _ORDINARY} | {
        letter: chr(ord("z") + 1 + place) for place, letter in enumerate(after_z)
    }
    if not all(_is_plain(weights, char) for char in keys) or sorted(keys, key=weights.units.__getitem__) != list(keys):
        msg = "the ordinary characters must have common weights, in the order of their code points"
        raise ValueError(msg)
    return keys


def _is_plain(weights: Weights, unit: str) -> bool:
    return [weight[1:] for weight in weights.units[unit]] == [(COMMON, weights.common_tertiary)]


def _pairs(weights: Weights, ordinary: Iterable[str]) -> list[str]:
    return [unit for unit in weights.units if len(unit) > 1 and set(ordinary).issuperset(unit)]


def _primary_keys(weights: Weights, ordinary: dict[str, str]) -> dict[int, str]:
    own = {weights.units[char][0][0]: key for char, key in ordinary.items()}
    keys: dict[int, str] = {}
    lead, behind = _BEFORE_ORDINARY, 0
    for primary in _values(weights, 0):
        if primary in own:
            lead, behind = own[primary], 0
            keys[primary] = lead
        else:
            keys[primary] = lead + chr(_SECOND + behind)
            behind += 1
    return keys


def _secondary_keys(weights: Weights) -> dict[int, str]:
    return {secondary: chr(_FIRST + rank) for rank, secondary in enumerate(_values(weights, 1))}


def _tertiary_keys(weights: Weights) -> dict[int, str]:
    common = weights.common_tertiary
    lower = [weight for weight in _values(weights, 2) if weight < common]
    higher = [weight for weight in _values(weights, 2) if weight > common]
    return (
        {weight: chr(_FIRST + rank) for rank, weight in enumerate(lower)}
        | {common: _BEFORE_HIGHER}
        | {weight: chr(ord(_BEFORE_HIGHER) + 1 + rank) for rank, weight in enumerate(higher)}
    )


def _values(weights: Weights, level: int) -> list[int]:
    return sorted({weight[level] for unit in weights.units.values() for weight in unit} - {0})


def _table(weights: Weights, level: int, keys: dict[int, str], common: int | None) -> str:
    """Return the keys of units on a level as JSON, without units that only have the common weight."""
    return json.dumps(
        {
            unit: "".join(keys[weight[level]] for weight in elements if weight[level])
            for unit, elements in weights.units.items()
            if [weight[level] for weight in elements] != [common]
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _class(characters: Iterable[str]) -> str:
    return "".join(char if char.isalnum() else f"\\{char}" for char in sorted(characters))


def _replaced(expression: str, replacements: dict[str, str]) -> str:
    for part, replacement in replacements.items():
        expression = f"replace({expression}, {_literal(part)}, {_literal(replacement)})"
    return expression


def _literal(content: str) -> str:
    return "'" + content.replace("'", "''") + "'"
