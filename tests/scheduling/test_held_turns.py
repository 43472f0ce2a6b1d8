"""Turns that are held while clients receive: whose client is slow, and which one ends for a company that waits."""

from uuid import UUID

import pytest

from app.scheduling import held_turns
from app.scheduling.held_turns import MIN_RATE, PATIENCE_SECONDS, Holder, Holders

MANY, FEW, WAITING, OTHER = (UUID(int=number) for number in range(1, 5))


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        """Return the time, in seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which clients are slow."""
    clock = Clock()
    monkeypatch.setattr(held_turns, "time", clock)
    return clock


@pytest.fixture
def ended() -> list[str]:
    """The names of the holders that were ended, in order."""
    return []


@pytest.fixture
def holders() -> Holders:
    """Nobody holds a turn yet."""
    return Holders()


def holder_of(company_id: UUID, name: str, ended: list[str]) -> Holder:
    """A holder that notes its name when it is ended."""
    return Holder(company_id, lambda: ended.append(name))


def wait_for_client(holder: Holder, clock: Clock, seconds: float, size: int = 0) -> None:
    """Let a client take this long for a part of this size."""
    with holder.sending(size):
        clock.now += seconds


def test_a_client_is_slow_once_its_patience_is_used_up(clock: Clock) -> None:
    holder = holder_of(MANY, "a", [])
    wait_for_client(holder, clock, PATIENCE_SECONDS / 2)
    assert not holder.is_slow(clock.now)
    wait_for_client(holder, clock, PATIENCE_SECONDS / 2)
    assert holder.is_slow(clock.now)


def test_a_client_is_slow_while_it_has_not_received_a_part(clock: Clock) -> None:
    holder = holder_of(MANY, "a", [])
    with holder.sending(0):
        clock.now += PATIENCE_SECONDS
        assert holder.is_slow(clock.now)


def test_reading_the_database_is_not_the_clients_time(clock: Clock) -> None:
    holder = holder_of(MANY, "a", [])
    wait_for_client(holder, clock, PATIENCE_SECONDS / 2)
    clock.now += 100 * PATIENCE_SECONDS

    assert holder.waited_seconds(clock.now) == PATIENCE_SECONDS / 2
    assert not holder.is_slow(clock.now)


def test_each_part_has_the_time_that_a_client_which_is_not_slow_takes(clock: Clock) -> None:
    holder = holder_of(MANY, "a", [])
    wait_for_client(holder, clock, PATIENCE_SECONDS + 0.99, MIN_RATE)
    assert not holder.is_slow(clock.now)
    wait_for_client(holder, clock, 0.02)
    assert holder.is_slow(clock.now)


def test_a_part_that_fails_counts_as_well(clock: Clock) -> None:
    def leave() -> None:
        with holder.sending(0):
            clock.now += PATIENCE_SECONDS
            raise ConnectionResetError

    holder = holder_of(MANY, "a", [])
    with pytest.raises(ConnectionResetError):
        leave()
    assert holder.waited_seconds(clock.now + 1) == PATIENCE_SECONDS


def test_nobody_ends_while_no_client_is_slow(clock: Clock, holders: Holders, ended: list[str]) -> None:
    with holders.holding(holder_of(MANY, "a", ended)), holders.holding(holder_of(MANY, "b", ended)):
        clock.now += 100
        holders.end_slowest_for(WAITING)

    assert ended == []


def test_a_company_with_several_turns_gives_one_before_a_slower_client_of_another(
    clock: Clock, holders: Holders, ended: list[str]
) -> None:
    slowest, quick, slow = (
        holder_of(FEW, "slowest", ended),
        holder_of(MANY, "quick", ended),
        holder_of(MANY, "slow", ended),
    )
    with holders.holding(slowest), holders.holding(quick), holders.holding(slow):
        wait_for_client(slowest, clock, 9 * PATIENCE_SECONDS)
        wait_for_client(slow, clock, PATIENCE_SECONDS)
        holders.end_slowest_for(WAITING)

    assert ended == ["slow"]


def test_of_companies_with_one_turn_each_the_slowest_client_is_ended(
    clock: Clock, holders: Holders, ended: list[str]
) -> None:
    slow, slowest = holder_of(MANY, "slow", ended), holder_of(FEW, "slowest", ended)
    with holders.holding(slow), holders.holding(slowest):
        wait_for_client(slow, clock, PATIENCE_SECONDS)
        wait_for_client(slowest, clock, PATIENCE_SECONDS + 1)
        holders.end_slowest_for(WAITING)

    assert ended == ["slowest"]


def test_one_ends_for_a_company_until_it_has_given_its_turn_back(
    clock: Clock, holders: Holders, ended: list[str]
) -> None:
    first, second = holder_of(MANY, "first", ended), holder_of(MANY, "second", ended)
    with holders.holding(second):
        with holders.holding(first):
            wait_for_client(second, clock, PATIENCE_SECONDS)
            wait_for_client(first, clock, PATIENCE_SECONDS + 1)
            holders.end_slowest_for(WAITING)
            holders.end_slowest_for(WAITING)
            assert ended == ["first"]
            assert (first.ends_for, second.ends_for) == (WAITING, None)
        holders.end_slowest_for(WAITING)

    assert ended == ["first", "second"]


def test_holders_that_end_already_do_not_count_for_another_company(
    clock: Clock, holders: Holders, ended: list[str]
) -> None:
    ending, left, slowest = (
        holder_of(MANY, "ending", ended),
        holder_of(MANY, "left", ended),
        holder_of(FEW, "slowest", ended),
    )
    with holders.holding(ending), holders.holding(left), holders.holding(slowest):
        wait_for_client(ending, clock, PATIENCE_SECONDS)
        holders.end_slowest_for(WAITING)
        wait_for_client(left, clock, PATIENCE_SECONDS)
        wait_for_client(slowest, clock, 2 * PATIENCE_SECONDS)
        # Both companies have one turn left.
        holders.end_slowest_for(OTHER)

    assert ended == ["ending", "slowest"]
