"""Streams: bounded queues, what a slow client gets, and the cursor that it resumes after."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from app.live.backlog import Backlog, LiveClient
from app.live.ended import LiveCode, LiveEnded
from app.live.stream import MOST_QUEUED_BYTES, LiveStream
from app.live.updates import Update, Updates, sent_together, sse_event
from tests.live.streams import COMPANY, Group, cursor, stream_of, update_of, updates_of


async def test_updates_come_in_order_and_once() -> None:
    stream = stream_of(position=1)
    for position in (1, 2, 2, 3):
        stream.push(updates_of(position))

    assert [update.position for update in await stream.take()] == [2, 3]
    assert stream.cursor == cursor(3)


async def test_a_waiting_client_gets_an_update_at_once() -> None:
    stream = stream_of()
    taking = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    stream.push(updates_of(1))

    assert (await asyncio.wait_for(taking, 10)).position == 1


async def test_an_update_is_delivered_at_once_only_while_the_client_s_task_waits() -> None:
    stream, delivered, is_open = stream_of(), list[int](), True

    def deliver(updates: Updates) -> bool:
        if is_open:
            delivered.extend(update.position for update in updates.all)
        return is_open

    stream.deliver_by(deliver)
    stream.push(updates_of(1))
    # The task has not come yet, or sends what it has taken: later updates must not overtake that.
    assert [update.position for update in await stream.take()] == [1]
    stream.push(updates_of(2))
    assert delivered == []
    assert [update.position for update in await stream.take()] == [2]

    taking = asyncio.create_task(stream.take())
    await asyncio.sleep(0)
    stream.push(updates_of(3))
    stream.push(updates_of(3))
    stream.push(updates_of(4))
    assert delivered == [3, 4]
    assert stream.cursor == cursor(4)
    assert not taking.done()
    is_open = False
    stream.push(updates_of(5))
    is_open = True
    # The task has been woken, but has not sent the fifth.
    stream.push(updates_of(6))
    assert [update.position for update in await asyncio.wait_for(taking, 10)] == [5, 6]
    assert delivered == [3, 4]


async def test_a_client_that_has_some_updates_gets_the_others() -> None:
    stream, delivered = stream_of(position=2), list[int]()
    stream.deliver_by(lambda updates: delivered.extend(update.position for update in updates.all) is None)
    taking = asyncio.create_task(stream.take())
    await asyncio.sleep(0)
    stream.push(Updates([update_of(position) for position in (2, 3, 4)], 0))
    assert [update.position for update in await asyncio.wait_for(taking, 10)] == [3, 4]
    taking = asyncio.create_task(stream.take())
    await asyncio.sleep(0)
    stream.push(Updates([update_of(position) for position in (5, 7)], 0))

    assert delivered == [5, 7]
    assert stream.cursor == cursor(7)
    taking.cancel()


async def test_nothing_is_delivered_after_the_end_of_a_stream() -> None:
    stream, delivered = stream_of(), list[int]()
    stream.deliver_by(lambda updates: delivered.append(updates.last) is None)
    taking = asyncio.create_task(stream.take())
    await asyncio.sleep(0)
    stream.push(updates_of(1))
    stream.end(LiveCode.SERVICE_RESTARTING, "Come back.")
    stream.push(updates_of(2))

    with pytest.raises(LiveEnded) as ended:
        await taking
    assert ended.value.cursor == cursor(1)
    assert delivered == [1]


async def test_a_client_that_is_too_far_behind_is_told_where_to_resume() -> None:
    stream = stream_of(most=3)
    stream.push(updates_of(1))
    assert (await anext(stream)).position == 1
    for position in range(2, 6):
        stream.push(updates_of(position))

    with pytest.raises(LiveEnded) as ended:
        await stream.take()

    assert (ended.value.code, ended.value.cursor) == (LiveCode.SLOW_CONSUMER, cursor(1))


@pytest.mark.parametrize("limit", ["of the stream", "of the process"])
async def test_the_size_of_waiting_updates_is_bounded_but_one_may_be_larger(limit: str) -> None:
    size = MOST_QUEUED_BYTES if limit == "of the stream" else 10
    stream = stream_of(Backlog(10**9 if limit == "of the stream" else 10), most=100)
    stream.push(updates_of(1, size))
    assert stream.code == LiveCode.CLIENT_LEFT
    stream.push(updates_of(2, 1))

    assert stream.code == LiveCode.SLOW_CONSUMER


async def test_an_update_counts_once_however_many_clients_it_waits_for() -> None:
    backlog = Backlog(10**9)
    first, second = stream_of(backlog), stream_of(backlog)
    updates = updates_of(1, 7)
    first.push(updates)
    second.push(updates)
    assert backlog.bytes == 7
    await first.take()
    assert backlog.bytes == 7
    second.end(LiveCode.SERVICE_RESTARTING, "")
    assert backlog.bytes == 0


async def test_the_company_with_the_most_loses_streams_that_waited_for_longest() -> None:
    backlog = Backlog(100)
    of_others = [stream_of(backlog, most=100, company_id=UUID(int=number)) for number in range(1, 3)]
    of_one = [stream_of(backlog, most=100) for _ in range(3)]
    for stream in of_others:
        stream.push(updates_of(1, 20))
        stream.push(updates_of(2, 5))
    for position in range(1, 3):
        for stream in of_one:
            stream.push(updates_of(position, 9))

    assert [stream.code for stream in (*of_others, *of_one)] == [
        *[LiveCode.CLIENT_LEFT] * 2,
        LiveCode.SLOW_CONSUMER,
        *[LiveCode.CLIENT_LEFT] * 2,
    ]
    assert backlog.bytes <= 100


async def test_clients_are_given_what_they_missed_while_their_company_has_room() -> None:
    backlog = Backlog(100)
    stream = stream_of(backlog)
    stream.push(updates_of(1, 50))
    assert not backlog.has_room(COMPANY)
    assert backlog.has_room(UUID(int=1))
    await stream.take()

    assert backlog.has_room(COMPANY)


async def test_what_waits_for_a_connection_is_bounded_for_its_streams_together() -> None:
    client = LiveClient()
    first, second = stream_of(client=client), stream_of(client=client)
    assert first.push(updates_of(1, MOST_QUEUED_BYTES))
    assert not second.push(updates_of(1, 1))
    # It isn't slow: it reads the update once the connection has taken the others.
    assert (second.is_member, second.pushed, second.code) == (False, 0, LiveCode.CLIENT_LEFT)
    await first.take()
    assert client.bytes == MOST_QUEUED_BYTES
    assert await first.take(0) == []
    assert client.bytes == 0

    assert stream_of(client=client).push(updates_of(1, 1))


async def test_an_ended_stream_leaves_nothing_behind_on_its_connection() -> None:
    client, backlog = LiveClient(), Backlog(100)
    stream = stream_of(backlog, client=client)
    for position in (1, 2, 3):
        stream.push(updates_of(position, 10))
    await anext(stream)
    stream.end(LiveCode.SLOW_CONSUMER, "")
    assert (client.bytes, backlog.bytes) == (10, 0)
    await stream.aclose()

    assert client.bytes == 0


async def test_streams_of_a_connection_catch_up_one_after_another() -> None:
    class Behind(Group):
        async def catch_up(self, stream: LiveStream) -> None:
            stream.receive([update_of(1)], 1)

    client = LiveClient()
    first, second = (stream_of(client=client, source=Behind()) for _ in range(2))
    for stream in (first, second):
        stream.is_member = False
    assert len(await first.take()) == 1
    waiting = asyncio.create_task(second.take())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await first.aclose()

    assert len(await asyncio.wait_for(waiting, 10)) == 1


async def test_without_updates_a_client_waits_no_longer_than_it_wants_to() -> None:
    assert await stream_of().take(0.01) == []


async def test_what_is_delivered_at_once_ends_the_silence() -> None:
    loop, stream = asyncio.get_running_loop(), stream_of()
    stream.deliver_by(lambda _: True)
    begun = loop.time()
    taking = asyncio.create_task(stream.take(0.3))
    await asyncio.sleep(0.2)
    stream.push(updates_of(1))
    delivered_at = loop.time()
    assert await asyncio.wait_for(taking, 10) == []

    assert loop.time() - delivered_at >= 0.29
    assert delivered_at - begun >= 0.19
    assert (stream.delivered, stream.cursor) == (1, cursor(1))
    # As long as something is delivered at least as often, the task isn't woken.
    taking = asyncio.create_task(stream.take(0.3))
    for position in range(2, 6):
        await asyncio.sleep(0.1)
        stream.push(updates_of(position))
    assert not taking.done()
    stream.wake()
    assert await asyncio.wait_for(taking, 1) == []


async def test_waking_a_stream_lets_it_look_around() -> None:
    stream = stream_of()
    taking = asyncio.create_task(stream.take(60))
    await asyncio.sleep(0)
    stream.wake()

    assert await asyncio.wait_for(taking, 10) == []


async def test_a_stream_that_has_ended_stays_so() -> None:
    stream = stream_of()
    stream.push(updates_of(1))
    stream.end(LiveCode.SERVICE_RESTARTING, "Later.")
    stream.end(LiveCode.SLOW_CONSUMER, "Now.")
    stream.push(updates_of(2))

    for _ in range(2):
        with pytest.raises(LiveEnded) as ended:
            await anext(stream)
        assert (ended.value.code, ended.value.message) == (LiveCode.SERVICE_RESTARTING, "Later.")


async def test_closing_a_stream_twice_tells_its_owner_once() -> None:
    closed: list[LiveStream] = []
    stream = LiveStream(COMPANY, 0, Group(), Backlog(1), client=LiveClient(), most=1, on_close=closed.append)
    await stream.aclose()
    await stream.aclose()

    assert closed == [stream]


def test_an_event_of_a_stream_is_one_line_of_data_after_its_id() -> None:
    assert sse_event("next", b'{"data":\r\n{}}', "abc") == b'event: next\nid: abc\ndata: {"data":{}}\n\n'
    assert sse_event("complete") == b"event: complete\ndata:\n\n"


def test_the_event_of_an_update_is_made_once() -> None:
    update = update_of(1)

    assert update.sse is update.sse


def test_updates_are_sent_together_up_to_a_size() -> None:
    sizes = [1, 65_535, 1, 65_536, 70_000, 2, 3]
    updates = [update_of(position, size) for position, size in enumerate(sizes, 1)]
    together = [*sent_together(updates, 1.5)]

    assert [[update.position for update in some.all] for some in together] == [[1, 2], [3], [4], [5], [6, 7]]
    assert [(some.first, some.last) for some in together] == [(1, 2), (3, 3), (4, 4), (5, 5), (6, 7)]
    assert {some.at for some in together} == {1.5}
    assert [*sent_together([], 1.5)] == []


async def test_what_is_made_of_updates_for_a_transport_is_made_once() -> None:
    made = list[int]()
    updates = updates_of(1)

    def make(these: Sequence[Update]) -> int:
        made.append(len(these))
        return len(made)

    assert [updates.made_by(make), updates.made_by(make)] == [1, 1]
    assert made == [1]
