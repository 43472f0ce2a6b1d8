"""Requests that would wait for too long are rejected as soon as the speed of their queue says so."""

import asyncio
from types import SimpleNamespace
from uuid import UUID

import pytest

from app.scheduling import queue_speed
from app.scheduling.turns import Turns
from app.unavailable import Cause, TooBusy
from tests.support.clock import Clock

FLOODING, QUIET = UUID(int=1), UUID(int=2)
SECONDS = 10


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the queues."""
    clock = Clock()
    monkeypatch.setattr(queue_speed, "time", SimpleNamespace(monotonic=clock))
    return clock


async def flooded(turns: Turns, number: int) -> list[asyncio.Task[None]]:
    """Return that many tasks of one company that wait for their turns, which all are taken."""
    while turns.take_free(FLOODING):
        pass
    waiting = [asyncio.create_task(turns.take(FLOODING)) for _ in range(number)]
    await asyncio.sleep(0)
    return waiting


async def end_turns(turns: Turns, clock: Clock, number: int, seconds: float) -> None:
    """End turns one after the other, each some seconds after the one before."""
    for _ in range(number):
        clock.now += seconds
        turns.give_back(FLOODING)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_only_those_wait_that_get_their_turn_in_time_once_that_is_known(clock: Clock) -> None:
    turns = Turns(2, seconds=SECONDS, rejects_early=True)
    waiting = await flooded(turns, 20)
    await end_turns(turns, clock, 1, 2)
    assert sum(task.done() for task in waiting) == 1

    # Two turns run at once, so two have to end before it is known how fast the queue moves on.
    await end_turns(turns, clock, 1, 2)
    outcomes = [task.exception() if task.done() else "waits" for task in waiting]
    assert outcomes[:7] == [None, None, *["waits"] * 5]
    assert all(isinstance(outcome, TooBusy) for outcome in outcomes[7:])
    with pytest.raises(TooBusy) as rejected:
        await turns.take(FLOODING)
    assert (rejected.value.cause, rejected.value.most_waiting) == (Cause.TOO_MANY_WAITING, 5)
    await end_turns(turns, clock, 5, 2)
    assert [task.exception() for task in waiting[2:7]] == [None] * 5
    assert turns.usage() == (2, 2, 0)


async def test_another_company_waits_although_one_has_more_than_get_their_turn(clock: Clock) -> None:
    turns = Turns(2, seconds=SECONDS, rejects_early=True)
    waiting = await flooded(turns, 20)
    await end_turns(turns, clock, 2, 2)
    other = asyncio.create_task(turns.take(QUIET))
    await asyncio.sleep(0)
    await end_turns(turns, clock, 1, 2)

    assert other.done()
    assert other.exception() is None
    assert [task for task in waiting if not task.done()] == waiting[2:6]


async def test_as_many_wait_as_there_are_turns_however_slow_these_are(clock: Clock) -> None:
    turns = Turns(2, seconds=SECONDS, rejects_early=True)
    waiting = await flooded(turns, 20)
    await end_turns(turns, clock, 2, 60)

    assert turns.usage() == (2, 2, 2)
    await end_turns(turns, clock, 2, 0)
    assert [task.exception() for task in waiting[2:4]] == [None, None]


async def test_what_was_slow_before_the_queue_was_empty_does_not_count(clock: Clock) -> None:
    turns = Turns(2, seconds=SECONDS, rejects_early=True)
    await flooded(turns, 4)
    await end_turns(turns, clock, 6, 5)
    assert turns.usage() == (2, 0, 0)

    waiting = await flooded(turns, 20)
    await end_turns(turns, clock, 4, 0.1)
    assert [task.exception() for task in waiting[:4]] == [None] * 4
    assert turns.usage() == (2, 2, 16)
