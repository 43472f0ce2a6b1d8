"""The texts of dates that inputs may hold."""

from datetime import date

import pytest

from app.domain.dates import day, day_of
from app.domain.errors import ErrorCode, Problem


@pytest.mark.parametrize("text", ["2026-06-30", " 2026-06-30", "2026-06-30\u00a0", "\ufeff2026-06-30\n"])
def test_a_date_is_year_month_and_day_without_the_blanks_around_it(text: str) -> None:
    assert day_of(text) == day(text, ("ends_on",)) == date(2026, 6, 30)


@pytest.mark.parametrize(
    "text",
    [
        *("20260630", "2026-W27-2", "2026W272", "2026-181", "2026-6-30", "30-06-2026", "2026-06-30T00:00:00Z"),
        *("2026-02-30", "2026- 06-30", "\u0662\u0660\u0662\u0666-06-30", "", " ", "2026-06-30" + " " * 2_000),
    ],
)
def test_any_other_text_is_no_date(text: str) -> None:
    assert day_of(text) is None


def test_a_text_that_is_no_date_is_quoted_as_it_was_sent() -> None:
    message = 'must be a calendar date, such as 2026-06-30, not " 20260630 ".'
    assert day(" 20260630 ", ("ends_on",)) == Problem(ErrorCode.FIELD_INVALID, ("ends_on",), message)
