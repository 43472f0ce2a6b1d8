"""The parts of an answer: one is sent while the next is read. While others wait, all are kept for a slow client."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest

from app.web.parts import Parts, Room
from tests.support.until import until

COMPANY, OTHER = UUID(int=1), UUID(int=2)
PARTS = [b"%d" % number * 1_000 for number in range(6)]


class Client:
    """A client that takes parts when it is told to."""

    def __init__(self, takes: int = 0) -> None:
        self.received: list[bytes] = []
        self.takes = asyncio.Semaphore(takes)
        self.failure: Exception | None = None

    async def send(self, part: bytes) -> None:
        """Wait until the client takes a part."""
        await self.takes.acquire()
        if self.failure is not None:
            raise self.failure
        self.received.append(part)

    def take(self, count: int = 1) -> None:
        """Take some parts."""
        for _ in range(count):
            self.takes.release()


async def read(parts: Parts, read_: list[bytes]) -> None:
    """Read all parts, and send them."""
    async with parts:
        for part in PARTS:
            await parts.put(part)
            read_.append(part)


def reading(client: Client, room: Room, read_: list[bytes]) -> tuple[Parts, asyncio.Task[None]]:
    """Begin to read for a client."""
    parts = Parts(COMPANY, client.send, room)
    return parts, asyncio.create_task(read(parts, read_))


async def all_kept(client: Client, room: Room) -> asyncio.Task[None]:
    """Read for a client that takes nothing, until all parts are kept."""
    read_ = list[bytes]()
    parts, task = reading(client, room, read_)
    parts.hurry()
    await until(lambda: len(read_) == len(PARTS))
    return task


async def settled(count: Callable[[], int]) -> int:
    """A number, once it doesn't change any more."""
    before = -1
    while before != count():
        before = count()
        await asyncio.sleep(0.05)
    return before


async def test_all_parts_arrive_in_order_whatever_the_pace_of_the_client() -> None:
    for takes in (0, 1, len(PARTS)):
        client, read_ = Client(takes), list[bytes]()
        _, task = reading(client, Room(), read_)
        await settled(lambda read_=read_: len(read_))
        client.take(len(PARTS) - takes)
        await task
        assert client.received == read_ == PARTS


async def test_a_part_is_sent_while_the_next_one_is_read_and_no_more() -> None:
    client, read_ = Client(), list[bytes]()
    parts, task = reading(client, Room(), read_)
    assert await settled(lambda: len(read_)) == 1
    client.take(2)
    assert await settled(lambda: len(read_)) == 3
    assert parts.sent_bytes == 3_000
    client.take(4)
    await task


async def test_for_a_client_that_is_waited_for_all_is_read_when_others_wait() -> None:
    client, read_, room = Client(), list[bytes](), Room(10_000)
    parts, task = reading(client, room, read_)
    await settled(lambda: len(read_))
    parts.hurry()
    await until(lambda: len(read_) == len(PARTS))
    # They are kept compressed.
    assert 10_000 - 500 < room.free < 10_000
    client.take(len(PARTS))
    await task
    assert client.received == PARTS
    assert room.free == 10_000


async def test_without_room_the_next_part_waits_for_the_client_as_before() -> None:
    client, read_, room = Client(), list[bytes](), Room(60)
    parts, task = reading(client, room, read_)
    await settled(lambda: len(read_))
    parts.hurry()
    # Of each, about 20 bytes are kept.
    assert await settled(lambda: len(read_)) == 2
    client.take()
    assert await settled(lambda: len(read_)) == 3
    client.take(len(PARTS))
    await task
    assert client.received == PARTS
    assert room.free == 60


async def test_what_sending_raises_ends_reading_and_gives_the_room_back() -> None:
    client, room = Client(), Room()
    whole = room.free
    task = await all_kept(client, room)
    client.failure = ConnectionResetError()
    client.take()
    with pytest.raises(ConnectionResetError):
        await task
    assert room.free == whole


async def test_what_sending_raises_reaches_a_reader_that_waits() -> None:
    client, read_ = Client(), list[bytes]()
    _, task = reading(client, Room(), read_)
    await settled(lambda: len(read_))
    client.failure = ConnectionResetError()
    client.take()
    with pytest.raises(ConnectionResetError):
        await task
    assert len(read_) == 1


async def test_room_is_given_back_also_if_a_task_is_canceled_while_it_ends() -> None:
    client, room = Client(), Room()
    whole = room.free
    task = await all_kept(client, room)
    assert room.free < whole
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert room.free == whole


def test_a_company_has_at_most_as_much_room_as_is_left_for_others() -> None:
    room = Room(60)
    assert [room.take(COMPANY, 10) for _ in range(4)] == [True, True, True, False]
    assert [room.take(OTHER, 10) for _ in range(2)] == [True, False]
    room.give_back(COMPANY, 30)
    assert [room.take(OTHER, 10) for _ in range(3)] == [True, True, False]
    room.give_back(OTHER, 30)
    assert room.free == 60


async def test_the_time_of_the_client_is_told_while_it_receives_and_afterwards() -> None:
    client, read_ = Client(), list[bytes]()
    parts, task = reading(client, Room(), read_)
    parts.hurry()
    await asyncio.sleep(0.1)
    assert parts.sent_seconds() >= 0.09
    client.take(len(PARTS))
    await task
    assert 0.09 <= parts.sent_seconds() < 10


async def test_nothing_is_sent_after_a_failure_to_read() -> None:
    client = Client()

    async def fail() -> None:
        async with Parts(COMPANY, client.send, Room()) as parts:
            await parts.put(PARTS[0])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    client.take(2)
    await asyncio.sleep(0.05)
    assert client.received == []
