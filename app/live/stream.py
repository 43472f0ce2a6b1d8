"""One stream: the updates that wait for its client, in a bounded queue.

The file is over 250 lines because queued and delivered updates, catching up and the end share one state.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol, Self
from uuid import UUID

from app.graphql import feed_cursors
from app.live.backlog import SLOW, Backlog, LiveClient
from app.live.ended import LiveCode, LiveEnded
from app.live.queue import Queue
from app.live.updates import Update, Updates

Deliver = Callable[[Updates], bool]
"""Sends updates to the client at once, or returns False if it can't."""

MOST_QUEUED_BYTES = 1_000_000
"""Maximum size of the updates that wait in one stream, in bytes, and in the others of its connection; a single update
may be larger."""


class Source(Protocol):
    """Where a stream gets its updates from: its group."""

    @property
    def position(self) -> int:
        """The position up to which all members have their updates."""
        ...

    async def catch_up(self, stream: "LiveStream") -> None:
        """Push the next updates to a stream that is behind its group, or let it join the group."""
        ...


class LiveStream:
    """The updates of one subscription of one client, in the order of the feed.

    The client's own task reads what the client missed before it joins its group, so that it reads no faster than the
    client does.
    """

    __slots__ = (
        "_client",
        "_deliver",
        "_ended",
        "_has_turn",
        "_most",
        "_on_close",
        "_queue",
        "_sent_at",
        "_source",
        "_taken",
        "_timer",
        "_waiter",
        "company_id",
        "delivered",
        "is_member",
        "pushed",
    )

    def __init__(
        self,
        company_id: UUID,
        position: int,
        source: Source,
        backlog: Backlog,
        *,
        client: LiveClient,
        most: int,
        on_close: Callable[["LiveStream"], None],
    ) -> None:
        self.company_id = company_id
        self._source = source
        self._client = client
        self._most = most
        self._on_close: Callable[[LiveStream], None] | None = on_close
        self._queue = Queue(self, client, backlog)
        self._has_turn = False
        """Whether it is this stream's turn to read what its client missed."""
        self._ended: LiveEnded | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deliver: Deliver | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent_at = 0.0
        """The time at which an update was last delivered at once."""
        self.delivered = 0
        """Number of updates that were delivered at once."""
        self._taken = position
        """The position of the last update that the client has taken."""
        self.pushed = position
        """The position up to which the stream has its updates."""
        self.is_member = False
        """Whether its group pushes updates to it."""

    @property
    def cursor(self) -> str:
        """Where the client stands: all earlier updates were taken."""
        return feed_cursors.encode(self.company_id, self._position)

    @property
    def code(self) -> str:
        """Why it ended."""
        return LiveCode.CLIENT_LEFT if self._ended is None else self._ended.code

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Update:
        """Return the next update; the earlier ones were sent. Raise LiveEnded at the stream's end."""
        self._note_sent()
        if not self._queue:
            await self._fill(None)
        return self._take()

    async def take(self, seconds: float | None = None) -> list[Update]:
        """Return all waiting updates, or wait for some, after the earlier ones were sent. Raise LiveEnded at the end.

        The list is empty after this many seconds without any, delivered ones included, and after `wake`.
        """
        self._note_sent()
        if not self._queue:
            await self._fill(seconds)
        return [self._take() for _ in range(len(self._queue))]

    def deliver_by(self, deliver: Deliver) -> None:
        """Deliver updates by a function, while the client's task waits for them: waking it takes longer than that.

        The task gets those that the function can't send.
        """
        self._deliver = deliver

    def push(self, updates: Updates) -> bool:
        """Add updates, unless the stream has them. End the stream if its client reads too slowly.

        Return False if too much waits in other streams of the connection: this one has to catch up afterwards.
        """
        waiter, deliver = self._waiter, self._deliver
        # This is all that happens for most of thousands of clients. A task that waits has sent all earlier updates.
        is_awaited = waiter is not None and self.pushed < updates.first and not waiter.done()
        if is_awaited and deliver is not None and deliver(updates):
            self.pushed = self._taken = updates.last
            self._sent_at = updates.at
            self.delivered += len(updates.all)
            return True
        return all(map(self._push, updates.all))

    def receive(self, updates: Iterable[Update], position: int) -> None:
        """Add the updates up to a position, which are few: the client has none left, or has just come."""
        for update in updates:
            if self._ended is not None:
                return
            self._add(update)
        self.pushed = max(self.pushed, position)

    def end(self, code: str, message: str) -> None:
        """End the stream, and free the updates that its client has not taken: it can resume."""
        if self._ended is None:
            self._ended = LiveEnded(code, message, self.cursor)
        self._queue.clear()
        self.wake()

    def wake(self) -> None:
        """Let `take` return."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def aclose(self) -> None:
        """End the stream because its client has left, or knows that it ended."""
        self.close(LiveCode.CLIENT_LEFT, "The client has left.")
        self._note_sent()

    def close(self, code: str, message: str) -> None:
        """End the stream, and tell its owner at once, before its client knows."""
        self.end(code, message)
        if self._on_close is not None:
            on_close, self._on_close = self._on_close, None
            on_close(self)

    def _push(self, update: Update) -> bool:
        if update.position <= self.pushed or self._ended is not None:
            return True
        if self._queue and (len(self._queue) >= self._most or self._queue.bytes >= MOST_QUEUED_BYTES):
            self.end(LiveCode.SLOW_CONSUMER, SLOW)
            return True
        if self._queue.other_bytes >= MOST_QUEUED_BYTES:
            self.is_member = False
        else:
            self._add(update)
        self.wake()
        return self.is_member

    async def _fill(self, seconds: float | None) -> None:
        """Wait until there are updates, but not longer than this many seconds if they are given."""
        loop = asyncio.get_running_loop()
        ends_at = None if seconds is None else loop.time() + seconds
        while not self._queue:
            if self._ended is not None:
                raise self._ended
            if ends_at is not None and loop.time() >= ends_at:
                return
            if not self.is_member:
                await self._catch_up()
            elif await self._woken(loop, seconds) and seconds is not None and self._ended is None:
                return

    async def _catch_up(self) -> None:
        """Get the next updates in turn with the other streams of the connection."""
        await self._client.turn.acquire()
        self._has_turn = True
        try:
            if self._ended is None:
                await self._source.catch_up(self)
        finally:
            if not self._queue:
                self._end_turn()

    def _end_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._client.turn.release()

    def _note_sent(self) -> None:
        """Count what was given to the client no more, and let another stream catch up if that was all."""
        self._queue.note_sent()
        if not self._queue:
            self._end_turn()

    async def _woken(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> bool:
        """Wait until `wake` is called, or nothing was sent for some time; return whether that was for no update."""
        self._waiter = waiter = loop.create_future()
        if seconds is not None:
            self._timer = loop.call_later(seconds, self._look_at_silence, loop, seconds)
        try:
            await waiter
        finally:
            self._waiter = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        return not self._queue

    def _look_at_silence(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Wake the client's task, unless something was delivered meanwhile: it has nothing to do then."""
        left = self._sent_at + seconds - loop.time()
        if left > 0:
            self._timer = loop.call_later(left, self._look_at_silence, loop, seconds)
        else:
            self.wake()

    def _add(self, update: Update) -> None:
        self.pushed = update.position
        self._queue.append(update)

    def _take(self) -> Update:
        update = self._queue.popleft()
        self._taken = update.position
        return update

    @property
    def _position(self) -> int:
        if self._queue:
            return self._taken
        # Later events that the filter leaves out were passed as well.
        return max(self.pushed, self._source.position) if self.is_member else self.pushed
