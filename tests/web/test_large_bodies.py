"""Requests with large bodies begin one at a time, with turns of the event loop in between, and none is forgotten."""

import asyncio

from app.web.large_bodies import LargeBodies


async def test_others_come_in_between() -> None:
    bodies, begun = LargeBodies(), list[str]()

    async def large() -> None:
        await bodies.turn()
        begun.append("large")

    async def small() -> None:
        # As many turns as a small query takes.
        for _ in range(10):
            await asyncio.sleep(0)
        begun.append("small")

    await asyncio.gather(large(), large(), large(), small())
    assert begun == ["large", "small", "large", "large"]


async def test_those_that_are_canceled_while_they_wait_hold_up_nobody() -> None:
    bodies = LargeBodies()
    await bodies.turn()
    for turns in range(100):
        # At some number of turns, it has been given its turn already.
        canceled, following = asyncio.ensure_future(bodies.turn()), asyncio.ensure_future(bodies.turn())
        for _ in range(turns):
            await asyncio.sleep(0)
        canceled.cancel()
        async with asyncio.timeout(10):
            await following


async def test_one_alone_does_not_wait() -> None:
    bodies = LargeBodies()
    turn = bodies.turn()
    try:
        turn.send(None)
    except StopIteration:
        return
    msg = "It waited."
    raise AssertionError(msg)
