"""Write app/domain/unicode_tables.py from Python's own tables: `python -m tests.domain.unicode_tables` on Python 3.11."""

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from app.domain import unicode_tables

VERSION = "14.0.0"
"""The version of Unicode that Python 3.11 and PostgreSQL 15 have, the oldest of those that are supported."""
TARGET = Path(unicode_tables.__file__)
_WIDTH = 116
_TABLES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "UNASSIGNED": ("Code points that are no character yet, or never will be.", lambda category: category == "Cn"),
    "SEPARATORS": (
        "White space, controls, punctuation, and the symbols of mathematics, currencies and accents.",
        lambda category: category[0] in "ZP" or category in {"Cc", "Sm", "Sc", "Sk"},
    ),
    "SYMBOLS": ("The other symbols: emoji, arrows, signs.", lambda category: category == "So"),
    "MARKS": ("What combines with the character before it.", lambda category: category[0] == "M"),
}
_HEAD = f'''"""Which code points are what in Unicode {VERSION}, as ranges in hexadecimal; written by tests/domain/unicode_tables.py.

The version is fixed, so that texts compare alike in every version of Python and PostgreSQL: see docs/adr/0019-texts.md.
"""

VERSION = "{VERSION}"
'''


def module() -> str:
    """The text of the module."""
    return _HEAD + "".join(
        f'{name} = (\n{_literal(_ranges(wanted))}\n)\n"""{says}"""\n' for name, (says, wanted) in _TABLES.items()
    )


def _ranges(wanted: Callable[[str], bool]) -> Iterator[str]:
    first = None
    for code in range(0x110001):
        is_wanted = code < 0x110000 and wanted(unicodedata.category(chr(code)))
        if is_wanted and first is None:
            first = code
        elif not is_wanted and first is not None:
            yield f"{first:X}" if first == code - 1 else f"{first:X}-{code - 1:X}"
            first = None


def _literal(ranges: Iterator[str]) -> str:
    lines: list[str] = []
    line = ""
    for each in ranges:
        if len(line) + len(each) + 1 > _WIDTH - 8:
            lines.append(line)
            line = ""
        line += f"{each} "
    lines.append(line.rstrip())
    return "\n".join(f'    "{each}"' for each in lines)


if __name__ == "__main__":
    if unicodedata.unidata_version != VERSION:
        message = f"This Python has Unicode {unicodedata.unidata_version}: run it with Python 3.11."
        raise SystemExit(message)
    TARGET.write_text(module(), encoding="utf-8")
