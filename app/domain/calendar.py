"""Calendar arithmetic for billing: whole days, half-open periods, and days that are clamped to the end of a month."""

import calendar
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.domain.errors import ErrorCode, Problem, Rejected


class DateOutOfRange(Exception):
    """A computed date is outside the years 1 to 9999, or one of their first and last days, which can't be stored."""


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of days: includes `start`, excludes `end`."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """Length in calendar days."""
        return (self.end - self.start).days


def today_in(time_zone: str, now: datetime) -> date:
    """Return the calendar day of a moment in a company's time zone. Raise Rejected for an unknown time zone."""
    try:
        zone = ZoneInfo(time_zone)
    except (LookupError, ValueError, OSError) as error:
        # PostgreSQL checks time zones against its own copy of the IANA database, whose version may differ from
        # Python's.
        message = (
            f"needs today's date, but the company's time zone \"{time_zone}\" is unknown: "
            "an administrator must set another one with `customer-gateway company update`."
        )
        raise Rejected([Problem(ErrorCode.COMPANY_TIME_ZONE_UNKNOWN, (), message)]) from error
    return now.astimezone(zone).date()


# A list of subscriptions asks for the same few days again and again.
@lru_cache(maxsize=4_096)
def months_later(day: date, months: int, anchor_day: int) -> date:
    """Return the anchor day (1 to 31, or the last day of a shorter month) some months after a date.

    Raise DateOutOfRange.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise DateOutOfRange
    last = calendar.monthrange(year, month + 1)[1]
    found = date(year, month + 1, min(anchor_day, last))
    # PostgreSQL's driver would store them as infinite.
    if found in {date.min, date.max}:
        raise DateOutOfRange
    return found


def next_billing_day(day: date, billing_day: int) -> date:
    """Return the first date after `day` on a day of the month, 1 to 31; in a shorter month, its last day."""
    this_month = months_later(day, 0, billing_day)
    return this_month if this_month > day else months_later(day, 1, billing_day)


def billing_day_from(day: date, billing_day: int) -> date:
    """Return the first date on or after `day` on a day of the month, 1 to 31; in a shorter month, its last day."""
    this_month = months_later(day, 0, billing_day)
    return this_month if this_month >= day else months_later(day, 1, billing_day)


def cycle_end(start: date, months: int, anchor_day: int) -> date:
    """Return the end of a billing cycle: `months` later from an anchor day, the next anchor day from any other day."""
    if start == months_later(start, 0, anchor_day):
        return months_later(start, months, anchor_day)
    return next_billing_day(start, anchor_day)
