"""Parsers of CSV cells, with messages for people who edit the file in a spreadsheet."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from app.cli.import_json import NotJson, read_json
from app.domain.dates import day_of
from app.domain.decimals import decimal_of
from app.domain.texts import comparison_form, shown, trimmed

CellReader = Callable[[str], object]
"""Returns the value of a cell's text; raises UnreadableCell."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
# Spreadsheets write booleans in the user's language, in upper case: English, Danish, Norwegian, Swedish, Finnish,
# German, Dutch, French, Spanish, Italian, Portuguese, Polish.
_TRUE = "true sand sann sant tosi wahr waar vrai verdadero vero verdadeiro prawda"
_FALSE = "false falsk usann falskt epätosi falsch onwaar faux falso fałsz"
_FLAGS = {**dict.fromkeys(_TRUE.split(), True), **dict.fromkeys(_FALSE.split(), False)}


class UnreadableCell(ValueError):
    """A cell has an invalid value for its column. The message follows the column's name."""


def parse_amount(cell: str) -> Decimal:
    """Parse an amount exactly."""
    found = decimal_of(cell)
    if found is not None:
        return found
    problem = f"is {shown(cell)}, with a comma" if "," in cell else f"is {shown(cell)}"
    msg = (
        f"{problem}: write the amount in digits with a point for the decimals, and without thousands"
        " separators, spaces "
        "and currency, such as 1250.00."
    )
    raise UnreadableCell(msg)


def json_amount(value: object) -> object:
    """Return a JSON value as an exact amount. Other values are returned unchanged, for the field's rules to reject."""
    if isinstance(value, str):
        return parse_amount(value)
    found = decimal_of(value)
    return value if found is None else found


def parse_day(cell: str) -> date:
    """Parse a calendar date."""
    found = day_of(cell)
    if found is None:
        msg = f"is {shown(cell)}: write the date as year, month and day, such as 2026-06-30."
        raise UnreadableCell(msg)
    return found


def parse_whole(cell: str) -> int:
    """Parse a whole number."""
    if not _WHOLE.fullmatch(trimmed(cell)):
        msg = f"is {shown(cell)}: write a whole number in digits, such as 30."
        raise UnreadableCell(msg)
    return int(trimmed(cell))


def parse_flag(cell: str) -> bool:
    """Parse TRUE or FALSE, in any case and in the languages of spreadsheets."""
    found = _FLAGS.get(comparison_form(trimmed(cell)))
    if found is None:
        msg = f"is {shown(cell)}: write TRUE or FALSE."
        raise UnreadableCell(msg)
    return found


def json_such_as(example: str) -> CellReader:
    """Return a parser of JSON. The example is for its message."""

    def read(cell: str) -> object:
        try:
            found = read_json(cell)
        except NotJson as error:
            msg = f"is not JSON ({error}): write JSON such as {example}."
            raise UnreadableCell(msg) from None
        if found.repeated:
            msg = f"contains {shown(found.repeated[0])} more than once: keep one of them."
            raise UnreadableCell(msg)
        return found.value

    return read


METADATA_CELLS = {
    **dict.fromkeys(("metadata", "metadataSet"), json_such_as('{"tier": "gold"}')),
    "metadataUnset": json_such_as('["tier"]'),
}
"""Parsers of the columns of metadata."""
