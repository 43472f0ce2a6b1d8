"""Requests with large bodies begin one at a time, with turns of the event loop in between, and none is forgotten."""

import asyncio
from uuid import UUID

import pytest

from app.unavailable import Cause, TooManyLarge
from app.web.large_bodies import LARGE_BYTES, LargeBodies, LargeTurns
from tests.support.toy_app import client_of, toy_app

ONE, OTHER = UUID(int=1), UUID(int=2)


async def test_others_come_in_between() -> None:
    bodies, begun = LargeBodies(), list[str]()

    async def large() -> None:
        await bodies.turn(ONE)
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
    await bodies.turn(ONE)
    for turns in range(100):
        # At some number of turns, it has been given its turn already.
        canceled, following = asyncio.ensure_future(bodies.turn(ONE)), asyncio.ensure_future(bodies.turn(ONE))
        for _ in range(turns):
            await asyncio.sleep(0)
        canceled.cancel()
        async with asyncio.timeout(10):
            await following


async def test_companies_take_turns() -> None:
    bodies, begun = LargeBodies(), list[UUID]()

    async def large(company_id: UUID) -> None:
        await bodies.turn(company_id)
        begun.append(company_id)

    await asyncio.gather(*(large(company_id) for company_id in (ONE, ONE, ONE, ONE, OTHER, OTHER)))
    assert begun == [ONE, ONE, OTHER, ONE, OTHER, ONE]


async def test_one_alone_does_not_wait() -> None:
    bodies = LargeBodies()
    turn = bodies.turn(ONE)
    try:
        turn.send(None)
    except StopIteration:
        return
    msg = "It waited."
    raise AssertionError(msg)


async def test_a_large_request_without_a_turn_is_told_what_it_waited_for_and_how_long() -> None:
    one, other = ONE, OTHER
    turns = LargeTurns(1, "large mutations", seconds=0.02, most_waiting=1)
    await turns.take(one)
    waits = asyncio.create_task(turns.take(other))
    await asyncio.sleep(0)
    with pytest.raises(TooManyLarge) as at_once:
        await turns.take(other)
    with pytest.raises(TooManyLarge) as later:
        await waits

    assert (at_once.value.cause, at_once.value.waited_seconds, at_once.value.most_waiting) == (
        Cause.TOO_MANY_LARGE,
        None,
        1,
    )
    assert (later.value.cause, later.value.waited_seconds, later.value.most_waiting) == (
        Cause.TOO_MANY_LARGE,
        0.02,
        None,
    )
    assert str(later.value.__cause__) == "1 of 1 large mutations run, and 0 wait"


@pytest.mark.parametrize(("length", "turns"), [(0, 0), (LARGE_BYTES, 1)])
async def test_a_long_url_waits_for_its_turn_as_a_large_body_does(
    monkeypatch: pytest.MonkeyPatch, length: int, turns: int
) -> None:
    taken: list[LargeBodies] = []

    async def turn(bodies: LargeBodies, _company_id: UUID) -> None:
        taken.append(bodies)

    monkeypatch.setattr(LargeBodies, "turn", turn)
    async with client_of(toy_app()) as client:
        response = await client.get("/graphql", params={"query": "{hello}" + "," * length})

    assert response.json() == {"data": {"hello": "Hello you"}}
    assert len(taken) == turns
