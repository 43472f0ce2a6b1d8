"""When a failed delivery is repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.deliveries import PAUSE_AFTER_SECONDS, wait_after


@pytest.mark.parametrize(
    ("attempts", "wait"), [(1, 5), (2, 30), (3, 120), (4, 600), (5, 3_600), (6, 3_600), (9, 3_600)]
)
def test_waits_grow_to_an_hour(attempts: int, wait: float) -> None:
    assert wait_after(attempts, 0, 0.5) == wait


def test_a_wait_varies_by_a_fifth() -> None:
    assert [wait_after(4, 0, chance) for chance in (0, 0.5, 1)] == [480, 600, 720]


def test_the_last_attempt_is_made_after_a_day_and_then_the_endpoint_is_paused() -> None:
    assert wait_after(28, PAUSE_AFTER_SECONDS - 60, 0.5) == 60
    assert wait_after(29, PAUSE_AFTER_SECONDS, 0.5) is None


@given(st.floats(0, 1))
def test_a_day_has_about_28_attempts(chance: float) -> None:
    attempts, passed = 1, 0.0
    while (wait := wait_after(attempts, passed, chance)) is not None:
        assert wait > 0
        attempts, passed = attempts + 1, passed + wait
    assert passed == pytest.approx(PAUSE_AFTER_SECONDS)
    assert 24 <= attempts <= 36
