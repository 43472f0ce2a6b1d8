"""Times of the demo data: fixed ones for ids, so that a seed always gives the same ids, and recent ones for rows."""

from datetime import UTC, date, datetime, time, timedelta

FIRST_MOMENT = datetime(2024, 10, 1, tzinfo=UTC)
"""The earliest time in an id. The ids of all demo companies have it."""
CREATED_WITHIN = timedelta(days=730)
"""The time from the first created row to the last."""


def created_at(moment: datetime, today: date) -> datetime:
    """Return when a row whose id has this time was created: `CREATED_WITHIN` before today, in UTC, or later."""
    return moment + (datetime.combine(today, time(), UTC) - CREATED_WITHIN - FIRST_MOMENT)
