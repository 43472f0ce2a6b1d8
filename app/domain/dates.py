"""The dates that inputs may hold."""

import re
from contextlib import suppress
from datetime import date, datetime

from app.domain.errors import Path
from app.domain.fields import invalid
from app.domain.labels import shown_value
from app.domain.texts import stored_form

# PostgreSQL's driver stores date.min and date.max as -infinity and infinity, with which nothing can be computed.
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(9999, 12, 30)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CHARACTERS = len("YYYY-MM-DD")


def day_of(text: str) -> date | None:
    """Return the date that a text names as `YYYY-MM-DD`, without blanks around it; None for any other text.

    Python also reads 20260630 and 2026-W27-2, which callers may have meant differently.
    """
    found = stored_form(text, most=_CHARACTERS)
    with suppress(ValueError):
        return date.fromisoformat(found) if _DAY.fullmatch(found) else None
    return None


def day(value: object, path: Path) -> object:
    """Read a calendar date, or its text `YYYY-MM-DD`."""
    found = value if isinstance(value, date) and not isinstance(value, datetime) else None
    if isinstance(value, str):
        found = day_of(value)
    if found is None:
        return invalid(path, f"must be a calendar date, such as 2026-06-30, not {shown_value(value)}.")
    if not FIRST_DATE <= found <= LAST_DATE:
        return invalid(path, f"must be between {FIRST_DATE} and {LAST_DATE}, not {found}.")
    return found
