"""Fields of a company and how inputs are read into them."""

from collections.abc import Mapping
from zoneinfo import available_timezones

from app.domain.errors import Path, Problem
from app.domain.fields import formed, invalid, read_uuid, text
from app.domain.forms import currency
from app.domain.inputs import Field, read_input
from app.domain.texts import unprintable_in

_UNSUITABLE = {"Factory", "localtime"}
"""Names in the time zone database that aren't a place: an unset clock, and the zone of the local machine."""
_plain = text()


def _name(value: object, path: Path) -> object:
    """Read a trimmed, printable name."""
    found = _plain(value, path)
    hidden = unprintable_in(found) if isinstance(found, str) else None
    return found if hidden is None else invalid(path, f"must not contain the invisible character {hidden}.")


def time_zone(value: str) -> str | None:
    """Return the text if it is a name in the IANA time zone database (case-sensitive), else None."""
    return value if value in available_timezones() - _UNSUITABLE else None


_FIELDS = {
    "name": Field(_name, clearable=False),
    "base_currency": Field(formed(currency, "must be an ISO 4217 code of three letters, such as DKK"), clearable=False),
    "time_zone": Field(formed(time_zone, "must be an IANA time zone, such as Europe/Copenhagen"), clearable=False),
    "id": Field(read_uuid, clearable=False),
}


def read_company(given: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    """Return the values of the fields that were given, by attribute, and all problems."""
    return read_input(given, _FIELDS)
