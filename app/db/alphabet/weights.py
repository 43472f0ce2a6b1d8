"""Collation weights of locales, read from `weights.txt`.

The file has a section per locale; those after `[root]` list differences from it. A line is `characters weights…`, where
characters are one code point, a range with consecutive primary weights, or several joined by `+` that sort as one
letter. A weight is `primary.secondary.tertiary` in hexadecimal; the two highest bits of a tertiary weight encode the
case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("weights.txt")
SUPPORTED = ("da", "nb", "nn", "no", "fo", "kl", "sv", "fi", "is", "de", "en", "it", "nl", "pt")
"""Languages in the file; each is supported for any region."""
COMMON = 0x500
"""Secondary weight of letters without accents, and tertiary weight of ordinary letters."""

_CASE = 0xC000
_UPPER_FIRST = "upper case first"

Weight = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of all units; a unit is a character, or several that sort as one letter."""

    units: dict[str, tuple[Weight, ...]]
    common_tertiary: int


def weights_of(language: str) -> Weights:
    """Return the weights of a supported language."""
    sections = dict(_sections(PATH.read_text(encoding="utf-8")))
    is_upper_first, tailored = sections[language]
    units = sections["root"][1] | tailored
    return Weights(
        {
            unit: tuple(
                (primary, secondary, _tertiary(secondary, tertiary, is_upper_first))
                for primary, secondary, tertiary in elements
            )
            for unit, elements in units.items()
        },
        _tertiary(COMMON, COMMON, is_upper_first),
    )


def _tertiary(secondary: int, tertiary: int, is_upper_first: bool) -> int:  # noqa: FBT001 - from the section's head
    """Return a tertiary weight for comparison: without the case, or with upper case first."""
    if not is_upper_first:
        return tertiary & ~_CASE
    # Elements with only a tertiary weight must sort after all others.
    return tertiary ^ _CASE if secondary else tertiary + 0x4000


def _sections(content: str) -> Iterator[tuple[str, tuple[bool, dict[str, tuple[Weight, ...]]]]]:
    for section in content.split("\n[")[1:]:
        head, *lines = section.splitlines()
        locale, _, remark = head.partition("]")
        yield locale, (remark.strip() == _UPPER_FIRST, dict(unit for line in lines for unit in _units(line)))


def _units(line: str) -> Iterator[tuple[str, tuple[Weight, ...]]]:
    characters, *weights = line.split()
    parsed = [tuple(int(number, 16) for number in weight.split(".")) for weight in weights]
    first, _, last = characters.partition("-")
    if not last:
        yield "".join(chr(int(code, 16)) for code in characters.split("+")), _shifted(parsed, 0)
        return
    start = int(first, 16)
    for code_point in range(start, int(last, 16) + 1):
        yield chr(code_point), _shifted(parsed, code_point - start)


def _shifted(weights: list[tuple[int, ...]], distance: int) -> tuple[Weight, ...]:
    return tuple((primary + distance, secondary, tertiary) for primary, secondary, tertiary in weights)
