"""Long lists let others run between their items. Long computations run in turn, beside the event loop."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from app.scheduling import pauses
from app.scheduling.pauses import Pace, paced, run_in_turn, working_for
from app.scheduling.turns import Turns
from app.unavailable import TooMuchToCompute


async def turns_during(items: int, seconds_each: float) -> int:
    """How often another task runs while each of some items takes a while."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    worked = 0
    async for item in paced(range(items)):
        assert item == worked
        worked += 1
        time.sleep(seconds_each)  # noqa: ASYNC251 - it stands for work, which holds the loop
    counting.cancel()
    assert worked == items
    return turns


async def test_others_run_whenever_the_work_has_taken_a_while() -> None:
    # Each item takes 1 ms at least, so at most 5 and at least one of them fit between two pauses.
    assert 10 <= await turns_during(50, 0.001) <= 50


async def test_quick_work_is_not_interrupted_more_often_than_it_has_to_be() -> None:
    assert 1 <= await turns_during(100, 0) <= 10


async def test_a_short_list_has_no_pause() -> None:
    assert await turns_during(20, 0.001) == 0


async def test_a_task_that_is_canceled_ends_between_two_items() -> None:
    done: list[int] = []

    async def work() -> None:
        async for item in paced(range(1_000)):
            done.append(item)
            time.sleep(0.001)  # noqa: ASYNC251 - as above

    working = asyncio.create_task(work())
    await asyncio.sleep(0.02)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    assert 0 < len(done) < 1_000


def waiting(gate: threading.Event, done: list[str], name: str) -> Callable[[], str]:
    """Work that ends when the gate is opened."""

    def work() -> str:
        gate.wait(10)
        done.append(name)
        return name

    return work


async def test_works_are_done_one_after_the_other_and_the_same_one_once() -> None:
    gate, done = threading.Event(), list[str]()
    names = ["a", "b", "a", "c", "b"]
    tasks = [asyncio.create_task(run_in_turn(name, waiting(gate, done, name))) for name in names]
    await asyncio.sleep(0)
    gate.set()

    assert await asyncio.gather(*tasks) == names
    assert done == ["a", "b", "c"]


async def test_work_that_one_has_left_goes_on_and_work_that_all_have_left_does_not_begin() -> None:
    gate, done = threading.Event(), list[str]()
    first, *others = [asyncio.create_task(run_in_turn(name, waiting(gate, done, name))) for name in "abbcd"]
    await asyncio.sleep(0)
    left, stays, gone, last = others
    left.cancel()
    gone.cancel()
    await asyncio.wait((left, gone))
    gate.set()

    assert await asyncio.gather(first, stays, last) == ["a", "b", "d"]
    assert done == ["a", "b", "d"]


async def test_a_failure_is_that_of_all_who_wait_and_is_not_kept() -> None:
    def fail() -> None:
        raise ValueError

    results = await asyncio.gather(run_in_turn("x", fail), run_in_turn("x", fail), return_exceptions=True)

    assert [type(result) for result in results] == [ValueError, ValueError]
    assert await run_in_turn("x", lambda: 1) == 1


async def test_who_is_canceled_while_the_work_is_under_way_ends_at_once() -> None:
    gate, done = threading.Event(), list[str]()
    task = asyncio.create_task(run_in_turn("slow", waiting(gate, done, "slow")))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert done == []
    gate.set()
    assert await run_in_turn("next", lambda: 2) == 2


async def in_turn_for(company_id: UUID, name: str, work: Callable[[], str]) -> str:
    working_for.set(company_id)
    return await run_in_turn(name, work)


async def test_companies_take_turns_however_much_one_of_them_has_to_compute() -> None:
    gate, done = threading.Event(), list[str]()
    one, other = uuid4(), uuid4()
    names = [(one, f"one {number}") for number in range(10)] + [(other, f"other {number}") for number in range(2)]
    tasks = [
        asyncio.create_task(in_turn_for(company_id, name, waiting(gate, done, name))) for company_id, name in names
    ]
    await asyncio.sleep(0.02)
    gate.set()
    await asyncio.gather(*tasks)

    assert done[:5] == ["one 0", "other 0", "one 1", "other 1", "one 2"]


async def test_work_is_rejected_when_too_much_waits_or_after_a_while_without_a_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pauses, "_turns", Turns(1, most_waiting=1, seconds=0.05))
    gate, done = threading.Event(), list[str]()
    under_way, waits = [asyncio.create_task(run_in_turn(name, waiting(gate, done, name))) for name in "ab"]
    await asyncio.sleep(0)
    with pytest.raises(TooMuchToCompute) as at_once:
        await run_in_turn("c", waiting(gate, done, "c"))
    with pytest.raises(TooMuchToCompute) as later:
        await waits
    gate.set()

    assert await under_way == "a"
    assert done == ["a"]
    assert (at_once.value.waited_seconds, later.value.waited_seconds) == (None, 0.05)
    assert (at_once.value.most_waiting, later.value.most_waiting) == (1, None)


def test_a_thread_that_computes_gives_way_soon_while_a_service_runs() -> None:
    before = sys.getswitchinterval()
    with pauses.short_switches():
        during = sys.getswitchinterval()

    # Each turn of the loop beside a thread that computes takes that long: a small query needs some ten.
    assert during <= 0.001
    assert sys.getswitchinterval() == before


async def test_tasks_of_an_operation_that_begin_together_let_others_in() -> None:
    pace, order = Pace(), list[str]()

    async def work() -> None:
        await pace.turn()
        time.sleep(0.002)  # noqa: ASYNC251 - it stands for work, which holds the loop
        order.append("work")

    async def other() -> None:
        order.append("other")

    await asyncio.gather(*(work() for _ in range(10)), other())

    # 5 ms are over after at most three times 2 ms.
    assert order.index("other") <= 3
    assert order.count("work") == 10
