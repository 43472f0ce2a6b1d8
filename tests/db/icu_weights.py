"""Write `app/db/alphabet/weights.txt` from ICU: `python -m tests.db.icu_weights`."""

import unicodedata
from collections.abc import Iterator
from typing import Any, cast

import icu

from app.db.alphabet.weights import PATH, SUPPORTED

_ICU = cast("Any", icu)  # has no types
_NOTICE = """\
# Collation weights of ICU {version}, written by `python -m tests.db.icu_weights`; app/db/alphabet/weights.py says how to read them.
# Derived from data of the Unicode Consortium: Copyright © 1991-2026 Unicode, Inc. Unicode License v3, https://www.unicode.org/license.txt
"""
_SCRIPTS = "[[:sc=Latn:][:sc=Grek:][:sc=Copt:][:sc=Cyrl:][:sc=Zyyy:][:sc=Zinh:]]"
# Both halves of a weight that is longer than 16 bits; the second one carries this mark.
_CONTINUED = 0xC0

Weights = tuple[tuple[int, int, int], ...]


class Collator:
    """ICU's weights of texts in one locale."""

    def __init__(self, locale: str) -> None:
        self._collator = _ICU.Collator.createInstance(_ICU.Locale(locale))
        self._iterator = self._collator.createCollationElementIterator("")
        self.has_upper_first: bool = (
            self._collator.getAttribute(_ICU.UCollAttribute.CASE_FIRST) == _ICU.UCollAttributeValue.UPPER_FIRST
        )

    def weights(self, text: str) -> Weights:
        """The primary, secondary and tertiary weight of each collation element."""
        self._iterator.setText(text)
        found: list[tuple[int, int, int]] = []
        for element in self._iterator:
            bits = int(element) & 0xFFFFFFFF
            primary, secondary, tertiary = bits >> 16, bits >> 8 & 0xFF, bits & 0xFF
            if tertiary & _CONTINUED == _CONTINUED:
                first = found.pop()
                found.append((first[0] | primary, first[1] | secondary, first[2] | tertiary & 0x3F))
            elif bits:
                found.append((primary << 16, secondary << 8, tertiary << 8))
        return tuple(found)


def covered() -> list[str]:
    """The characters that names are made of: lower case, of the scripts that sort up to Cyrillic."""
    scripts = _ICU.UnicodeSet(_SCRIPTS)
    return [
        character
        for character in map(chr, range(1, 0x110000))
        if unicodedata.category(character) not in {"Cn", "Co", "Cs"}
        and character.lower() == character
        and scripts.contains(character)
    ]


def contractions(collator: Collator, characters: list[str]) -> Iterator[str]:
    """The pairs that sort as one letter: those of the rules, and a base with a mark."""
    letters = [
        character for character in characters if unicodedata.category(character)[0] == "L" and ord(character) < 0x530
    ]
    marks = [character for character in characters if unicodedata.combining(character) and ord(character) < 0x370]
    alone = {character: collator.weights(character) for character in [*letters, *marks, "·", "'"]}
    for first in letters:
        for second in [*letters, *marks, "·", "'"] if first < "\u0250" else marks:
            if collator.weights(first + second) != alone[first] + alone[second]:
                yield first + second


def table(locale: str, characters: list[str]) -> tuple[Collator, dict[str, Weights]]:
    """The weights of every unit in a locale."""
    collator = Collator(locale)
    units = [*characters, *contractions(collator, characters)]
    return collator, {unit: collator.weights(unit) for unit in units}


def lines(units: dict[str, Weights], ranks: dict[int, int]) -> Iterator[str]:
    """The units of a table, consecutive characters with consecutive primary weights in one line."""
    run: tuple[int, int] | None = None
    last: tuple[Any, ...] = ()
    shown = ""
    for unit, weights in units.items():
        ranked = tuple((ranks[primary], secondary, tertiary) for primary, secondary, tertiary in weights)
        here = ord(unit) if len(unit) == 1 else None
        following = tuple((primary + 1, *rest) for primary, *rest in last) if len(last) == 1 else last
        if run is not None and here is not None and here == run[1] + 1 and len(ranked) <= 1 and ranked == following:
            run = (run[0], here)
        else:
            if run is not None:
                yield f"{run[0]:x}-{run[1]:x}{shown}" if run[1] > run[0] else f"{run[0]:x}{shown}"
            shown = "".join(f" {primary:x}.{secondary:x}.{tertiary:x}" for primary, secondary, tertiary in ranked)
            run = None if here is None else (here, here)
            if here is None:
                yield "+".join(f"{ord(character):x}" for character in unit) + shown
        last = ranked
    if run is not None:
        yield f"{run[0]:x}-{run[1]:x}{shown}" if run[1] > run[0] else f"{run[0]:x}{shown}"


def main() -> None:
    """Write the file."""
    characters = covered()
    tables = {locale: table(locale, characters) for locale in ("root", *SUPPORTED)}
    primaries = {weight[0] for _, units in tables.values() for weights in units.values() for weight in weights}
    ranks = {primary: rank for rank, primary in enumerate(sorted(primaries | {0}))}
    root = tables["root"][1]
    with PATH.open("w", encoding="utf-8") as output:
        output.write(_NOTICE.format(version=_ICU.ICU_VERSION))
        for locale, (collator, units) in tables.items():
            changed = (
                units
                if locale == "root"
                else {unit: weights for unit, weights in units.items() if root.get(unit) != weights}
            )
            gone = root.keys() - units.keys()
            if gone:
                msg = f"{locale} lacks units of the root: {gone}"
                raise ValueError(msg)
            output.write(f"[{locale}]{' upper case first' if collator.has_upper_first else ''}\n")
            output.writelines(f"{line}\n" for line in lines(changed, ranks))


if __name__ == "__main__":
    main()
