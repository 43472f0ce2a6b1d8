"""Whole days, months that clamp, and today where the company is."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import Period, months_later, next_billing_day, today_in
from app.domain.errors import ErrorCode, Rejected
from tests.domain.billing_strategies import days


@pytest.mark.parametrize(
    ("day", "months", "anchor", "expected"),
    [
        (date(2026, 1, 31), 1, 31, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, 31, date(2028, 2, 29)),
        (date(2026, 2, 28), 1, 31, date(2026, 3, 31)),
        (date(2026, 3, 31), 1, 31, date(2026, 4, 30)),
        (date(2028, 2, 29), 12, 29, date(2029, 2, 28)),
        (date(2029, 2, 28), 36, 29, date(2032, 2, 29)),
        (date(2026, 12, 15), 1, 15, date(2027, 1, 15)),
        (date(2026, 1, 15), -1, 15, date(2025, 12, 15)),
        (date(2026, 3, 31), -1, 31, date(2026, 2, 28)),
        (date(2100, 1, 31), 1, 31, date(2100, 2, 28)),
    ],
)
def test_a_month_later_is_the_anchor_day_or_the_last_of_a_shorter_month(
    day: date, months: int, anchor: int, expected: date
) -> None:
    assert months_later(day, months, anchor) == expected


@given(day=days, months=st.integers(0, 120), anchor=st.integers(1, 31))
def test_months_forth_and_back_lead_to_the_same_month(day: date, months: int, anchor: int) -> None:
    back = months_later(months_later(day, months, anchor), -months, anchor)

    assert (back.year, back.month) == (day.year, day.month)
    assert back.day == anchor or (back.day < anchor and (back + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("day", "billing_day", "expected"),
    [
        (date(2026, 6, 19), 20, date(2026, 6, 20)),
        (date(2026, 6, 19), 19, date(2026, 7, 19)),
        (date(2026, 6, 19), 18, date(2026, 7, 18)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
        (date(2028, 2, 29), 28, date(2028, 3, 28)),
        (date(2026, 1, 31), 28, date(2026, 2, 28)),
    ],
)
def test_the_next_billing_day_lies_strictly_after(day: date, billing_day: int, expected: date) -> None:
    assert next_billing_day(day, billing_day) == expected


@given(day=days, billing_day=st.integers(1, 28))
def test_no_other_billing_day_lies_before_the_next_one(day: date, billing_day: int) -> None:
    found = next_billing_day(day, billing_day)
    between = [day + timedelta(days=step) for step in range(1, (found - day).days)]

    assert found > day
    assert found.day == billing_day
    assert all(other.day != billing_day for other in between)


@given(start=days, end=days)
def test_a_period_parted_anywhere_has_as_many_days_as_its_parts(start: date, end: date) -> None:
    first, last = sorted((start, end))
    middle = first + (last - first) // 2

    assert Period(first, middle).days + Period(middle, last).days == Period(first, last).days == (last - first).days


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        ("Europe/Copenhagen", "2026-06-18T21:59:59", date(2026, 6, 18)),
        ("Europe/Copenhagen", "2026-06-18T22:00:00", date(2026, 6, 19)),
        ("Europe/Copenhagen", "2026-01-18T22:59:59", date(2026, 1, 18)),
        ("Europe/Copenhagen", "2026-01-18T23:00:00", date(2026, 1, 19)),
        # Clocks go forward on 29 March and back on 25 October.
        ("Europe/Copenhagen", "2026-03-28T22:59:59", date(2026, 3, 28)),
        ("Europe/Copenhagen", "2026-03-28T23:00:00", date(2026, 3, 29)),
        ("Europe/Copenhagen", "2026-03-29T21:59:59", date(2026, 3, 29)),
        ("Europe/Copenhagen", "2026-03-29T22:00:00", date(2026, 3, 30)),
        ("Europe/Copenhagen", "2026-10-24T22:00:00", date(2026, 10, 25)),
        ("Europe/Copenhagen", "2026-10-25T22:59:59", date(2026, 10, 25)),
        ("Europe/Copenhagen", "2026-10-25T23:00:00", date(2026, 10, 26)),
        ("America/Los_Angeles", "2026-06-19T06:59:59", date(2026, 6, 18)),
        ("America/Los_Angeles", "2026-06-19T07:00:00", date(2026, 6, 19)),
        ("Pacific/Kiritimati", "2026-06-18T10:00:00", date(2026, 6, 19)),
        ("Asia/Kolkata", "2026-06-18T18:29:59", date(2026, 6, 18)),
        ("Asia/Kolkata", "2026-06-18T18:30:00", date(2026, 6, 19)),
        # There was no midnight here: clocks went from 24:00 to 01:00.
        ("America/Sao_Paulo", "2018-11-04T02:59:59", date(2018, 11, 3)),
        ("America/Sao_Paulo", "2018-11-04T03:00:00", date(2018, 11, 4)),
        ("UTC", "2028-02-29T00:00:00", date(2028, 2, 29)),
    ],
)
def test_today_is_the_day_where_the_company_is(zone: str, moment: str, expected: date) -> None:
    assert today_in(zone, datetime.fromisoformat(moment).replace(tzinfo=UTC)) == expected


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "Europe", "", "../etc/passwd", "/etc/passwd", "a\0b", "x" * 300])
def test_a_time_zone_that_is_unknown_is_rejected_with_what_to_do(zone: str) -> None:
    with pytest.raises(Rejected) as rejected:
        today_in(zone, datetime(2026, 6, 19, tzinfo=UTC))
    (problem,) = rejected.value.problems
    assert problem.code is ErrorCode.COMPANY_TIME_ZONE_UNKNOWN
    assert "customer-gateway company update" in problem.message
