"""Key-value metadata: its bounds, and the canonical text that values are compared by."""

from decimal import Decimal
from hashlib import sha256

MAX_ENTRIES = 50
MAX_UNSET_KEYS = 500
"""Keys that one change removes; more than there can be entries, because it may name those of other customers too."""
MAX_KEY_CHARACTERS = 128
MAX_VALUE_CHARACTERS = 500
MAX_FILTER_PAIRS = 10

# The largest and the smallest numbers that JSON's readers hold have this many digits before and after the point.
# Beyond them nothing is finite to everyone, and a short `1e-999999999` would be written out in gigabytes.
_MOST_DIGITS = 324
_NOT_A_VALUE = "a metadata value is a string, a finite number or a boolean"

MetadataValue = str | int | float | bool | Decimal


def canonical_text(value: MetadataValue) -> str:
    """The text that a value is compared by: `true`, `5` (also for 5.0 and 5e0), or the string itself."""
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
    """The fixed-size name of a pair that the index holds; the key can't contain the U+0000 that parts the two."""
    return sha256(f"{key}\0{canonical_text(value)}".encode()).digest()
