"""The cache of short lists: by company, for seconds, within a number of bytes, and read once for requests at once."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from app.rest.recent_bodies import BYTES_PER_PAGE, MOST_BYTES, RecentBodies
from tests.support.clock import Clock

COMPANY = uuid4()


class Reader:
    """Reads a body when it is let go on, and counts how often."""

    def __init__(self, body: bytes | None = b"[]") -> None:
        self.body = body
        self.times = 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.fails = False

    async def __call__(self) -> bytes | None:
        self.times += 1
        await self.may_go_on.wait()
        if self.fails:
            msg = "no"
            raise ConnectionError(msg)
        return self.body


def cached(clock: Callable[[], float], *, seconds: float = 5, size: int = 1_000) -> RecentBodies:
    return RecentBodies(seconds=seconds, size=size, clock=clock)


def asked(bodies: RecentBodies, read: Reader, company: UUID = COMPANY, name: str = "list") -> Awaitable[bytes | None]:
    return bodies.get(company, name, read)


async def test_a_body_is_cached_for_seconds() -> None:
    clock, read = Clock(), Reader()
    bodies = cached(clock)
    assert [await asked(bodies, read), await asked(bodies, read)] == [b"[]", b"[]"]
    clock.now += 4.9
    await asked(bodies, read)
    assert read.times == 1
    clock.now += 0.2
    read.body = b"[1]"
    assert await asked(bodies, read) == b"[1]"
    assert (bodies.lists.hits, bodies.lists.misses) == (2, 2)


async def test_companies_and_lists_share_no_body() -> None:
    bodies = cached(Clock())
    await asked(bodies, Reader(b"mine"))
    assert await asked(bodies, Reader(b"theirs"), company=uuid4()) == b"theirs"
    assert await asked(bodies, Reader(b"other"), name="other") == b"other"


async def test_it_is_cached_that_a_list_is_too_long() -> None:
    bodies, read = cached(Clock()), Reader(None)
    assert [await asked(bodies, read), await asked(bodies, read)] == [None, None]
    assert read.times == 1


@pytest.mark.parametrize(("seconds", "size"), [(0, 1_000), (5, 0)])
async def test_the_cache_can_be_off(seconds: float, size: int) -> None:
    bodies, read = cached(Clock(), seconds=seconds, size=size), Reader()
    read.may_go_on.clear()
    asking = [asyncio.ensure_future(asked(bodies, read)) for _ in range(3)]
    await asyncio.sleep(0)
    # They don't wait for each other either.
    assert read.times == 3
    read.may_go_on.set()
    assert await asyncio.gather(*asking) == [b"[]"] * 3


async def test_a_body_that_is_too_large_is_not_cached() -> None:
    bodies, read = cached(Clock()), Reader(b" " * (MOST_BYTES + 1))
    await asked(bodies, read)
    await asked(bodies, read)
    assert (read.times, bodies.lists.entries) == (2, 0)


async def test_all_bodies_together_have_a_maximum_size() -> None:
    bodies = cached(Clock(), size=100)
    for _ in range(30):
        await asked(bodies, Reader(b" " * 90_000), company=uuid4())
    assert bodies.lists.entries == 100 * BYTES_PER_PAGE // 90_500


async def test_requests_that_arrive_together_read_a_list_once() -> None:
    bodies, read = cached(Clock()), Reader()
    read.may_go_on.clear()
    asking = [asyncio.ensure_future(asked(bodies, read)) for _ in range(20)]
    await asyncio.sleep(0)
    read.may_go_on.set()
    assert await asyncio.gather(*asking) == [b"[]"] * 20
    assert read.times == 1


async def test_the_next_request_reads_the_list_if_the_first_is_given_up() -> None:
    bodies, given_up, read = cached(Clock()), Reader(), Reader()
    given_up.may_go_on.clear()
    asking = [asyncio.ensure_future(asked(bodies, reader)) for reader in (given_up, read, read)]
    await asyncio.sleep(0.01)
    assert (given_up.times, read.times) == (1, 0)
    asking[0].cancel()
    assert await asyncio.gather(*asking[1:]) == [b"[]", b"[]"]
    assert read.times == 1


async def test_requests_that_waited_for_one_that_failed_do_not_wait_for_each_other() -> None:
    bodies, failing, waiting = cached(Clock()), Reader(), Reader()
    failing.fails = True
    failing.may_go_on.clear()
    waiting.may_go_on.clear()
    asking = [asyncio.ensure_future(asked(bodies, reader)) for reader in (failing, waiting, waiting, waiting)]
    await asyncio.sleep(0.01)
    assert (failing.times, waiting.times) == (1, 0)
    failing.may_go_on.set()
    await asyncio.sleep(0.01)
    assert waiting.times == 3
    waiting.may_go_on.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in found] == [ConnectionError, bytes, bytes, bytes]
    # Afterwards the list is cached.
    assert await asked(bodies, Reader(b"other")) == b"[]"
