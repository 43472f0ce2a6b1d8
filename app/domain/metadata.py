"""Key-value metadata: limits, and the canonical text by which values are compared."""

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256

MAX_ENTRIES = 50
MAX_UNSET_KEYS = 500
"""Maximum number of keys that one change can unset.

Above MAX_ENTRIES, so that callers can send the same list for all customers.
"""
MAX_KEY_CHARACTERS = 128
MAX_VALUE_CHARACTERS = 500
MAX_FILTER_PAIRS = 10

# The range of a double, the type that most JSON parsers use. Beyond it numbers become infinite or zero there, and a
# short text such as `1e-999999999` would take gigabytes when written out.
_MOST_DIGITS = 324
_NOT_A_VALUE = "must be a string, a finite number or a boolean"

MetadataValue = str | int | float | bool | Decimal


def canonical_text(value: MetadataValue) -> str:
    """Return the text by which a value is compared: `true`, `5` (also for 5.0 and 5e0), or the string itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError(_NOT_A_VALUE)
    digits = format(number, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def pair_digest(key: str, value: MetadataValue) -> bytes:
    """Return the digest of a pair, which the index holds. U+0000 is a safe separator because keys can't contain it."""
    return sha256(f"{key}\0{canonical_text(value)}".encode()).digest()


def is_same_metadata(stored: Mapping[str, object], given: Mapping[str, object]) -> bool:
    """Return whether two maps hold the same: 2 is 2.0, as in filters, but neither "2" nor true is a number."""
    return stored.keys() == given.keys() and all(_compared(stored[key]) == _compared(given[key]) for key in stored)


def _compared(value: object) -> tuple[str, str]:
    try:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return "number", canonical_text(value)
    except ValueError:
        # A number that only PostgreSQL can hold.
        pass
    return "", json.dumps(value, sort_keys=True, default=str)
