"""Values that spreadsheets damage: errors of formulas, and numbers that were shortened."""

import re

from app.domain.texts import normal, shown

# Errors of Excel, LibreOffice, Numbers and Google Sheets, in the languages of TRUE and FALSE (see import_cells.py).
_WORDS = (
    "#N/A #VALUE! #REF! #NAME? #DIV/0! #NULL! #NUM! #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #UNKNOWN! #BUSY!"
    " #ERROR! #GETTING_DATA"
    " #I/T #VÆRDI! #REFERENCE! #NAVN? #DIVISION/0! #NUL! #VERDI! #SAKNAS! #VÄRDEFEL! #REFERENS! #NAMN? #SKÄRNING!"
    " #OGILTIGT! #PUUTTUU! #ARVO! #VIITTAUS! #NIMI? #JAKO/0! #TYHJÄ! #LUKU! #NV #WERT! #BEZUG! #ZAHL! #N/B #WAARDE!"
    " #VERW! #NAAM? #DEEL/0! #LEEG! #GETAL! #VALEUR! #NOM? #NOMBRE! #N/D #¡VALOR! #¡REF! #¿NOMBRE? #¡DIV/0! #¡NULO!"
    " #¡NUM! #VALORE! #RIF! #NOME? #NULLO! #VALOR! #NULO! #NÚM! #N/D! #ARG! #ADR! #NAZWA? #DZIEL/0! #ZERO! #LICZBA!"
)
_ERRORS = frozenset(map(normal, _WORDS.split()))
# LibreOffice's numbered errors, and numbers in a column that is too narrow.
_OTHER_ERROR = re.compile(r"Err:[0-9]{3}|#{3,}")
_BEGINNINGS = ("#", "Err:")
# Spreadsheets write the exponent with a sign and at least two digits, which distinguishes it from a code such as 12E5.
_SHORTENED = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?E[+-][0-9]{2,3}", re.IGNORECASE)


def damage_of(text: str, *, holds_digits: bool) -> str | None:
    """Return how a spreadsheet damaged a cell, as a message that follows the column's name; None if it didn't.

    `text` is that of the cell, trimmed. `holds_digits`: the column contains names or keys, so a number in it must have
    all its digits.
    """
    if text.startswith(_BEGINNINGS) and (normal(text).upper() in _ERRORS or _OTHER_ERROR.fullmatch(text)):
        return (
            f"is {shown(text)}, an error of the spreadsheet: correct the cell there or empty it, and save the"
            " file again."
        )
    if holds_digits and _SHORTENED.fullmatch(text):
        return (
            f"is {shown(text)}: the spreadsheet shortened the number. Format the column as text there, enter"
            " the number "
            "in full, and save the file again."
        )
    return None
