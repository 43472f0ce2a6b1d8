"""The time limit of many futures: each fails in its time, whichever are done before, and only one timer runs."""

import asyncio
import time

import pytest

from app.scheduling.shared_time_limit import SharedTimeLimit

_SECONDS = 0.1


class TooLate(Exception):
    """What a future fails with."""


async def test_each_future_fails_in_its_time_and_those_that_are_done_stay_as_they_are() -> None:
    loop = asyncio.get_running_loop()
    limit = SharedTimeLimit(_SECONDS, TooLate)
    forgotten, done, first, second = (loop.create_future() for _ in range(4))
    for future in (forgotten, done):
        limit.begin(future, loop)
        future.set_result(None)
    limit.end(forgotten)
    begun = 0.0
    for future in (first, second):
        await asyncio.sleep(_SECONDS / 2)
        begun = loop.time()
        limit.begin(future, loop)
    with pytest.raises(TooLate):
        await first
    with pytest.raises(TooLate):
        await second
    assert loop.time() - begun >= _SECONDS * 0.9
    assert [forgotten.exception(), done.exception()] == [None, None]


async def test_it_begins_anew_when_all_are_done() -> None:
    loop = asyncio.get_running_loop()
    limit = SharedTimeLimit(_SECONDS, TooLate)
    for _ in range(3):
        done, late = loop.create_future(), loop.create_future()
        limit.begin(done, loop)
        done.set_result(None)
        limit.end(done)
        await asyncio.sleep(_SECONDS * 1.5)
        limit.begin(late, loop)
        with pytest.raises(TooLate):
            await late


async def test_the_time_in_which_the_loop_was_blocked_does_not_count() -> None:
    loop = asyncio.get_running_loop()
    limit = SharedTimeLimit(1, TooLate)
    future = loop.create_future()
    limit.begin(future, loop)
    await asyncio.sleep(0.1)
    time.sleep(1.5)  # noqa: ASYNC251 - that is what is tried
    await asyncio.sleep(0.1)
    assert not future.done()
    with pytest.raises(TooLate):
        await future


def test_it_may_be_used_on_another_loop() -> None:
    limit = SharedTimeLimit(_SECONDS, TooLate)

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        forgotten = loop.create_future()
        limit.begin(forgotten, loop)
        limit.end(forgotten)
        late = loop.create_future()
        limit.begin(late, loop)
        await late

    for _ in range(2):
        with pytest.raises(TooLate):
            asyncio.run(wait())
