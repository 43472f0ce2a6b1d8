"""Read the collation weights of a locale, as `weights.txt` holds them.

A section per locale; those after `[root]` list what differs from it. A line is `characters weights…`: one code point,
a range of them whose primary weights are consecutive, or several joined by `+` that sort as one letter. A weight is
`primary.secondary.tertiary`, in hexadecimal; the highest two bits of a tertiary weight tell upper from lower case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("weights.txt")
SUPPORTED = ("da", "nb", "nn", "no", "fo", "kl", "sv", "fi", "is", "de", "en", "it", "nl", "pt")
"""The languages that the file knows; each in any region."""
COMMON = 0x500
"""The secondary weight of a letter without accents, and the tertiary weight of an ordinary one."""

_CASE = 0xC000
_UPPER_FIRST = "upper case first"

Weight = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of every unit, a character or several that sort as one letter."""

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
                for primary, secondary, tertiary in each
            )
            for unit, each in units.items()
        },
        _tertiary(COMMON, COMMON, is_upper_first),
    )


def _tertiary(secondary: int, tertiary: int, is_upper_first: bool) -> int:  # noqa: FBT001 - what the section's head says
    """The tertiary weight as it is compared: without the case, or with upper case first."""
    if not is_upper_first:
        return tertiary & ~_CASE
    # What has a tertiary weight alone must stay behind everything that has more.
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
        yield "".join(chr(int(each, 16)) for each in characters.split("+")), _shifted(parsed, 0)
        return
    start = int(first, 16)
    for code_point in range(start, int(last, 16) + 1):
        yield chr(code_point), _shifted(parsed, code_point - start)


def _shifted(weights: list[tuple[int, ...]], distance: int) -> tuple[Weight, ...]:
    return tuple((primary + distance, secondary, tertiary) for primary, secondary, tertiary in weights)
