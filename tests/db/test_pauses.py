"""Long lists let others run between their items."""

import asyncio
import time

import pytest

from app.db.pauses import paced


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
