"""Turns that are held while clients receive: whose client is slow, and who hurries while others wait."""

from types import SimpleNamespace
from uuid import UUID

import pytest

from app.scheduling import held_turns
from app.scheduling.held_turns import MIN_RATE, PATIENCE_SECONDS, Holder, Holders
from tests.support.clock import Clock

COMPANY = UUID(int=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which clients are slow."""
    clock = Clock()
    monkeypatch.setattr(held_turns, "time", SimpleNamespace(monotonic=clock))
    return clock


@pytest.fixture
def holder() -> Holder:
    """A holder whose client was sent nothing yet."""
    return Holder(COMPANY)


def wait_for_client(holder: Holder, clock: Clock, seconds: float) -> None:
    """Let the client take this long."""
    with holder.waiting():
        clock.now += seconds


def test_a_client_is_slow_once_its_patience_is_used_up(holder: Holder, clock: Clock) -> None:
    wait_for_client(holder, clock, PATIENCE_SECONDS / 2)
    assert not holder.is_slow(clock.now)
    wait_for_client(holder, clock, PATIENCE_SECONDS / 2)
    assert holder.is_slow(clock.now)


def test_a_client_is_slow_while_it_is_waited_for(holder: Holder, clock: Clock) -> None:
    with holder.waiting():
        clock.now += PATIENCE_SECONDS
        assert holder.is_slow(clock.now)


def test_reading_the_database_is_not_the_clients_time(holder: Holder, clock: Clock) -> None:
    wait_for_client(holder, clock, PATIENCE_SECONDS / 2)
    clock.now += 100 * PATIENCE_SECONDS

    assert holder.waited_seconds(clock.now) == PATIENCE_SECONDS / 2
    assert not holder.is_slow(clock.now)


def test_what_is_sent_has_the_time_that_a_client_which_is_not_slow_takes(holder: Holder, clock: Clock) -> None:
    holder.sent_bytes += MIN_RATE
    wait_for_client(holder, clock, PATIENCE_SECONDS + 0.99)
    assert not holder.is_slow(clock.now)
    wait_for_client(holder, clock, 0.02)
    assert holder.is_slow(clock.now)


def test_waiting_in_vain_counts_as_well(holder: Holder, clock: Clock) -> None:
    def leave() -> None:
        with holder.waiting():
            clock.now += PATIENCE_SECONDS
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        leave()
    assert holder.waited_seconds(clock.now + 1) == PATIENCE_SECONDS


def test_those_with_slow_clients_hurry_as_long_as_they_hold_a_turn(clock: Clock) -> None:
    holders, slow, quick, former = Holders(), Holder(COMPANY), Holder(COMPANY), Holder(COMPANY)
    with holders.holding(slow), holders.holding(quick):
        with holders.holding(former):
            wait_for_client(former, clock, PATIENCE_SECONDS)
        wait_for_client(slow, clock, PATIENCE_SECONDS)
        holders.hurry_slow()

    assert [holder.hurries for holder in (slow, quick, former)] == [True, False, False]
