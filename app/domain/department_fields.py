"""Fields of a department and how inputs are read into them."""

import re

from app.domain.errors import ErrorCode
from app.domain.fields import flag, formed, text
from app.domain.forms import country
from app.domain.inputs import Field
from app.domain.limits import Limits, limited
from app.domain.members import MemberKind

_EAN = re.compile(r"[0-9]{13}")


def ean(value: str) -> str | None:
    """Return an EAN-13 (GS1 check digit: odd places count once, even places three times, modulo 10), else None."""
    if not _EAN.fullmatch(value):
        return None
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(value))
    return value if total % 10 == 0 else None


limited(ean, Limits(least_characters=13, most_characters=13, pattern="^[0-9]{13}$"))


DEPARTMENT = MemberKind(
    noun="department",
    not_found=ErrorCode.DEPARTMENT_NOT_FOUND,
    default="is_default",
    fields={
        "name": Field(text(), clearable=False),
        "is_default": Field(flag, clearable=False),
        "is_active": Field(flag, clearable=False),
        "po_number": Field(text()),
        "ean_number": Field(formed(ean, "must be 13 digits with a valid check digit, such as 5790000000005")),
        "address": Field(text()),
        "city": Field(text()),
        "postal_code": Field(text()),
        "country_code": Field(formed(country, "must be an ISO 3166-1 code of two letters, such as DK")),
    },
)
