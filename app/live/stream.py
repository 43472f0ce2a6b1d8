"""One stream: the updates that wait for its client, in a bounded queue."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol, Self
from uuid import UUID

from app.graphql import feed_cursors
from app.live.ended import LiveCode, LiveEnded
from app.live.updates import Backlog, Update

Deliver = Callable[[Update], bool]
"""Sends an update to the client at once, or returns False if it can't."""

MOST_QUEUED_BYTES = 1_000_000
"""Maximum size of the updates that wait for one client, in bytes; a single update may be larger."""


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
        "_backlog",
        "_bytes",
        "_company_id",
        "_deliver",
        "_ended",
        "_most",
        "_on_close",
        "_queue",
        "_source",
        "_taken",
        "_waiter",
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
        most: int,
        on_close: Callable[["LiveStream"], None],
    ) -> None:
        self._company_id = company_id
        self._source = source
        self._backlog = backlog
        self._most = most
        self._on_close: Callable[[LiveStream], None] | None = on_close
        self._queue: deque[Update] = deque()
        self._bytes = 0
        self._ended: LiveEnded | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deliver: Deliver | None = None
        self._taken = position
        """The position of the last update that the client has taken."""
        self.pushed = position
        """The position up to which the stream has its updates."""
        self.is_member = False
        """Whether its group pushes updates to it."""

    @property
    def cursor(self) -> str:
        """Where the client stands: all earlier updates were taken."""
        return feed_cursors.encode(self._company_id, self._position)

    @property
    def code(self) -> str:
        """Why it ended."""
        return LiveCode.CLIENT_LEFT if self._ended is None else self._ended.code

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Update:
        """Return the next update. Raise LiveEnded at the stream's end."""
        if not self._queue:
            await self._fill(None)
        return self._take()

    async def take(self, seconds: float | None = None) -> list[Update]:
        """Return all waiting updates, or wait for some. Raise LiveEnded at the stream's end.

        The list is empty after this many seconds without any, and after `wake`.
        """
        if not self._queue:
            await self._fill(seconds)
        return [self._take() for _ in range(len(self._queue))]

    def deliver_by(self, deliver: Deliver) -> None:
        """Deliver updates by a function, while the client's task waits for them: waking it takes longer than that.

        The task gets those that the function can't send.
        """
        self._deliver = deliver

    def push(self, update: Update) -> None:
        """Add an update, unless the stream has it. End the stream if its client reads too slowly."""
        if update.position <= self.pushed or self._ended is not None:
            return
        if self._is_awaited() and self._deliver is not None and self._deliver(update):
            self.pushed = self._taken = update.position
            return
        is_full = len(self._queue) >= self._most or self._bytes >= MOST_QUEUED_BYTES or self._backlog.is_full
        if self._queue and is_full:
            self.end(LiveCode.SLOW_CONSUMER, "Read updates faster, or select fewer fields. Resume after `cursor`.")
            return
        self._add(update)
        self.wake()

    def receive(self, updates: Iterable[Update], position: int) -> None:
        """Add all updates up to a position, however many: the client has none left, or has just come."""
        if self._ended is not None:
            return
        for update in updates:
            self._add(update)
        self.pushed = max(self.pushed, position)

    def end(self, code: str, message: str) -> None:
        """End the stream, and free the updates that its client has not taken: it can resume."""
        if self._ended is None:
            self._ended = LiveEnded(code, message, self.cursor)
        while self._queue:
            self._take()
        self.wake()

    def wake(self) -> None:
        """Let `take` return."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def aclose(self) -> None:
        """End the stream because its client has left, or knows that it ended."""
        self.end(LiveCode.CLIENT_LEFT, "The client has left.")
        if self._on_close is not None:
            on_close, self._on_close = self._on_close, None
            on_close(self)

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
                await self._source.catch_up(self)
            elif await self._woken(loop, ends_at) and seconds is not None and self._ended is None:
                return

    async def _woken(self, loop: asyncio.AbstractEventLoop, ends_at: float | None) -> bool:
        """Wait until `wake` is called, or until a time; return whether that was for no update."""
        self._waiter = waiter = loop.create_future()
        timer = None if ends_at is None else loop.call_at(ends_at, self.wake)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
        return not self._queue

    def _is_awaited(self) -> bool:
        """Return whether the client's task has sent all earlier updates, and waits for the next one."""
        return not self._queue and self._waiter is not None and not self._waiter.done()

    def _add(self, update: Update) -> None:
        self.pushed = update.position
        self._queue.append(update)
        self._bytes += len(update.body)
        self._backlog.add(update)

    def _take(self) -> Update:
        update = self._queue.popleft()
        self._bytes -= len(update.body)
        self._backlog.remove(update)
        if self._ended is None:
            self._taken = update.position
        return update

    @property
    def _position(self) -> int:
        if self._queue:
            return self._taken
        # Later events that the filter leaves out were passed as well.
        return max(self.pushed, self._source.position) if self.is_member else self.pushed
