"""What the processes of a service know together of writes to the database."""

import time

import pytest

from app.db.write_health import SETTLED_SECONDS, WriteHealth, WritesSeen
from app.unavailable import Cause, DatabaseUnavailable


def test_a_failed_write_and_its_recovery_are_known_to_those_who_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = WriteHealth(), WriteHealth()
    one.failed(DatabaseUnavailable(Cause.DISK_FULL))
    other.learn(one.seen)
    assert other.failing() is Cause.DISK_FULL

    now = time.monotonic() + SETTLED_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: now)
    other.succeeded()
    assert (one.failing(), other.failing()) == (Cause.DISK_FULL, None)
    one.learn(other.seen)
    # What a third process still tells is older.
    one.learn(WritesSeen(now - SETTLED_SECONDS - 2, Cause.READ_ONLY))
    assert one.failing() is None


def test_of_two_failures_the_later_one_counts_whichever_is_told_first() -> None:
    earlier, later = WritesSeen(1.0, Cause.DISK_FULL, 0.5), WritesSeen(2.0, Cause.READ_ONLY)
    assert earlier.merge(later) == later.merge(earlier) == WritesSeen(2.0, Cause.READ_ONLY, 0.5)
