"""The dates that inputs may hold."""

import re
from contextlib import suppress
from datetime import date, datetime

from app.domain.errors import Path
from app.domain.fields import invalid
from app.domain.labels import shown_value

# PostgreSQL's driver stores date.min and date.max as -infinity and infinity, with which nothing can be computed.
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(9999, 12, 30)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day(value: object, path: Path) -> object:
    """Read a calendar date, or its text `YYYY-MM-DD`."""
    found = value if isinstance(value, date) and not isinstance(value, datetime) else None
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            found = date.fromisoformat(value)
    if found is None:
        return invalid(path, f"must be a calendar date, such as 2026-06-30, not {shown_value(value)}.")
    if not FIRST_DATE <= found <= LAST_DATE:
        return invalid(path, f"must be between {FIRST_DATE} and {LAST_DATE}, not {found}.")
    return found
