"""Turns: a fair share for each company, whoever floods; nobody is forgotten, whatever is canceled."""

import asyncio
from collections import Counter
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scheduling.turns import Turns
from app.unavailable import Cause, TooBusy

FLOODING, QUIET, THIRD = (UUID(int=number) for number in (1, 2, 3))


async def waiting_for(turns: Turns, company_id: UUID, *, is_small: bool = False) -> asyncio.Task[None]:
    """A task that waits for a turn, as far as it gets."""
    task = asyncio.create_task(turns.take(company_id, is_small=is_small))
    await asyncio.sleep(0)
    return task


async def test_one_company_alone_has_every_turn_but_the_reserve() -> None:
    turns = Turns(4, reserve=1, seconds=5)

    assert [turns.take_free(FLOODING) for _ in range(4)] == [True, True, True, False]
    assert [turns.take_free(QUIET) for _ in range(2)] == [True, False]
    assert turns.usage() == (4, 4, 0)


async def test_a_single_turn_has_no_reserve() -> None:
    turns = Turns(1, reserve=1, seconds=5)

    assert turns.take_free(FLOODING)
    assert not turns.take_free(QUIET)


async def test_with_one_each_a_company_waits_for_itself_alone() -> None:
    turns = Turns(3, one_each=True, seconds=5)
    await turns.take(FLOODING)
    second = await waiting_for(turns, FLOODING)

    assert turns.take_free(QUIET)
    assert turns.take_free(THIRD)
    turns.give_back(QUIET)
    await asyncio.sleep(0)
    assert not second.done()
    turns.give_back(FLOODING)
    await second
    assert turns.usage() == (3, 2, 0)


async def test_a_turn_goes_to_the_company_that_has_the_fewest_and_then_to_each_in_order() -> None:
    turns = Turns(2, seconds=5)
    for _ in range(2):
        await turns.take(FLOODING)
    order = [FLOODING, FLOODING, QUIET, QUIET, THIRD, THIRD]
    tasks = [await waiting_for(turns, company_id) for company_id in order]
    served: list[UUID] = []
    holding = [FLOODING, FLOODING]
    while not all(task.done() for task in tasks):
        turns.give_back(holding.pop(0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        new = [company_id for company_id, task in zip(order, tasks, strict=True) if task.done()]
        served += (Counter(new) - Counter(served)).elements()
        holding.append(served[-1])

    assert served == [QUIET, THIRD, FLOODING, QUIET, THIRD, FLOODING]
    assert turns.usage() == (2, 2, 0)


async def test_small_and_large_requests_of_one_company_take_turns() -> None:
    turns = Turns(1, seconds=5)
    await turns.take(FLOODING)
    large = [await waiting_for(turns, FLOODING) for _ in range(3)]
    small = [await waiting_for(turns, FLOODING, is_small=True) for _ in range(3)]
    served: list[str] = []
    for _ in range(6):
        turns.give_back(FLOODING)
        for _ in range(3):
            await asyncio.sleep(0)
        done = f"{sum(task.done() for task in small)} small, {sum(task.done() for task in large)} large"
        served.append(done)

    assert served == [
        "1 small, 0 large",
        "1 small, 1 large",
        "2 small, 1 large",
        "2 small, 2 large",
        "3 small, 2 large",
        "3 small, 3 large",
    ]


async def test_where_too_many_wait_a_large_request_is_rejected_for_a_small_one() -> None:
    turns = Turns(1, most_waiting=2, seconds=5)
    await turns.take(FLOODING)
    large = [await waiting_for(turns, FLOODING) for _ in range(2)]
    small = await waiting_for(turns, FLOODING, is_small=True)

    with pytest.raises(TooBusy):
        await large[1]
    turns.give_back(FLOODING)
    await small
    turns.give_back(FLOODING)
    await large[0]
    for _ in range(2):
        await waiting_for(turns, FLOODING, is_small=True)
    with pytest.raises(TooBusy):
        await turns.take(FLOODING, is_small=True)


async def test_whoever_waits_too_long_is_rejected_and_forgotten() -> None:
    turns = Turns(1, seconds=0.02)
    await turns.take(FLOODING)
    with pytest.raises(TooBusy, match="try again") as refused:
        await turns.take(QUIET)
    assert (refused.value.cause, refused.value.waited_seconds) == (Cause.POOL_EXHAUSTED, 0.02)
    turns.give_back(FLOODING)

    assert turns.usage() == (1, 0, 0)
    assert turns.take_free(QUIET)


async def test_where_too_many_wait_the_last_of_the_company_with_the_most_is_rejected() -> None:
    turns = Turns(1, most_waiting=3, seconds=5)
    await turns.take(FLOODING)
    flood = [await waiting_for(turns, FLOODING) for _ in range(3)]
    with pytest.raises(TooBusy) as refused:
        await turns.take(FLOODING)
    assert (refused.value.cause, refused.value.most_waiting) == (Cause.TOO_MANY_WAITING, 3)
    quiet = await waiting_for(turns, QUIET)

    with pytest.raises(TooBusy):
        await flood[2]
    assert turns.usage() == (1, 1, 3)
    turns.give_back(FLOODING)
    await quiet
    assert not flood[0].done()
    turns.give_back(QUIET)
    await flood[0]
    turns.give_back(FLOODING)
    await flood[1]


async def test_a_turn_that_comes_as_its_task_is_canceled_goes_to_the_next() -> None:
    turns = Turns(1, seconds=5)
    await turns.take(FLOODING)
    canceled, other = await waiting_for(turns, QUIET), await waiting_for(turns, THIRD)
    turns.give_back(FLOODING)
    canceled.cancel()
    await asyncio.wait([canceled])
    await other

    assert canceled.cancelled()
    assert turns.usage() == (1, 1, 0)


async def test_a_task_that_is_canceled_just_before_its_turn_gets_none() -> None:
    turns = Turns(1, seconds=5)
    await turns.take(FLOODING)
    canceled, other = await waiting_for(turns, QUIET), await waiting_for(turns, THIRD)
    canceled.cancel()
    turns.give_back(FLOODING)
    await other

    assert turns.usage() == (1, 1, 0)


@given(st.integers(1, 5), st.integers(0, 3), st.integers(1, 30), st.randoms(use_true_random=True))
async def test_whatever_comes_and_leaves_no_turn_is_lost_and_none_is_given_twice(
    size: int, reserve: int, most_waiting: int, draw: Random
) -> None:
    turns = Turns(size, reserve=reserve, most_waiting=most_waiting, seconds=60)
    held = 0

    async def work(company_id: UUID) -> None:
        nonlocal held
        await turns.take(company_id, is_small=draw.random() < 0.5)
        held += 1
        assert held <= size
        try:
            for _ in range(draw.randrange(3)):
                await asyncio.sleep(0)
        finally:
            held -= 1
            turns.give_back(company_id)

    tasks: list[asyncio.Task[None]] = []
    for _ in range(60):
        tasks.append(asyncio.create_task(work(UUID(int=draw.choice([1, 1, 1, 2, 3])))))
        if draw.random() < 0.3:
            draw.choice(tasks).cancel()
        if draw.random() < 0.5:
            await asyncio.sleep(0)
    async with asyncio.timeout(10):
        endings = await asyncio.gather(*tasks, return_exceptions=True)

    assert {type(ending) for ending in endings} <= {type(None), TooBusy, asyncio.CancelledError}
    assert turns.usage() == (size, 0, 0)
